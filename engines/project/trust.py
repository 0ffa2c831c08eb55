"""How far a map can be trusted: the share of the nearest neighbors that are still nearest on the map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, NeighborGraph

NEIGHBORS = 15
SAMPLE = 5_000


def kept_neighbors(graph: NeighborGraph, per_node: Float32) -> dict[str, Any]:
    """Give ``kept_neighbors``, the mean share (0..1) of a node's 15 nearest that are among its 15 nearest on the map.

    Above 5,000 nodes every (m / 5,000)-th node is asked, always against all others. Ties on the map count in favor of the map: a
    neighbor is kept when it is not farther than the 15th nearest. None when there are too few nodes to say anything
    (every map of at most 16 nodes keeps all of 15).
    """
    k = min(NEIGHBORS, graph.k)
    if graph.m <= k + 1:
        return {"kept_neighbors": None, "kept_k": k, "kept_sample": 0}
    asked = np.unique(np.linspace(0, graph.m - 1, min(graph.m, SAMPLE)).astype(np.int64))
    kept = _kept(per_node.astype(np.float64), asked, graph.indices[asked, :k].astype(np.int64))
    return {"kept_neighbors": round(kept, 4), "kept_k": k, "kept_sample": len(asked)}


def _kept(places: npt.NDArray[np.float64], asked: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> float:
    from scipy.spatial import cKDTree

    k = wanted.shape[1]
    distances, _ = cKDTree(places).query(places[asked], k=k + 1)  # itself included
    to_wanted = np.linalg.norm(places[wanted] - places[asked][:, None, :], axis=2)
    return float((to_wanted <= distances[:, -1:] * (1 + 1e-9)).mean())
