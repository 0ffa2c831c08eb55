"""Exact ranks of a few asked rows' neighbors among all rows, in the vectors and on the map, in one pass over the vectors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import Float32
from engines.nearest import halves_of, insert, squared_distances
from engines.protocols import Progress, part
from engines.sharing import share

Rows = npt.NDArray[np.int64]

BLOCK = 1_024
ASKED_AT_ONCE = 64
"""Rows that are ranked on the map between two reports of progress (64 x 1,000,000 distances cost a tenth of a second)."""


def ranks_between(
    nodes: Float32, places: Float32, asked: Rows, k: int, *, threads: int, progress: Progress
) -> tuple[Rows, Rows]:
    """Give ranks (s, k) among all m: in the vectors of the k nearest on the map, and on the map of the k nearest in the vectors.

    ``nodes`` (m, d) and ``places`` (m, 2); a rank is 1 plus the number of other rows that are nearer (euclidean) to the asked row, so that ties
    get the better one. Vectors are compared by matrix products in float32 after their middle has been subtracted.
    """
    flat = np.asarray(places, dtype=np.float64)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        near_on_map = np.empty((len(asked), k), dtype=np.int64)
        _shared(pool, _nearest_on_plane, asked, threads, part(progress, 0.0, 0.15), flat, asked, near_on_map)
        true_near, true_ranks = _pass(nodes, asked, near_on_map, pool, threads, part(progress, 0.15, 0.85))
        map_ranks = np.empty((len(asked), k), dtype=np.int64)
        _shared(pool, _ranks_on_plane, asked, threads, part(progress, 0.85, 1.0), flat, asked, true_near, map_ranks)
    return true_ranks, map_ranks


def _shared(pool: ThreadPoolExecutor, kernel: Any, asked: Rows, threads: int, progress: Progress, *given: Any) -> None:
    """Run a kernel over the asked rows in threads, a few rows at a time."""
    for start in range(0, len(asked), ASKED_AT_ONCE):
        progress(start / len(asked), "quality of the map")
        share(pool, threads, kernel, start, min(start + ASKED_AT_ONCE, len(asked)), *given)


def _pass(
    nodes: Float32, asked: Rows, others: Rows, pool: ThreadPoolExecutor, threads: int, progress: Progress
) -> tuple[Rows, Rows]:
    """Give the k nearest (s, k) of each asked row, and the ranks (s, k) of ``others``."""
    m, k = len(nodes), others.shape[1]
    queries = np.asarray(nodes[asked], dtype=np.float32)
    middle = queries.mean(axis=0, dtype=np.float64).astype(np.float32)  # far from the origin products would lose all digits
    queries = queries - middle
    own = halves_of(queries)
    limits = squared_distances(nodes, asked, others, threads) * np.float32(0.5) - own[:, None]
    order = np.argsort(limits, axis=1, kind="stable")
    limits, sorted_others = np.take_along_axis(limits, order, axis=1), np.take_along_axis(others, order, axis=1)
    nearer = np.zeros((len(asked), k + 1), dtype=np.int64)
    near, halves = np.full((len(asked), k), -1, dtype=np.int64), np.full((len(asked), k), np.inf, dtype=np.float32)
    for start in range(0, m, BLOCK):
        progress(start / m, "quality of the map")
        block = nodes[start : start + BLOCK] - middle
        given = queries @ block.T, halves_of(block), start, asked, limits, sorted_others, nearer, near, halves
        share(pool, threads, _enter, 0, len(asked), *given)
    ranks = np.empty((len(asked), k), dtype=np.int64)
    np.put_along_axis(ranks, order, np.cumsum(nearer[:, :k], axis=1) + 1, axis=1)
    return near, ranks


@njit(cache=True, nogil=True)
def _enter(low, high, products, half, first, asked, limits, others, nearer, near, halves):  # type: ignore[no-untyped-def]  # numba infers the types
    """Enter a block of rows: the nearest into ``near``; ``nearer[j]`` counts those between the limits j - 1 and j."""
    k = near.shape[1]
    for row in range(low, high):
        worst, farthest = halves[row, k - 1], limits[row, k - 1]
        for column in range(products.shape[1]):
            score = half[column] - products[row, column]
            if score >= worst and score >= farthest:
                continue
            other = first + column
            if other == asked[row]:
                continue
            if score < worst:
                insert(near, halves, row, other, score)
                worst = halves[row, k - 1]
            if score < farthest:
                bottom, top = 0, k - 1  # the first limit above the score
                while bottom < top:
                    middle = (bottom + top) // 2
                    if limits[row, middle] > score:
                        top = middle
                    else:
                        bottom = middle + 1
                if others[row, bottom] == other:  # rounding put a row before its own limit
                    bottom += 1
                nearer[row, bottom] += 1


@njit(cache=True, nogil=True)
def _nearest_on_plane(low, high, flat, asked, near):  # type: ignore[no-untyped-def]  # numba infers the types
    k = near.shape[1]
    halves = np.empty(k)
    for row in range(low, high):
        halves[:] = np.inf
        own = asked[row]
        x, y = flat[own, 0], flat[own, 1]
        for other in range(len(flat)):
            square = (flat[other, 0] - x) ** 2 + (flat[other, 1] - y) ** 2
            if square < halves[k - 1] and other != own:
                place = k - 1
                while place > 0 and halves[place - 1] > square:
                    halves[place], near[row, place] = halves[place - 1], near[row, place - 1]
                    place -= 1
                halves[place], near[row, place] = square, other


@njit(cache=True, nogil=True)
def _ranks_on_plane(low, high, flat, asked, others, ranks):  # type: ignore[no-untyped-def]  # numba infers the types
    k = others.shape[1]
    limits = np.empty(k)
    counts = np.empty(k + 1, dtype=np.int64)
    for row in range(low, high):
        own = asked[row]
        x, y = flat[own, 0], flat[own, 1]
        for column in range(k):
            limits[column] = (flat[others[row, column], 0] - x) ** 2 + (flat[others[row, column], 1] - y) ** 2
        order = np.argsort(limits)
        ordered = limits[order]
        counts[:] = 0
        farthest = ordered[k - 1]
        for other in range(len(flat)):
            square = (flat[other, 0] - x) ** 2 + (flat[other, 1] - y) ** 2
            if square < farthest and other != own:
                place = 0
                while ordered[place] <= square:
                    place += 1
                counts[place] += 1
        nearer = 1
        for column in range(k):
            nearer += counts[column]
            ranks[row, order[column]] = nearer


__all__ = ["ranks_between"]
