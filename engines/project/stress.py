"""Metric multidimensional scaling of some thousand points by stochastic gradient descent, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from engines.axes import oriented
from engines.protocols import Progress, no_progress

Float64 = npt.NDArray[np.float64]
EPOCHS = 30
ITERATIONS = 50
JITTER = 1e-3
SHORTEST = 0.01
"""Distances below this times the mean weigh no more than it."""
LAST = 0.1


def scaled(distances: Float64, *, seed: int, progress: Progress = no_progress) -> Float64:
    """Give places (c, 2) whose distances come near ``distances`` (c, c), with a small sum of (|x - y| - d)^2 / d over the pairs.

    Zheng, Pawar, Goodman 2018: in an epoch every pair moves, in random order, by a share min(1, rate / d) of what it lacks; the rate falls
    exponentially. The weight 1 / d lies between that of plain stress, in which far pairs count most, and their 1 / d^2, and keeps the
    order of the distances on branching trees as well as the better of the two. The start is classical scaling (Torgerson 1952).
    """
    count = len(distances)
    mean = float(distances.sum()) / max(count * (count - 1), 1)
    rng = np.random.default_rng(seed)
    if mean <= 0:
        return rng.normal(scale=JITTER, size=(count, 2))
    wanted = distances / mean
    places = _classical(wanted, rng) + rng.normal(scale=JITTER, size=(count, 2))
    first, last = float(wanted.max()), LAST * SHORTEST
    for epoch in range(EPOCHS):
        progress(epoch / EPOCHS, f"scaling, epoch {epoch} of {EPOCHS}")
        _epoch(wanted, places, rng.permutation(count), first * (last / first) ** (epoch / (EPOCHS - 1)))
    progress(1.0, "scaling")
    centered: Float64 = places - places.mean(axis=0)
    return centered


def _classical(wanted: Float64, rng: np.random.Generator) -> Float64:
    """Give the coordinates (c, 2) on the two leading axes of the doubly centered squares, by subspace iteration."""
    squares = wanted**2
    means = squares.mean(axis=0)
    products = -0.5 * (squares - means[:, None] - means[None, :] + means.mean())
    axes = rng.normal(size=(len(wanted), 2))
    with threadpool_limits(1, user_api="blas"):
        for _ in range(ITERATIONS):
            axes, _ = np.linalg.qr(products @ axes)
        values, turn = np.linalg.eigh(axes.T @ products @ axes)
        axes = oriented(axes @ turn[:, ::-1])
    coordinates: Float64 = axes * np.sqrt(np.maximum(values[::-1], 0.0))
    return coordinates


@njit(cache=True, nogil=True)
def _epoch(wanted, places, order, rate):  # type: ignore[no-untyped-def]  # numba infers the types
    """Move every pair once: those that lie ``turn`` apart in a circle of a random order, for every turn up to the half."""
    count = len(order)
    for turn in range(1, count // 2 + 1):
        # At half a circle every pair would come twice.
        last = count // 2 if 2 * turn == count else count
        for first in range(last):
            second = first + turn
            one, other = order[first], order[second - count if second >= count else second]
            x, y = places[one, 0] - places[other, 0], places[one, 1] - places[other, 1]
            length, want = np.sqrt(x * x + y * y) + 1e-12, wanted[one, other]
            move = 0.5 * min(1.0, rate / max(want, SHORTEST)) * (length - want) / length
            places[one, 0] -= move * x
            places[one, 1] -= move * y
            places[other, 0] += move * x
            places[other, 1] += move * y
