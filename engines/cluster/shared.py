"""The graph of shared neighbors: two nodes are as close as the number of neighbors that they have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engines.artifacts import Int32
from engines.protocols import Progress

BLOCK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class SharedNeighbors:
    """Undirected edges (e, 2), first node < second node, in order, and their weights (e) in (0, 1]."""

    edges: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]


def shared_neighbors(indices: Int32, progress: Progress) -> SharedNeighbors:
    """Weigh each edge of the neighbor graph (m, k) by the share of neighbors that its ends have in common, themselves included.

    An edge stands where at least one end names the other (Jarvis and Patrick 1973), so that every weight is positive. Measured against
    the Jaccard index, its square and equal weights: see docs/decisions/0005.
    """
    m, k = indices.shape
    nodes = np.arange(m, dtype=np.int64)
    pairs = np.stack([np.repeat(nodes, k), indices.ravel().astype(np.int64)], axis=1)
    pairs.sort(axis=1)
    codes = np.unique(pairs[:, 0] * m + pairs[:, 1])
    edges = np.stack([codes // max(m, 1), codes % max(m, 1)], axis=1)
    around = np.concatenate([nodes[:, None].astype(np.int32), indices], axis=1)
    weights = np.empty(len(edges))
    for start in range(0, len(edges), BLOCK):
        progress(start / len(edges), "shared neighbors")
        one, other = around[edges[start : start + BLOCK, 0]], around[edges[start : start + BLOCK, 1]]
        common = np.zeros(len(one), dtype=np.int64)
        for column in range(k + 1):
            common += (one == other[:, column, None]).sum(axis=1)
        weights[start : start + BLOCK] = common / (k + 1)
    return SharedNeighbors(edges=edges, weights=weights)
