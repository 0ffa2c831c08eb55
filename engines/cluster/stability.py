"""What each layer of a clustering is worth: how many rows it leaves out, and whether most of the rows alone would give it too."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engines.artifacts import Clustering, NeighborGraph
from engines.protocols import Progress

SHARE = 0.8
LARGEST = 100_000
SMALLEST = 50


class Clusters(Protocol):
    """An engine that can cluster without asking for its own stability."""

    def cluster(self, graph: NeighborGraph, *, progress: Progress) -> Clustering:
        """Cluster."""
        ...


def described(engine: Clusters, graph: NeighborGraph, made: Clustering, progress: Progress) -> Clustering:
    """Add ``notes["layers"]``: per layer, coarse to fine, its number of ``clusters``, share of ``noise`` rows, and ``stability``.

    Stability is the agreement (adjusted Rand index, at most 1) of the layer with the most similar layer that the same engine finds in a seeded 80 % of
    the nodes; None below 50 nodes, and above 100,000, where it would cost as much as the clustering again.
    """
    agreements: list[float | None] = [None] * len(made.layers)
    if SMALLEST <= graph.m <= LARGEST and graph.k:
        seed = int(getattr(engine, "seed", 0))
        chosen = np.sort(np.random.default_rng(seed).choice(graph.m, int(SHARE * graph.m), replace=False))
        again = engine.cluster(restricted(graph, chosen), progress=progress)
        rows = graph.representative[chosen]
        agreements = [_best_agreement(layer[rows], again.layers) for layer in made.layers]
    layers: list[dict[str, Any]] = [
        {
            "clusters": len(made.clusters(number)),
            "noise": round(float((layer < 0).mean()), 4) if len(layer) else 0.0,
            "stability": agreement,
        }
        for number, (layer, agreement) in enumerate(zip(made.layers, agreements, strict=True))
    ]
    progress(1.0, "stability")
    return dataclasses.replace(made, notes={**made.notes, "layers": layers})


def restricted(graph: NeighborGraph, chosen: npt.NDArray[Any]) -> NeighborGraph:
    """Give the graph of some nodes (ascending), with those of their neighbors that are among them; as many for each as all of them have."""
    place = np.full(graph.m, -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    near = place[graph.indices[chosen]]
    there = near >= 0
    k = int(there.sum(axis=1).min(initial=graph.k)) if len(chosen) else 0
    order = np.argsort(~there, axis=1, kind="stable")[:, :k]
    own = np.arange(len(chosen), dtype=np.int32)
    return dataclasses.replace(
        graph,
        key="",
        indices=np.take_along_axis(near, order, axis=1).astype(np.int32),
        distances=np.take_along_axis(graph.distances[chosen], order, axis=1),
        unique_of=own,
        representative=own,
        nodes=np.ascontiguousarray(graph.nodes[chosen]),
    )


def _best_agreement(layer: npt.NDArray[Any], others: npt.NDArray[Any]) -> float:
    from sklearn.metrics import adjusted_rand_score

    return round(max(float(adjusted_rand_score(layer, other)) for other in others), 4)
