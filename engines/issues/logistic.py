"""Multinomial logistic regression by matrix products alone: L-BFGS from a bound of the Hessian that principal axes make diagonal."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32

MEMORY = 8
"""Earlier steps that L-BFGS remembers."""
TOLERANCE = 1e-4
"""The fit ends where no entry of the gradient of the mean loss exceeds this, as in scikit-learn."""
GAIN = 1e-4
"""Or where two steps one after the other lower the mean loss by less than this."""
SHORTEST = 1e-3
ARMIJO = 1e-4


class Weights(NamedTuple):
    """A fitted model: the classes seen (c), weights (c, d) and intercepts (c)."""

    known: npt.NDArray[np.int64]
    weights: Float32
    intercepts: Float32

    def probabilities(self, vectors: Float32, classes: int) -> Float32:
        """Give the probabilities (b, classes) of vectors (b, d); 0 for a class that was not seen."""
        found = np.zeros((len(vectors), classes), dtype=np.float32)
        scores = vectors @ self.weights.T + self.intercepts
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        found[:, self.known] = scores
        return found


class _Problem:
    """The loss of weights (c, d + 1), the last column the intercept: the sum of -ln p(label) plus ||weights||^2 / (2 C)."""

    def __init__(self, vectors: Float32, label: npt.NDArray[np.int64], classes: int, strength: float) -> None:
        n, d = vectors.shape
        self._rows = np.arange(n)
        self._label = label
        self._inputs = np.empty((d + 1, n), dtype=np.float32)
        self._inputs[:d] = vectors.T
        self._inputs[d] = 1.0
        self._penalty = np.full(d + 1, 1.0 / strength, dtype=np.float32)
        self._penalty[d] = 0.0
        self.shape = (classes, d + 1)
        power = np.einsum("ij,ij->i", self._inputs, self._inputs, dtype=np.float32)
        self.curvature = (0.5 * power + self._penalty + 1e-6 * n).astype(np.float32)

    def __call__(self, weights: Float32) -> tuple[float, Float32]:
        """Give the loss and its gradient (c, d + 1)."""
        scores = weights @ self._inputs
        scores -= scores.max(axis=0)
        own = scores[self._label, self._rows]
        np.exp(scores, out=scores)
        total = scores.sum(axis=0)
        shrunk = self._penalty * weights
        loss = float((np.log(total) - own).sum(dtype=np.float64)) + 0.5 * float(np.vdot(shrunk, weights))
        scores /= total
        scores[self._label, self._rows] -= 1.0
        gradient: Float32 = scores @ self._inputs.T
        gradient += shrunk
        return loss, gradient


def fit(
    vectors: Float32,
    label: npt.NDArray[np.int64],
    strength: float,
    iterations: int,
    stop: Callable[[], None] = lambda: None,
) -> Weights:
    """Fit on vectors (n, d) in their principal axes with labels (n); ``strength`` is C, the inverse weight of the L2 penalty.

    Half of the second moments plus the penalty bounds the Hessian for all weights (Boehning 1992, Annals of the Institute of Statistical
    Mathematics 44); in principal axes that is diagonal but for the intercept. L-BFGS (Liu, Nocedal 1989) starts every step from it, which
    takes about a third of the steps that the identity takes. ``stop`` is called before every step and may raise. Deterministic.
    """
    known, label = np.unique(label, return_inverse=True)
    if len(known) < 2:
        return Weights(known, np.zeros((len(known), vectors.shape[1]), np.float32), np.zeros(len(known), np.float32))
    problem = _Problem(vectors, label, len(known), strength)
    weights = np.zeros(problem.shape, dtype=np.float32)
    loss, gradient = problem(weights)
    n, small = len(vectors), 0
    steps: deque[tuple[Float32, Float32, float]] = deque(maxlen=MEMORY)
    for _ in range(iterations):
        stop()
        if float(np.abs(gradient).max()) < TOLERANCE * n or small == 2:
            break
        direction = _direction(gradient, steps, problem.curvature)
        found = _search(problem, weights, loss, gradient, direction)
        if found is None:
            break
        length, lower, slope = found
        step, change = np.float32(length) * direction, slope - gradient
        bend = float(np.vdot(step, change))
        if bend > 0:
            steps.append((step, change, 1.0 / bend))
        small = small + 1 if loss - lower < GAIN * n else 0
        weights, loss, gradient = weights + step, lower, slope
    return Weights(known, np.ascontiguousarray(weights[:, :-1]), np.ascontiguousarray(weights[:, -1]))


def _direction(gradient: Float32, steps: deque[tuple[Float32, Float32, float]], curvature: Float32) -> Float32:
    """Give the direction of descent by the two loops of L-BFGS (Nocedal, Wright 2006, algorithm 7.4)."""
    found = gradient.copy()
    taken: list[float] = []
    for step, change, inverse in reversed(steps):
        taken.append(inverse * float(np.vdot(step, found)))
        found -= np.float32(taken[-1]) * change
    found /= curvature
    for (step, change, inverse), part in zip(steps, reversed(taken), strict=True):
        found += np.float32(part - inverse * float(np.vdot(change, found))) * step
    return -found


def _search(
    problem: _Problem, weights: Float32, loss: float, gradient: Float32, direction: Float32
) -> tuple[float, float, Float32] | None:
    """Halve the step until the loss falls enough (Armijo); gives its length, the loss and the gradient there, None where none does."""
    expected = float(np.vdot(gradient, direction))
    length = 1.0
    while length >= SHORTEST:
        lower, slope = problem(weights + np.float32(length) * direction)
        if lower <= loss + ARMIJO * length * expected:
            return length, lower, slope
        length *= 0.5
    return None


__all__ = ["Weights", "fit"]
