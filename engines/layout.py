"""The layout of UMAP by stochastic gradient descent: compiled once per machine, equal bytes on any number of threads."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import Float32
from engines.protocols import Progress

NEGATIVES = 5
CLIP = np.float32(4.0)
"""No single pull or push moves a coordinate by more than this times the learning rate."""
PARALLEL_FROM = 2_000
SLICE = 100_000

# x ** b is read from a table over the leading bits of a float32: its exponent and 7 bits of its mantissa, linear in between. The
# error is below 1e-5, far below the noise of the descent, and it costs a third of a call of pow.
_BITS = 7
_LOW, _HIGH = (127 - 40) << _BITS, (127 + 40) << _BITS
_SHIFT = np.int32(23 - _BITS)
_FIRST = np.int32(_LOW)
_LAST = np.int32(_HIGH - _LOW - 1)
_MASK = np.int32((1 << (23 - _BITS)) - 1)
_STEP = np.float32(1 / (1 << (23 - _BITS)))


@lru_cache(maxsize=32)
def curve(min_dist: float, spread: float = 1.0) -> tuple[float, float]:
    """Give a and b of the curve 1 / (1 + a d^(2 b)) that fits best what ``min_dist`` and ``spread`` ask for.

    McInnes, Healy, Melville 2018, section 4.2: 1 up to ``min_dist``, then exp(-(d - min_dist) / spread), at 300 distances up to 3 spreads.
    """
    from scipy.optimize import curve_fit

    distances = np.linspace(0.0, 3.0 * spread, 300)
    wanted = np.where(distances < min_dist, 1.0, np.exp(-(distances - min_dist) / spread))
    (a, b), _ = curve_fit(lambda d, a, b: 1.0 / (1.0 + a * d ** (2 * b)), distances, wanted)
    return float(a), float(b)


def optimize(
    weights: Any,
    start: npt.NDArray[Any],
    *,
    min_dist: float,
    epochs: int,
    rate: float,
    seed: int,
    threads: int,
    progress: Progress,
) -> Float32:
    """Lay out a symmetric graph of memberships (m, m) from places ``start`` (m, q); give float32 places (m, q).

    An edge of weight w is pulled in every (largest w / w)-th epoch, and with each pull its head is pushed off from five random nodes. The
    learning rate falls from ``rate`` to 0. In an epoch every node moves by its own pulls and pushes, one after the other, against the places
    that the others had before it: nodes do not wait for each other, and the result does not depend on how they are shared out to threads.

    Raises:
        Cancelled: when ``progress`` asks for it, at the latest after 100,000 nodes of an epoch.
    """
    edges = weights.tocsr()
    m = edges.shape[0]
    if not m or not edges.nnz:
        return np.asarray(start, dtype=np.float32)
    largest = float(edges.data.max())
    edges.data[edges.data < largest / max(epochs, 1)] = 0.0
    edges.eliminate_zeros()
    period = (largest / edges.data).astype(np.float32)
    due = period.copy()
    bounds, heads = edges.indptr.astype(np.int64), edges.indices.astype(np.int32)
    a, b = curve(min_dist)
    table = _powers(b)
    old = np.ascontiguousarray(start, dtype=np.float32).copy()
    new = old.copy()
    move = _epoch if old.shape[1] == 2 else _epoch_wide
    parts = threads if m >= PARALLEL_FROM else 1
    with ThreadPoolExecutor(max_workers=parts) as pool:
        for epoch in range(epochs):
            now = np.float32(rate * (1.0 - epoch / epochs))
            for first in range(0, m, SLICE * parts):
                progress(epoch / epochs, f"epoch {epoch} of {epochs}")
                cuts = np.linspace(first, min(first + SLICE * parts, m), parts + 1).astype(np.int64).tolist()
                given = (bounds, heads, period, due, old, new, table, np.float32(a), np.float32(b), now, epoch, seed)
                pieces = [pool.submit(move, low, high, *given) for low, high in itertools.pairwise(cuts)]
                for piece in pieces:
                    piece.result()
            old, new = new, old
    progress(1.0, f"epoch {epochs} of {epochs}")
    return old


def _powers(b: float) -> Float32:
    bits = np.arange(_LOW, _HIGH + 1, dtype=np.int64) << (23 - _BITS)
    powers: Float32 = (bits.astype(np.uint32).view(np.float32).astype(np.float64) ** b).astype(np.float32)
    return powers


@njit(inline="always")
def _power(x, table):  # type: ignore[no-untyped-def]
    bits = np.float32(x).view(np.int32)
    place = min(max((bits >> _SHIFT) - _FIRST, np.int32(0)), _LAST)
    return table[place] + np.float32(bits & _MASK) * _STEP * (table[place + 1] - table[place])


@njit(inline="always")
def _bounded(value):  # type: ignore[no-untyped-def]
    return min(max(value, -CLIP), CLIP)


@njit(inline="always")
def _mixed(x):  # type: ignore[no-untyped-def]
    # The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def _epoch(low, high, bounds, heads, period, due, old, new, table, a, b, rate, epoch, seed):  # type: ignore[no-untyped-def]
    """Move the nodes low..high: two pulls per edge that is due (one for each of its ends in the paper) and the pushes."""
    m = np.uint64(old.shape[0])
    one, two = np.float32(1.0), np.float32(2.0)
    for node in range(low, high):
        x, y = old[node, 0], old[node, 1]
        state = _mixed(
            np.uint64(seed) + np.uint64(epoch) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(node) * np.uint64(0xD1B54A32D192ED03)
        )
        for edge in range(bounds[node], bounds[node + 1]):
            if due[edge] > epoch:
                continue
            due[edge] += period[edge]
            other = heads[edge]
            for _ in range(2):
                dx, dy = x - old[other, 0], y - old[other, 1]
                square = dx * dx + dy * dy
                if square > np.float32(0.0):
                    power = _power(square, table)
                    pull = -two * a * b * power / (square * (a * power + one))
                    x += rate * _bounded(pull * dx)
                    y += rate * _bounded(pull * dy)
            for _ in range(NEGATIVES):
                # A linear congruential generator (Knuth's constants); its high half times m is even enough over the nodes.
                state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
                other = np.int64(((state >> np.uint64(32)) * m) >> np.uint64(32))
                dx, dy = x - old[other, 0], y - old[other, 1]
                square = dx * dx + dy * dy
                if other != node:
                    push = two * b / ((np.float32(0.001) + square) * (a * _power(square, table) + one))
                    x += rate * _bounded(push * dx)
                    y += rate * _bounded(push * dy)
        new[node, 0], new[node, 1] = x, y


@njit(cache=True, nogil=True)
def _epoch_wide(low, high, bounds, heads, period, due, old, new, table, a, b, rate, epoch, seed):  # type: ignore[no-untyped-def]
    """Do what ``_epoch`` does in any number of dimensions."""
    m, q = np.uint64(old.shape[0]), old.shape[1]
    one, two = np.float32(1.0), np.float32(2.0)
    here = np.empty(q, dtype=np.float32)
    for node in range(low, high):
        here[:] = old[node]
        state = _mixed(
            np.uint64(seed) + np.uint64(epoch) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(node) * np.uint64(0xD1B54A32D192ED03)
        )
        for edge in range(bounds[node], bounds[node + 1]):
            if due[edge] > epoch:
                continue
            due[edge] += period[edge]
            for turn in range(2 + NEGATIVES):
                other = np.int64(heads[edge])
                if turn >= 2:
                    state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
                    other = np.int64(((state >> np.uint64(32)) * m) >> np.uint64(32))
                square = np.float32(0.0)
                for axis in range(q):
                    square += (here[axis] - old[other, axis]) ** 2
                if other == node or (turn < 2 and square <= 0):
                    continue
                power = _power(square, table)
                if turn < 2:
                    force = -two * a * b * power / (square * (a * power + one))
                else:
                    force = two * b / ((np.float32(0.001) + square) * (a * power + one))
                for axis in range(q):
                    here[axis] += rate * _bounded(force * (here[axis] - old[other, axis]))
        new[node] = here
