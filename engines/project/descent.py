"""The descent of t-SNE: attraction along the affinities, repulsion by a mesh, momentum and gains, every round the same on any number of threads."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.project.interpolation import Mesh, all_pairs, gather
from engines.protocols import Progress

Float64 = npt.NDArray[np.float64]

PAIRS_UP_TO = 1_000
"""Nodes up to which the sum over all pairs costs less than a mesh."""
NODES_PER_THREAD = 1_000
"""Fewer nodes are not worth a thread."""
LONGEST_STEP = 5.0
LEAST_GAIN = 0.01
CALL_EVERY = 10
SLOW_ROUND = 0.2
"""Seconds without word after which progress is told before the tenth round."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Some rounds under the same forces: attraction times ``exaggeration``, learning rate m / ``exaggeration`` (Belkina et al. 2019)."""

    rounds: int
    exaggeration: float
    momentum: float


class Descent:
    """Hold the places, speeds and gains of a layout and move them (van der Maaten 2014, as openTSNE does; float64)."""

    def __init__(self, affinities: Any, start: Float64, *, threads: int) -> None:
        """Take a symmetric sparse matrix (m, m) that sums to 1, and places (m, 2)."""
        edges = affinities.tocsr()
        self._bounds, self._heads = edges.indptr.astype(np.int64), edges.indices.astype(np.uint32)
        self._weights = edges.data.astype(np.float32)
        m = len(start)
        self.places: Float64 = np.array(start, dtype=np.float64)
        self._speed, self._gains = np.zeros((m, 2)), np.ones((m, 2))
        self._pull, self._slope, self._potential = np.zeros((m, 2)), np.zeros((m, 2)), np.zeros(m)
        parts = max(1, min(threads, m // NODES_PER_THREAD))
        self._mesh = Mesh(threads=parts)
        self._cuts = np.linspace(0, m, parts + 1).astype(np.int64).tolist()

    def run(self, phases: Sequence[Phase], progress: Progress) -> None:
        """Go through the phases; ``progress`` is told every tenth round, and before it where rounds take long."""
        whole, done = sum(phase.rounds for phase in phases), 0
        told = time.monotonic()
        with ThreadPoolExecutor(max_workers=len(self._cuts)) as pool:
            for phase in phases:
                for _ in range(phase.rounds):
                    if done % CALL_EVERY == 0 or time.monotonic() - told > SLOW_ROUND:
                        progress(done / whole, f"round {done} of {whole}")
                        told = time.monotonic()
                    self._round(phase, pool)
                    done += 1

    def divergence(self) -> float:
        """Give the Kullback-Leibler divergence of the layout from the affinities."""
        with ThreadPoolExecutor(max_workers=len(self._cuts)) as pool:
            total = self._repel(pool)
        summed, shares = _surprise(self._bounds, self._heads, self._weights, self.places)
        return float(summed + shares * np.log(total))

    def gradient(self, exaggeration: float = 1.0) -> Float64:
        """Give the gradient (m, 2) without its factor 4, which the learning rate of the literature has swallowed."""
        with ThreadPoolExecutor(max_workers=len(self._cuts)) as pool:
            total = self._forces(pool)
        found: Float64 = exaggeration * self._pull + self._slope / (2 * total)
        return found

    def _round(self, phase: Phase, pool: ThreadPoolExecutor) -> None:
        total = self._forces(pool)
        rate = len(self.places) / phase.exaggeration
        move = (self._pull, self._slope, phase.exaggeration, 0.5 / total, rate, phase.momentum)
        self._each(pool, _move, *move, self._speed, self._gains, self.places)
        self.places -= self.places.mean(axis=0)

    def _forces(self, pool: ThreadPoolExecutor) -> float:
        """Write pull and slope; give the sum of 1 / (1 + r^2) over all ordered pairs."""
        xs, ys = self.places.T.astype(np.float32, order="C")
        given = (self._bounds, self._heads, self._weights, xs, ys, self._pull)
        if len(self._cuts) == 2:
            self._each(pool, _attract, *given)
            return self._repel(pool)
        # The pulls run beside the transforms of the mesh.
        pulls = self._start(pool, _attract, *given)
        total = self._repel(pool)
        for pull in pulls:
            pull.result()
        return total

    def _repel(self, pool: ThreadPoolExecutor) -> float:
        m = len(self.places)
        if m <= PAIRS_UP_TO:
            self._each(pool, all_pairs, self.places, self._potential, self._slope)
        elif not np.ptp(self.places, axis=0).any():
            self._potential[:], self._slope[:] = m, 0.0
        else:
            mesh, first, step = self._mesh.lay(self.places)
            self._each(pool, gather, self.places, first, 1 / step, mesh, self._potential, self._slope)
        return max(float(self._potential.sum()) - m, 1e-12)

    def _start(self, pool: ThreadPoolExecutor, kernel: Callable[..., None], *given: Any) -> list[Any]:
        return [pool.submit(kernel, low, high, *given) for low, high in itertools.pairwise(self._cuts)]

    def _each(self, pool: ThreadPoolExecutor, kernel: Callable[..., None], *given: Any) -> None:
        if len(self._cuts) == 2:
            kernel(self._cuts[0], self._cuts[1], *given)
            return
        for piece in self._start(pool, kernel, *given):
            piece.result()


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _attract(low, high, bounds, heads, weights, xs, ys, pull):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write the attraction sum_j p_ij (y_i - y_j) / (1 + r^2) of the nodes low..high."""
    one = np.float32(1.0)
    for node in range(low, high):
        x, y = xs[node], ys[node]
        dx, dy = np.float32(0.0), np.float32(0.0)
        others, strengths = heads[bounds[node] : bounds[node + 1]], weights[bounds[node] : bounds[node + 1]]
        for edge in range(len(others)):
            a, b = x - xs[others[edge]], y - ys[others[edge]]
            strength = strengths[edge] / (one + a * a + b * b)
            dx += strength * a
            dy += strength * b
        pull[node, 0] = dx
        pull[node, 1] = dy


@njit(cache=True, nogil=True)
def _move(low, high, pull, slope, exaggeration, share, rate, momentum, speed, gains, places):  # type: ignore[no-untyped-def]  # numba infers the types
    """Move the nodes low..high: gains of Jacobs 1988 as in van der Maaten's code, steps of at most five units."""
    for node in range(low, high):
        for axis in range(2):
            gradient = exaggeration * pull[node, axis] + share * slope[node, axis]
            before = speed[node, axis]
            turned = np.sign(before) != np.sign(gradient)
            gains[node, axis] = gains[node, axis] + 0.2 if turned else gains[node, axis] * 0.8 + LEAST_GAIN
            speed[node, axis] = momentum * before - rate * gains[node, axis] * gradient
        length = np.sqrt(speed[node, 0] ** 2 + speed[node, 1] ** 2)
        if length > LONGEST_STEP:
            speed[node, 0] *= LONGEST_STEP / length
            speed[node, 1] *= LONGEST_STEP / length
        places[node, 0] += speed[node, 0]
        places[node, 1] += speed[node, 1]


@njit(cache=True, nogil=True)
def _surprise(bounds, heads, weights, places):  # type: ignore[no-untyped-def]  # numba infers the types
    """Give the sums of p log(p (1 + r^2)) and of p over the edges."""
    summed, shares = 0.0, 0.0
    for node in range(places.shape[0]):
        for edge in range(bounds[node], bounds[node + 1]):
            weight = np.float64(weights[edge])
            if weight > 0.0:
                a, b = places[node, 0] - places[heads[edge], 0], places[node, 1] - places[heads[edge], 1]
                summed += weight * np.log(weight * (1.0 + a * a + b * b))
                shares += weight
    return summed, shares
