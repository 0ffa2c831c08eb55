"""Samples of the nodes: whose clusters they hold, and their own graph of neighbors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engines.artifacts import NeighborGraph
from engines.cluster.layers import Labels
from engines.exact_search import Space
from engines.protocols import Progress


def sampled(graph: NeighborGraph, chosen: npt.NDArray[np.int64], k: int, *, threads: int, progress: Progress) -> NeighborGraph:
    """Give the graph of some nodes (ascending) with the ``k`` nearest of each among them, every node a row; at most as many as ``graph`` has.

    Where enough of the neighbors that are known lie in the sample, they are taken; the others are looked for, exactly.
    """
    nodes = np.ascontiguousarray(graph.nodes[chosen])
    k = min(k, graph.k, len(chosen) - 1)
    place = np.full(graph.m, -1, dtype=np.int32)
    place[chosen] = np.arange(len(chosen))
    near = place[graph.indices[chosen]]
    order = np.argsort(near < 0, axis=1, kind="stable")[:, :k]
    indices = np.take_along_axis(near, order, axis=1)
    distances = np.take_along_axis(graph.distances[chosen], order, axis=1)
    short = np.flatnonzero((indices < 0).any(axis=1))
    if len(short):
        space = Space(nodes, graph.metric, threads)
        everyone = 2 * len(short) > len(chosen)  # all among all costs half a product for each pair
        asked = slice(None) if everyone else short
        indices[asked], distances[asked] = space.exact(None if everyone else short, k, progress)
    own = np.arange(len(chosen), dtype=np.int32)
    return dataclasses.replace(
        graph, key="", indices=indices, distances=distances, unique_of=own, representative=own, nodes=nodes
    )


def typical_size(labels: Labels) -> float:
    """Give the size of the cluster that the median clustered node is in; 0 where all are noise."""
    own = labels[labels >= 0]
    return float(np.median(np.bincount(own)[own])) if len(own) else 0.0


def region(graph: NeighborGraph, coarser: Sequence[Labels], wanted: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """List at least ``wanted`` nodes that lie together: whole clusters, drawn at random, of the coarsest layer whose clusters are not larger.

    ``coarser`` holds the layers to draw from, coarse to fine; where all of their clusters are larger, those of the last one are drawn. Noise goes with its
    nearest neighbor that is none.
    """
    parents = next((layer for layer in coarser if typical_size(layer) <= wanted), coarser[-1]).copy()
    lost = np.flatnonzero(parents < 0)
    near = parents[graph.indices[lost]]
    parents[lost] = np.take_along_axis(near, (near >= 0).argmax(axis=1)[:, None], axis=1)[:, 0]
    drawn = parents[rng.permutation(graph.m)]
    found, first = np.unique(drawn[drawn >= 0], return_index=True)
    found = found[np.argsort(first)]
    reached = np.cumsum(np.bincount(parents[parents >= 0])[found])
    taken = found[: int(np.searchsorted(reached, wanted)) + 1]
    return np.flatnonzero(np.isin(parents, taken))
