"""The minimum spanning tree of the nodes under mutual reachability, from the neighbor graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from engines.artifacts import NeighborGraph

Edges = npt.NDArray[np.float64]
"""(e, 3): node, node, distance."""

SMALLEST_DISTANCE = 1e-12
"""Stands for 0, which sparse graphs would drop."""
BRIDGED_PARTS = 100
"""So many parts, the largest, are joined at what lies between them."""
SMALLEST_PART = 5
NEAREST = 32
BLOCK = 8192


def spanning_tree(graph: NeighborGraph, k: int, min_samples: int) -> Edges:
    """Give a minimum spanning tree (m - 1 edges), ascending by distance.

    Mutual reachability of two nodes is the largest of their distance and their core distances, that of the ``min_samples``-th
    neighbor (Campello, Moulavi, Sander 2013). Cosine distances enter as chords sqrt(2 d), a true metric. Edges are those of the k
    nearest neighbors, and bridges between the parts into which mutual neighbors fall: without these, two clusters could only meet by way
    of an outlier that names nodes of both, and would seem as far apart as it is.
    """
    m, width = graph.m, min(k, graph.k)
    distances = graph.distances[:, : max(width, min(min_samples, graph.k))].astype(np.float64)
    if graph.metric == "cosine":
        distances = np.sqrt(2 * distances)
    core = distances[:, min(min_samples, graph.k) - 1]
    rows = np.repeat(np.arange(m), width)
    columns = graph.indices[:, :width].ravel().astype(np.int64)
    reach = np.maximum(np.maximum(core[rows], core[columns]), distances[:, :width].ravel()) + SMALLEST_DISTANCE
    codes, first, times = np.unique(
        np.minimum(rows, columns) * m + np.maximum(rows, columns), return_index=True, return_counts=True
    )
    edges = np.stack([codes // m, codes % m, reach[first]], axis=1)
    parts = _parts(edges[times == 2], m)
    large = [part for part in parts if len(part) >= SMALLEST_PART][:BRIDGED_PARTS]
    forest = _forest(np.concatenate([edges, _bridges(graph, large, core)]), m)
    pieces = _parts(forest, m)
    if len(pieces) > 1:
        forest = _forest(np.concatenate([forest, _joints(graph, pieces, core, forest)]), m)
    ordered: Edges = forest[np.lexsort((forest[:, 1], forest[:, 0], forest[:, 2]))]
    return ordered


def _table(edges: Edges, m: int) -> Any:
    from scipy.sparse import coo_array

    return coo_array((edges[:, 2], (edges[:, 0].astype(np.int64), edges[:, 1].astype(np.int64))), shape=(m, m))


def _forest(edges: Edges, m: int) -> Edges:
    """Give the minimum spanning forest; of several edges between two nodes the shortest counts."""
    from scipy.sparse.csgraph import minimum_spanning_tree

    edges = np.concatenate([np.sort(edges[:, :2], axis=1), edges[:, 2:]], axis=1)
    edges = edges[np.lexsort((edges[:, 2], edges[:, 1], edges[:, 0]))]
    again = np.zeros(len(edges), dtype=bool)
    again[1:] = (edges[1:, :2] == edges[:-1, :2]).all(axis=1)
    found = minimum_spanning_tree(_table(edges[~again], m).tocsr()).tocoo()
    return np.stack([found.row, found.col, found.data], axis=1)


def _parts(edges: Edges, m: int) -> list[npt.NDArray[np.int64]]:
    """Give the nodes of each connected component, largest first."""
    from scipy.sparse.csgraph import connected_components

    count, part = connected_components(_table(edges, m), directed=False)
    order = np.argsort(part, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(part, minlength=count))[:-1])
    return sorted(parts, key=len, reverse=True)


def _joints(graph: NeighborGraph, pieces: list[npt.NDArray[np.int64]], core: npt.NDArray[np.float64], forest: Edges) -> Edges:
    """Join pieces that nothing joins yet; the smallest of very many at the longest distance found so far."""
    bridged, crumbs = pieces[:BRIDGED_PARTS], pieces[BRIDGED_PARTS:]
    bridges = _bridges(graph, bridged, core)
    longest = max(float(forest[:, 2].max(initial=0.0)), float(bridges[:, 2].max(initial=0.0)), SMALLEST_DISTANCE)
    loose = np.array([[bridged[0][0], crumb[0], longest] for crumb in crumbs]).reshape(-1, 3)
    return np.concatenate([bridges, loose])


def _bridges(graph: NeighborGraph, parts: list[npt.NDArray[np.int64]], core: npt.NDArray[np.float64]) -> Edges:
    """Give one edge per pair of parts: the shortest among the 32 nodes of each that lie nearest to the mean of the other."""
    if len(parts) < 2:
        return np.empty((0, 3))
    means = np.stack([graph.nodes[own].mean(axis=0, dtype=np.float64) for own in parts])
    with threadpool_limits(1, user_api="blas"):  # many small products, for which a second thread mostly waits
        return _shortest(graph, [_facing(graph, own, means) for own in parts], core)


def _shortest(graph: NeighborGraph, facing: list[npt.NDArray[np.int64]], core: npt.NDArray[np.float64]) -> Edges:
    edges = []
    for a in range(len(facing)):
        for b in range(a + 1, len(facing)):
            one, other = facing[a][b], facing[b][a]
            x, y = graph.nodes[one].astype(np.float64), graph.nodes[other].astype(np.float64)
            squared = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None, :] - 2 * x @ y.T
            reach = np.maximum(np.maximum(core[one][:, None], core[other][None, :]), np.sqrt(np.maximum(squared, 0.0)))
            i, j = np.unravel_index(int(reach.argmin()), reach.shape)
            edges.append((one[i], other[j], reach[i, j] + SMALLEST_DISTANCE))
    return np.array(edges)


def _facing(graph: NeighborGraph, own: npt.NDArray[np.int64], means: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Give, for each part, up to 32 nodes of one's own (parts, <= 32) that lie nearest to its mean."""
    centers = means.astype(np.float32)
    halves = (centers**2).sum(axis=1) * np.float32(0.5)
    squared = np.empty((len(own), len(means)), dtype=np.float32)
    for start in range(0, len(own), BLOCK):
        block = np.asarray(graph.nodes[own[start : start + BLOCK]])
        lengths = np.einsum("ij,ij->i", block, block) * np.float32(0.5)
        squared[start : start + BLOCK] = lengths[:, None] + halves - block @ centers.T
    few = np.arange(len(own))[:, None] * np.ones(len(means), dtype=np.int64)
    if len(own) > NEAREST:
        few = np.sort(np.argpartition(squared, NEAREST - 1, axis=0)[:NEAREST], axis=0)
    order = np.argsort(np.take_along_axis(squared, few, axis=0), axis=0, kind="stable")
    nearest: npt.NDArray[np.int64] = own[np.take_along_axis(few, order, axis=0).T]
    return nearest
