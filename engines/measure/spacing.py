"""Distances of a node to its neighbors in one geometry, duplicates counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import NeighborGraph
from engines.protocols import Progress, no_progress

Float64 = npt.NDArray[np.float64]
K = 15
BLOCK = 65_536


def blocks(graph: NeighborGraph, progress: Progress, message: str) -> Iterator[slice]:
    """Cut the nodes into blocks, with progress before each."""
    progress(0.0, message)
    for start in range(0, graph.m, BLOCK):
        progress(start / graph.m, message)
        yield slice(start, min(start + BLOCK, graph.m))


def chords(graph: NeighborGraph, nodes: slice, k: int) -> Float64:
    """Give euclidean distances (b, min(k, graph.k)): for cosine the chord sqrt(2 d) between unit vectors, which scales like a distance."""
    return as_chords(graph, graph.distances[nodes, :k])


def as_chords(graph: NeighborGraph, distances: npt.NDArray[Any]) -> Float64:
    """Turn distances of a graph into euclidean ones."""
    found = np.asarray(distances, dtype=np.float64)
    return np.sqrt(2.0 * found) if graph.metric == "cosine" else found


def radius(graph: NeighborGraph, k: int = K, progress: Progress = no_progress, message: str = "spacing") -> Float64:
    """Give (m) how far one has to go from a row of a node to have ``k`` other rows around; NaN where there is one node only.

    Duplicates are rows: those of the node itself lie at distance 0, and a neighbor counts as many times as it has rows. Where the graph knows
    fewer rows than ``k`` around a node, it is the distance to the last neighbor that it knows.
    """
    m = graph.m
    found = np.full(m, np.nan)
    if not graph.k:
        return found
    rows = np.bincount(graph.unique_of[graph.unique_of >= 0], minlength=m)
    alone = bool((rows == 1).all())
    for block in blocks(graph, progress, message):
        if alone:
            found[block] = as_chords(graph, graph.distances[block, min(k, graph.k) - 1])
            continue
        around = rows[block, None] - 1 + np.cumsum(rows[graph.indices[block, :k]], axis=1)
        last = np.minimum((around < k).sum(axis=1), around.shape[1] - 1)
        away = as_chords(graph, np.take_along_axis(graph.distances[block], last[:, None], axis=1)[:, 0])
        found[block] = np.where(rows[block] > k, 0.0, away)
    return found
