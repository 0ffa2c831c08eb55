"""The layout of UMAP by stochastic gradient descent: compiled once per machine, equal bytes on any number of threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import Float32
from engines.protocols import Progress
from engines.sharing import share

NEGATIVES = 5
CLIP = np.float32(4.0)
"""No single pull or push moves a coordinate by more than this times the learning rate."""
PARALLEL_FROM = 2_000
SLICE = 100_000
ALSO_FROM = 0.7
"""Share of the epochs after which a further force joins in; Narayan, Berger, Cho 2021 have the same."""

Force = Callable[[Callable[..., None], Float32, Float32, float], None]
"""Move all nodes once more between two epochs: ``force(run, old, new, rate)`` reads places ``old`` and writes places ``new``;
``run(kernel, *given)`` shares ``kernel(low, high, *given)`` out to the threads and can be cancelled."""

# Pulls and pushes are read from tables over the squared distance: over the exponent of a float32 and 7 bits of its mantissa, linear in
# between. The relative error is below 1e-4, far below the noise of the descent, and no power and no division is left in the loop.
_BITS = 7
_LOW, _HIGH = (127 - 40) << _BITS, (127 + 40) << _BITS
_SHIFT = np.int32(23 - _BITS)
_FIRST = np.int32(_LOW)
_LAST = np.int32(_HIGH - _LOW - 1)
_MASK = np.int32((1 << (23 - _BITS)) - 1)
_STEP = np.float32(1 / (1 << (23 - _BITS)))
_TURN = 0x9E3779B97F4A7C15


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
    still: npt.NDArray[np.bool_] | None = None,
    also: Force | None = None,
) -> Float32:
    """Lay out a symmetric graph of memberships (m, m) from places ``start`` (m, q); give float32 places (m, q).

    An edge of weight w is pulled in every (largest w / w)-th epoch, and with each pull its head is pushed off from five random nodes. The
    learning rate falls from ``rate`` to 0. In an epoch every node moves by its own pulls and pushes, one edge after the other, against the
    places that the others had before it: nodes do not wait for each other, and the result does not depend on how they are shared out
    to threads. Nodes marked in ``still`` (m) keep their places to the bit; the others are laid out around them.
    ``also`` is a further force after each of the last epochs (``engines.density_map``); it has to leave nodes in ``still`` alone itself.

    Raises:
        Cancelled: when ``progress`` asks for it, at the latest after 100,000 nodes of an epoch.
    """
    edges = weights.tocsr()
    m = edges.shape[0]
    if not m or not edges.nnz:
        return np.asarray(start, dtype=np.float32)
    bounds, heads, period = _pulled(edges, epochs, still)
    due = period.copy()
    pulls, pushes = _forces(*curve(min_dist))
    old = np.ascontiguousarray(start, dtype=np.float32).copy()
    new = old.copy()
    move = _epoch if old.shape[1] == 2 else _epoch_wide
    parts = threads if m >= PARALLEL_FROM else 1
    with ThreadPoolExecutor(max_workers=parts) as pool:

        def run(epoch: int, kernel: Callable[..., None], *given: Any) -> None:
            for first in range(0, m, SLICE * parts):
                progress(epoch / epochs, f"epoch {epoch} of {epochs}")
                share(pool, parts, kernel, first, min(first + SLICE * parts, m), *given)

        for epoch in range(epochs):
            now, key = np.float32(rate * (1.0 - epoch / epochs)), np.uint64((seed + epoch * _TURN) % 2**64)
            run(epoch, move, bounds, heads, period, due, old, new, pulls, pushes, now, np.float32(epoch), key)
            old, new = new, old
            if also is not None and epoch >= ALSO_FROM * epochs:
                also(partial(run, epoch), old, new, float(now))
                old, new = new, old
    progress(1.0, f"epoch {epochs} of {epochs}")
    return old


def _pulled(
    edges: Any, epochs: int, still: npt.NDArray[np.bool_] | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], Float32]:
    """Give the edges that are pulled in at all, row by row: where each row begins (m + 1), their heads, and every how many epochs."""
    largest = float(edges.data.max())
    keep = edges.data >= largest / max(epochs, 1)
    if still is not None:
        keep &= ~np.repeat(still, np.diff(edges.indptr))
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(keep)])
    period = (largest / edges.data[keep]).astype(np.float32)
    return before[edges.indptr], edges.indices[keep].astype(np.int32), period


def tabled() -> npt.NDArray[np.float64]:
    """Give the squared distances of the entries of a table for ``look_up``."""
    bits = np.arange(_LOW, _HIGH + 1, dtype=np.int64) << (23 - _BITS)
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


@lru_cache(maxsize=32)
def _forces(a: float, b: float) -> tuple[Float32, Float32]:
    """Give what the difference of two places is multiplied with, by the square s of its length: along an edge, and between strangers.

    The derivatives of the cross entropy, McInnes, Healy, Melville 2018, section 3.2: -2 a b s^(b - 1) / (1 + a s^b) and
    2 b / ((0.001 + s) (1 + a s^b)).
    """
    squares = tabled()
    steep = 1.0 + a * squares**b
    pulls = -2.0 * a * b * squares ** (b - 1.0) / steep
    pushes = 2.0 * b / ((0.001 + squares) * steep)
    return pulls.astype(np.float32), pushes.astype(np.float32)


@njit(inline="always")
def look_up(square, table):  # type: ignore[no-untyped-def]  # numba infers the types
    """Give the value of a function of the squared distance from its table over ``tabled()``."""
    bits = np.float32(square).view(np.int32)
    place = min(max((bits >> _SHIFT) - _FIRST, np.int32(0)), _LAST)
    here = table[place]
    return here + np.float32(bits & _MASK) * _STEP * (table[place + 1] - here)


@njit(inline="always")
def _bounded(value):  # type: ignore[no-untyped-def]  # numba infers the types
    return min(max(value, -CLIP), CLIP)


@njit(inline="always")
def _stream(key, node):  # type: ignore[no-untyped-def]  # numba infers the types
    """Give the state of a node's random numbers in an epoch: the finalizer of SplitMix64 (Steele, Lea, Flood 2014)."""
    x = key + np.uint64(node) * np.uint64(0xD1B54A32D192ED03)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(inline="always")
def _next(state):  # type: ignore[no-untyped-def]  # numba infers the types
    # A linear congruential generator (Knuth's constants).
    return state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)


@njit(inline="always")
def _any_of(state, m):  # type: ignore[no-untyped-def]  # numba infers the types
    # The high half of the state times m is even enough over the nodes.
    return np.int64(((state >> np.uint64(32)) * m) >> np.uint64(32))


@njit(cache=True, nogil=True)
def _epoch(low, high, bounds, heads, period, due, old, new, pulls, pushes, rate, now, key):  # type: ignore[no-untyped-def]  # numba infers the types
    """Move the nodes low..high: two pulls per edge that is due (one for each of its ends in the paper), then its pushes from one place."""
    m = np.uint64(old.shape[0])
    for node in range(low, high):
        x, y = old[node, 0], old[node, 1]
        state = _stream(key, node)
        for edge in range(bounds[node], bounds[node + 1]):
            if due[edge] > now:
                continue
            due[edge] += period[edge]
            other = heads[edge]
            there_x, there_y = old[other, 0], old[other, 1]
            for _ in range(2):
                dx, dy = x - there_x, y - there_y
                force = look_up(dx * dx + dy * dy, pulls)
                x += rate * _bounded(force * dx)
                y += rate * _bounded(force * dy)
            push_x, push_y = np.float32(0.0), np.float32(0.0)
            for _ in range(NEGATIVES):
                state = _next(state)
                stranger = _any_of(state, m)
                dx, dy = x - old[stranger, 0], y - old[stranger, 1]
                force = look_up(dx * dx + dy * dy, pushes)
                push_x += _bounded(force * dx)
                push_y += _bounded(force * dy)
            x += rate * push_x
            y += rate * push_y
        new[node, 0], new[node, 1] = x, y


@njit(cache=True, nogil=True)
def _epoch_wide(low, high, bounds, heads, period, due, old, new, pulls, pushes, rate, now, key):  # type: ignore[no-untyped-def]  # numba infers the types
    """Do what ``_epoch`` does in any number of dimensions, with every push from the place after the one before it."""
    m, q = np.uint64(old.shape[0]), old.shape[1]
    here = np.empty(q, dtype=np.float32)
    for node in range(low, high):
        here[:] = old[node]
        state = _stream(key, node)
        for edge in range(bounds[node], bounds[node + 1]):
            if due[edge] > now:
                continue
            due[edge] += period[edge]
            for turn in range(2 + NEGATIVES):
                other = np.int64(heads[edge])
                if turn >= 2:
                    state = _next(state)
                    other = _any_of(state, m)
                if other == node:
                    continue
                square = np.float32(0.0)
                for axis in range(q):
                    square += (here[axis] - old[other, axis]) ** 2
                force = look_up(square, pulls if turn < 2 else pushes)
                for axis in range(q):
                    here[axis] += rate * _bounded(force * (here[axis] - old[other, axis]))
        new[node] = here
