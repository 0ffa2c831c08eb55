"""The graph of shared neighbors: two nodes are as close as the number of neighbors that they have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import Int32
from engines.protocols import Progress

BLOCK = 1 << 15

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SharedNeighbors:
    """Undirected edges (e, 2), first node < second node, in order, and their weights (e) in (0, 1]."""

    edges: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]


def shared_neighbors(indices: Int32, progress: Progress) -> SharedNeighbors:
    """Weigh each edge of the neighbor graph (m, k) by the share of neighbors that its ends have in common, themselves included.

    An edge stands where at least one end names the other (Jarvis and Patrick 1973), so that every weight is positive. Measured against
    the Jaccard index, its square and equal weights: see docs/decisions/0005. A row names no neighbor twice.
    """
    m = len(indices)
    near = np.ascontiguousarray(indices, dtype=np.int32)
    blocks = [(start, min(start + BLOCK, m)) for start in range(0, m, BLOCK)]
    filled = np.zeros(m, dtype=np.int64)
    for start, stop in blocks:
        progress(0.3 * start / m, "shared neighbors")
        _count(start, stop, near, filled)
    bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(filled)])
    edges = np.empty((bounds[-1], 2), dtype=np.int64)
    weights = np.empty(bounds[-1])
    filled[:] = bounds[:-1]
    for start, stop in blocks:
        progress(0.3 + 0.3 * start / m, "shared neighbors")
        _fill(start, stop, near, filled, edges)
    for start, stop in blocks:
        progress(0.6 + 0.4 * start / m, "shared neighbors")
        _weigh(start, stop, near, bounds, edges, weights)
    return SharedNeighbors(edges=edges, weights=weights)


@njit(inline="always")
def _names(near: Int32, node: int, other: int) -> bool:
    found = False
    for column in range(near.shape[1]):
        found |= near[node, column] == other
    return found


@njit(cache=True, nogil=True)
def _count(start: int, stop: int, near: Int32, filled: Numbers) -> None:
    """Count the edges of each node to later ones; of two nodes that name each other the earlier one counts."""
    for node in range(start, stop):
        for column in range(near.shape[1]):
            other = near[node, column]
            if node < other:
                filled[node] += 1
            elif not _names(near, other, node):
                filled[other] += 1


@njit(cache=True, nogil=True)
def _fill(start: int, stop: int, near: Int32, filled: Numbers, edges: Numbers) -> None:
    for node in range(start, stop):
        for column in range(near.shape[1]):
            other = near[node, column]
            if node < other or not _names(near, other, node):
                first, second = min(node, other), max(node, other)
                edges[filled[first], 0], edges[filled[first], 1] = first, second
                filled[first] += 1


@njit(cache=True, nogil=True)
def _weigh(  # noqa: PLR0917 (compiled functions take positional arguments only)
    start: int, stop: int, near: Int32, bounds: Numbers, edges: Numbers, weights: npt.NDArray[np.float64]
) -> None:
    size = near.shape[1] + 1
    for node in range(start, stop):
        edges[bounds[node] : bounds[node + 1], 1].sort()
        for edge in range(bounds[node], bounds[node + 1]):
            other = edges[edge, 1]
            # The ends themselves count where they name each other.
            common = np.int64(_names(near, other, node)) + np.int64(_names(near, node, other))
            for column in range(near.shape[1]):
                common += np.int64(_names(near, other, near[node, column]))
            weights[edge] = common / size
