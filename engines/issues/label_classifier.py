"""Out-of-sample class probabilities by cross-validated multinomial logistic regression, at a bounded cost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from engines.artifacts import Float32
from engines.errors import Cancelled
from engines.issues.logistic import Weights, fit
from engines.protocols import Progress, available_threads, no_progress

BUDGET = 8e11
"""Floating-point operations that all fits together may take: about ten seconds of a processor."""
PLENTY = 1.5e11
"""Operations that are spent on further steps where data are few: about two seconds."""
ITERATIONS = (12, 60)
"""Steps of a fit, least and most. The ranking of doubtful labels stands after ten; probabilities settle within forty."""
MOST_TRAINING = 100_000
SAMPLE = 20_000
"""Vectors that tell the principal axes."""
WORK = 1_000_000_000
"""Multiplications of the second moments between two reports."""
BLOCK = 8192
REPORT_EVERY = 0.25


class Axes:
    """The vectors of nodes in their leading principal axes, scaled to a mean squared norm of 1, worked out when they are asked for."""

    def __init__(self, nodes: Float32, dimensions: int, seed: int, progress: Progress = no_progress) -> None:
        self._nodes = nodes
        sample = nodes
        if len(nodes) > SAMPLE:
            sample = nodes[np.sort(np.random.default_rng(seed).choice(len(nodes), SAMPLE, replace=False))]
        d = nodes.shape[1]
        kept = min(dimensions, d)
        self._middle = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
        sample = sample - self._middle
        moments = np.zeros((d, d), dtype=np.float32)
        size = max(WORK // max(d * d, 1), 64)
        with single_thread():
            for start in range(0, len(sample), size):
                progress(start / len(sample), "label issues: principal axes")
                block = sample[start : start + size]
                moments += block.T @ block
            progress(1.0, "label issues: principal axes")
            values, axes = eigh(moments, subset_by_index=(d - kept, d - 1))
        self._axes = np.ascontiguousarray(axes[:, ::-1], dtype=np.float32)
        power = float(values.sum(dtype=np.float64)) / max(len(sample), 1)
        self._axes /= np.float32(np.sqrt(max(power, 1e-24)))

    @property
    def shape(self) -> tuple[int, int]:
        """Give the numbers of nodes and of axes."""
        return len(self._nodes), int(self._axes.shape[1])

    def __getitem__(self, chosen: npt.NDArray[np.int64]) -> Float32:
        """Give the vectors of nodes (b, axes)."""
        found: Float32 = (np.asarray(self._nodes[chosen]) - self._middle) @ self._axes
        return found


def single_thread() -> AbstractContextManager[Any]:
    """Hold the linear algebra to one thread: small products gain nothing from a second one, and the same sums are the same bytes."""
    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits


@dataclass(frozen=True)
class CrossValidation:
    """Fit on all folds but one, predict that one.

    ``vectors`` (m, d) by node; ``node``, ``label`` and ``fold`` (r) by labeled row; ``rank`` (r) decides which rows train when the budget
    does not allow all of them. Multinomial logistic regression with an L2 penalty (``engines.issues.logistic``); the folds are fitted side
    by side, one thread each.
    """

    vectors: Float32 | Axes
    node: npt.NDArray[np.int64]
    label: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]
    rank: npt.NDArray[np.uint64]
    classes: int
    strength: float
    progress: Progress = no_progress

    @cached_property
    def folds(self) -> list[int]:
        """List the folds that hold a row."""
        return [int(fold) for fold in np.unique(self.fold)]

    @property
    def training_rows(self) -> int:
        """Count how many rows may train each fit."""
        return min(max(int(BUDGET / (self._per_row * ITERATIONS[0])), 1000), MOST_TRAINING)

    @property
    def _per_row(self) -> float:
        """Count the operations of one step of all fits, per row."""
        return float(4 * max(len(self.folds), 1) * self.vectors.shape[1] * max(self.classes, 2))

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.int64], Float32]]:
        """Give, block by block, row numbers (b) and their probabilities (b, classes)."""
        with single_thread():
            models = self._fits()
            r = len(self.label)
            for start in range(0, r, BLOCK):
                self.progress(0.8 + 0.2 * start / r, "label issues: classifier")
                block = np.arange(start, min(start + BLOCK, r))
                vectors = self.vectors[self.node[block]]
                probabilities = np.empty((len(block), self.classes), dtype=np.float32)
                for fold, model in models.items():
                    here = self.fold[block] == fold
                    probabilities[here] = model.probabilities(vectors[here], self.classes)
                yield block, probabilities

    def _fits(self) -> dict[int, Weights]:
        """Fit without each fold."""
        halt = threading.Event()
        workers = max(min(available_threads(), len(self.folds)), 1)
        with ThreadPoolExecutor(workers) as pool:
            jobs = {pool.submit(self._fit, fold, halt): fold for fold in self.folds}
            try:
                waiting: set[Future[Weights]] = set(jobs)
                while waiting:
                    self.progress(0.8 * (1 - len(waiting) / len(jobs)), "label issues: classifier")
                    _, waiting = wait(waiting, timeout=REPORT_EVERY, return_when=FIRST_COMPLETED)
            except BaseException:
                halt.set()
                raise
        return {fold: job.result() for job, fold in jobs.items()}

    def _fit(self, fold: int, halt: threading.Event) -> Weights:
        def stop() -> None:
            if halt.is_set():
                raise Cancelled

        stop()
        rows = self._sample(np.flatnonzero(self.fold != fold))
        steps = int(np.clip(PLENTY / (self._per_row * max(len(rows), 1)), *ITERATIONS))
        return fit(self.vectors[self.node[rows]], self.label[rows], self.strength, steps, stop)

    def _sample(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Keep as many rows as the budget allows, about the same number of each class first."""
        allowed = self.training_rows
        if len(rows) <= allowed:
            return rows
        order = rows[np.lexsort((self.rank[rows], self.label[rows]))]
        labels = self.label[order]
        start = np.r_[0, np.flatnonzero(np.diff(labels)) + 1]
        turn = np.arange(len(order)) - np.repeat(start, np.diff(np.r_[start, len(order)]))
        picked: npt.NDArray[np.int64] = np.sort(order[np.lexsort((self.rank[order], turn))[:allowed]])
        return picked


__all__ = ["Axes", "CrossValidation"]
