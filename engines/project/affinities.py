"""The affinities of t-SNE from lists of neighbors: calibrated to a perplexity or all alike, symmetric, in blocks that can be cancelled."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import Float32, Int32
from engines.protocols import Progress, no_progress, part
from engines.sharing import share

BLOCK = 1 << 19
"""Edges between two reports of progress: some hundredths of a second of a processor."""
STEPS = 100
CLOSE = 1e-10
"""An entropy that is this near to ln(perplexity) is not mended further."""
LONGEST = 2.0
"""The largest step of the logarithm of a precision: Newton's may lead far out where the entropy is flat."""


def calibrated(
    indices: Int32,
    distances: npt.NDArray[Any],
    perplexity: float,
    *,
    squared: bool = False,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Any:
    """Give the affinities (m, m) of van der Maaten and Hinton 2008, section 2, scipy CSR float32: symmetric, of sum 1.

    ``indices`` and ``distances`` (m, k) without self, ascending, k >= 1; ``squared``: they are squares of distances, up to a factor. The share
    of a neighbor at distance d is exp(-beta_i d^2) over the sum of those of the row, with the precision beta_i at which the entropy of the
    row is ln(``perplexity``), by Newton's method; p_ij is the mean of both directions over m. Where no precision reaches it, the row has the
    limit that comes nearest: all neighbors alike where there are no more than ``perplexity`` (or all are as near), the nearest alike where
    more than that tie. The same bytes on any number of threads.

    Raises:
        Cancelled: when ``progress`` asks for it, at the latest after half a million edges.
    """
    m, k = indices.shape
    heads, shares = np.array(indices, dtype=np.int32, order="C"), np.empty((m, k), dtype=np.float32)
    with ThreadPoolExecutor(max_workers=threads) as pool:

        def calibrate(low: int, high: int) -> None:
            away = np.ascontiguousarray(distances[low:high], dtype=np.float64)
            given = away, squared, math.log(perplexity), heads[low:high], shares[low:high]
            share(pool, threads, _calibrate, 0, high - low, *given)

        _blockwise(m, k, calibrate, part(progress, 0.0, 0.5), "affinities")
        return _symmetric(heads, shares, pool, threads, part(progress, 0.5, 1.0))


def uniform(indices: Int32, *, threads: int = 1, progress: Progress = no_progress) -> Any:
    """Give the affinities (m, m) of the neighbors ``indices`` (m, k >= 1), all alike: 1 / k each, symmetric and of sum 1 as ``calibrated``.

    Raises:
        Cancelled: when ``progress`` asks for it, at the latest after half a million edges.
    """
    m, k = indices.shape
    heads, shares = np.array(indices, dtype=np.int32, order="C"), np.full((m, k), 1.0 / k, dtype=np.float32)
    with ThreadPoolExecutor(max_workers=threads) as pool:

        def sort(low: int, high: int) -> None:
            share(pool, threads, _sort, low, high, heads, shares)

        _blockwise(m, k, sort, part(progress, 0.0, 0.2), "affinities")
        return _symmetric(heads, shares, pool, threads, part(progress, 0.2, 1.0))


def _blockwise(m: int, k: int, work: Callable[[int, int], None], progress: Progress, message: str) -> None:
    """Call ``work(low, high)`` for blocks of rows that hold about half a million edges, with progress before each."""
    size = max(BLOCK // max(k, 1), 1)
    for low in range(0, m, size):
        progress(low / m, message)
        work(low, min(low + size, m))


def _symmetric(heads: Int32, shares: Float32, pool: ThreadPoolExecutor, threads: int, progress: Progress) -> Any:
    """Give (P + P^T) / 2m of rows (m, k) with ascending heads: P is turned by counting, then the two lists of each node are merged."""
    from scipy.sparse import csr_array

    m, k = heads.shape
    said = "joining both directions"
    ends = np.zeros(m + 1, dtype=np.int64)
    _blockwise(m, k, lambda low, high: _count(low, high, heads, ends), part(progress, 0.0, 0.1), said)
    np.cumsum(ends, out=ends)
    tails, back = np.empty(m * k, dtype=np.int32), np.empty(m * k, dtype=np.float32)
    free = ends[:-1].copy()
    _blockwise(m, k, lambda low, high: _turn(low, high, heads, shares, free, tails, back), part(progress, 0.1, 0.5), said)
    bounds = np.zeros(m + 1, dtype=np.int64)

    def measure(low: int, high: int) -> None:
        share(pool, threads, _measure, low, high, heads, ends, tails, bounds)

    _blockwise(m, k, measure, part(progress, 0.5, 0.7), said)
    np.cumsum(bounds, out=bounds)
    found, strength = np.empty(bounds[-1], dtype=np.int32), np.empty(bounds[-1], dtype=np.float32)

    def merge(low: int, high: int) -> None:
        share(pool, threads, _merge, low, high, heads, shares, ends, tails, back, 0.5 / m, bounds, found, strength)

    _blockwise(m, k, merge, part(progress, 0.7, 1.0), said)
    numbers = np.int32 if bounds[-1] < 2**31 else np.int64
    return csr_array((strength, found.astype(numbers, copy=False), bounds.astype(numbers)), shape=(m, m))


@njit(cache=True, nogil=True)
def _calibrate(low, high, away, squared, target, heads, shares):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write the shares of the rows low..high in the order of their heads, which are sorted."""
    k = away.shape[1]
    excess, weights = np.empty(k), np.empty(k)
    for row in range(low, high):
        # Beyond the nearest, in units of their mean: neither tiny nor huge distances leave the range of numbers.
        nearest, mean = away[row, 0], 0.0
        for edge in range(k):
            apart = away[row, edge] - nearest
            excess[edge] = apart if squared else apart * (away[row, edge] + nearest)
            mean += excess[edge] / k
        ties = 0
        for edge in range(k):
            excess[edge] = excess[edge] / mean if mean > 0.0 else 0.0
            ties += excess[edge] == 0.0
        total = 0.0
        if np.log(k) <= target or ties == k:
            weights[:] = 1.0
            total = k
        elif np.log(ties) >= target:
            for edge in range(k):
                weights[edge] = 1.0 if excess[edge] == 0.0 else 0.0
            total = ties
        else:
            total = _solve(excess, target, weights)
        order = np.argsort(heads[row])
        heads[row] = heads[row][order]
        for edge in range(k):
            shares[row, edge] = weights[order[edge]] / total


@njit(inline="always")
def _solve(excess, target, weights):  # type: ignore[no-untyped-def]  # numba infers the types
    """Find the precision at which the entropy is ``target`` by Newton's method within bounds, in logarithms; write weights, give their sum.

    With E and V the mean and the variance of the excess, H = ln(sum) + beta E and dH / d ln(beta) = -beta^2 V.
    """
    low, high, place, total = -np.inf, np.inf, 0.0, 1.0
    for _ in range(STEPS):
        precision = np.exp(place)
        total, first, second = 0.0, 0.0, 0.0
        for edge in range(len(excess)):
            weight = np.exp(-precision * excess[edge])
            weights[edge] = weight
            total += weight
            first += weight * excess[edge]
            second += weight * excess[edge] * excess[edge]
        first /= total
        missing = np.log(total) + precision * first - target
        if abs(missing) < CLOSE:
            break
        if missing > 0.0:
            low = place
        else:
            high = place
        slope = precision * precision * (second / total - first * first)
        step = missing / slope if slope > 0.0 else np.copysign(np.inf, missing)
        following = place + min(max(step, -LONGEST), LONGEST)
        if not low < following < high:
            following = 0.5 * (low + high)
            if following in (low, high):
                break
        place = following
    return total


@njit(cache=True, nogil=True)
def _sort(low, high, heads, shares):  # type: ignore[no-untyped-def]  # numba infers the types
    for row in range(low, high):
        order = np.argsort(heads[row])
        heads[row], shares[row] = heads[row][order], shares[row][order]


@njit(cache=True, nogil=True)
def _count(low, high, heads, ends):  # type: ignore[no-untyped-def]  # numba infers the types
    """Count the edges that lead to each node, one place further on."""
    for row in range(low, high):
        for edge in range(heads.shape[1]):
            ends[heads[row, edge] + 1] += 1


@njit(cache=True, nogil=True)
def _turn(low, high, heads, shares, free, tails, back):  # type: ignore[no-untyped-def]  # numba infers the types
    """Enter the rows low..high into the lists of their heads, which so hold ascending rows."""
    for row in range(low, high):
        for edge in range(heads.shape[1]):
            place = free[heads[row, edge]]
            tails[place], back[place] = row, shares[row, edge]
            free[heads[row, edge]] = place + 1


@njit(cache=True, nogil=True)
def _measure(low, high, heads, ends, tails, bounds):  # type: ignore[no-untyped-def]  # numba infers the types
    """Count the different entries of both lists of each node, one place further on."""
    k = heads.shape[1]
    for row in range(low, high):
        edge, place, both = 0, ends[row], 0
        while edge < k and place < ends[row + 1]:
            one, other = heads[row, edge], tails[place]
            both += one == other
            edge += one <= other
            place += other <= one
        bounds[row + 1] = k + ends[row + 1] - ends[row] - both


@njit(cache=True, nogil=True)
def _merge(low, high, heads, shares, ends, tails, back, scale, bounds, found, strength):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write the sum of both lists of each node times ``scale``, by ascending node."""
    k = heads.shape[1]
    for row in range(low, high):
        edge, place = 0, ends[row]
        for at in range(bounds[row], bounds[row + 1]):
            takes = edge < k and (place == ends[row + 1] or heads[row, edge] <= tails[place])
            gives = place < ends[row + 1] and (edge == k or tails[place] <= heads[row, edge])
            found[at] = heads[row, edge] if takes else tails[place]
            total = 0.0
            if takes:
                total += shares[row, edge]
                edge += 1
            if gives:
                total += back[place]
                place += 1
            strength[at] = total * scale
