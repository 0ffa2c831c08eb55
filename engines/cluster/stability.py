"""What each layer of a clustering is worth: how many rows it leaves out, and whether a sample of the rows would give it too."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engines.artifacts import Clustering, NeighborGraph
from engines.cluster.sample import region, sampled, typical_size
from engines.protocols import Progress, available_threads, part

SHARE = 0.8
SMALLEST = 50
LARGEST = 20_000
"""Nodes of the sample; above 25,000 nodes a smaller and smaller share. How little that changes: docs/decisions/0010."""
MEMBERS = 30
"""So many nodes of a cluster must be in the sample: with fewer than twice the 15 neighbors of a node, clusters that are there run into one another."""
REGION = 10_000
"""Nodes of the sample of a region, where clusters are too small for a sample of all."""
FEWEST = 15
"""No cluster of a sample is asked to have fewer nodes, where clusters of all have more."""


class Clusters(Protocol):
    """An engine that can cluster without asking for its own stability."""

    def cluster(self, graph: NeighborGraph, *, progress: Progress) -> Clustering:
        """Cluster."""
        ...


def described(engine: Clusters, graph: NeighborGraph, made: Clustering, *, k: int, progress: Progress) -> Clustering:
    """Add ``notes["layers"]``: per layer, coarse to fine, its number of ``clusters``, share of ``noise`` rows, and ``stability``.

    Stability is the agreement (adjusted Rand index, at most 1) of the layer with the most similar layer that the same engine finds in a seeded sample of
    the nodes alone, on the ``k`` nearest neighbors among them (Ben-Hur, Elisseeff, Guyon 2002): 80 %, or 20,000 where that is less. Where
    that leaves fewer than 30 nodes to the cluster of the median node, the sample is 10,000 nodes of a region instead, whole clusters of a coarser layer: as
    large a region as leaves 30 in the finest layer, at most 80 % of it. None below 50 nodes, and for clusters that small without a coarser layer.
    """
    agreements: list[float | None] = [None] * len(made.layers)
    if graph.m >= SMALLEST and graph.k:
        agreements = _agreements(engine, graph, made.layers, k, progress)
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


def _agreements(
    engine: Clusters, graph: NeighborGraph, of_rows: npt.NDArray[Any], k: int, progress: Progress
) -> list[float | None]:
    rng = np.random.default_rng(getattr(engine, "seed", 0))
    threads = getattr(engine, "threads", None) or available_threads()
    layers = [_numbered(layer[graph.representative]) for layer in of_rows]
    sizes = [typical_size(layer) for layer in layers]

    def drawn(rows: npt.NDArray[np.int64], most: int, step: Progress) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
        """Draw a sample of some nodes; give it, ascending, and the layers that are found in it."""
        share = min(SHARE, most / len(rows))
        chosen = np.sort(rng.choice(rows, int(share * len(rows)), replace=False))
        own = sampled(graph, chosen, k, threads=threads, progress=part(step, 0.0, 0.5))
        fitting = for_sample(engine, share, np.unique(layers[-1][chosen]))
        return chosen, fitting.cluster(own, progress=part(step, 0.5, 1.0)).layers

    share = min(SHARE, LARGEST / graph.m)
    small = [number for number, size in enumerate(sizes) if share < SHARE and 0 < size * share < MEMBERS]
    chosen, found = drawn(np.arange(graph.m), LARGEST, part(progress, 0.0, 0.6 if small else 1.0))
    agreements = [None if number in small else _best_agreement(layer[chosen], found) for number, layer in enumerate(layers)]
    if judged := [number for number in small if number > 0]:
        wanted = max(REGION / SHARE, REGION * min(sizes[number] for number in judged) / MEMBERS)
        chosen, found = drawn(region(graph, layers[: judged[0]], wanted, rng), REGION, part(progress, 0.6, 1.0))
        for number in judged:
            agreements[number] = _best_agreement(layers[number][chosen], found)
    return agreements


def for_sample(engine: Any, share: float, finest: npt.NDArray[np.int64]) -> Any:
    """Give the engine with the parameters that mean in a sample what they mean in the whole; ``finest`` lists the clusters of its finest layer there.

    A number of clusters that was asked for, or follows from the number of rows, is the number that the sample holds, since it is not what is judged; one that
    is found in the graph is found anew. A smallest size of clusters is the same share of the rows, but not below 15 where more were asked for: so few
    say nothing about density. A resolution stays: modularity weighs shares of all edges against each other, which a sample leaves as they
    are. So do numbers of neighbors: fewer make no graph.
    """
    held = int((finest >= 0).sum())
    meant = {"finest": max(held, 2)}
    if getattr(engine, "n_clusters", None) is not None:
        meant["n_clusters"] = max(held, 1)
    if (size := getattr(engine, "min_cluster_size", None)) is not None:
        meant["min_cluster_size"] = max(round(share * size), min(size, FEWEST))
    own = {field.name for field in dataclasses.fields(engine)}
    return dataclasses.replace(engine, **{name: value for name, value in meant.items() if name in own})


def _numbered(layer: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Number the clusters of a layer from 0; noise stays -1."""
    return np.where(layer < 0, -1, layer - layer[layer >= 0].min(initial=np.iinfo(layer.dtype).max)).astype(np.int64)


def _best_agreement(layer: npt.NDArray[Any], others: npt.NDArray[Any]) -> float:
    from sklearn.metrics import adjusted_rand_score

    return round(max(float(adjusted_rand_score(layer, other)) for other in others), 4)
