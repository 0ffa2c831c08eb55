"""Out-of-sample class probabilities by cross-validated multinomial logistic regression, at a bounded cost."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from engines.artifacts import Float32

BUDGET = 3e12
"""Floating-point operations that all fits together may take: about a minute on two cores."""
SMALL = 2e7
"""Products of this size gain nothing from a second thread, and lose much where the processors are busy."""
ITERATIONS = 60
BLOCK = 8192


def threads_for(size: float) -> AbstractContextManager[Any]:
    """Hold the linear algebra to one thread while a product of ``size`` is too small for more."""
    limits: AbstractContextManager[Any] = threadpool_limits(1 if size < SMALL else None)
    return limits


def reduce(nodes: Float32, dimensions: int, seed: int) -> Float32:
    """Rotate to the leading principal axes where there are more dimensions than wanted, then scale to a mean squared norm of 1."""
    values = nodes - nodes.mean(axis=0, dtype=np.float64).astype(np.float32)
    if values.shape[1] > dimensions and len(values) > dimensions:
        sample = values
        if len(values) > 20_000:
            sample = values[np.random.default_rng(seed).choice(len(values), 20_000, replace=False)]
        d = values.shape[1]
        with threads_for(len(sample) * d):
            _, axes = eigh(sample.T @ sample, subset_by_index=(d - dimensions, d - 1))
            values = values @ axes[:, ::-1].astype(np.float32)
    power = float(np.mean(np.einsum("ij,ij->i", values, values)))
    return np.asarray(values / max(np.sqrt(power), 1e-12), dtype=np.float32)


@dataclass(frozen=True)
class CrossValidation:
    """Fit on all folds but one, predict that one.

    ``vectors`` (m, d) by node; ``node``, ``label`` and ``fold`` (r) by labeled row; ``rank`` (r) decides which rows train when the budget
    does not allow all of them. Multinomial logistic regression with an L2 penalty, solved by L-BFGS (scikit-learn).
    """

    vectors: Float32
    node: npt.NDArray[np.int64]
    label: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]
    rank: npt.NDArray[np.uint64]
    classes: int
    strength: float

    @property
    def training_rows(self) -> int:
        """Count how many rows may train each fit."""
        folds = int(self.fold.max(initial=0)) + 1
        per_row = 4.0 * ITERATIONS * folds * self.vectors.shape[1] * max(self.classes, 2)
        return max(int(BUDGET / per_row), 1000)

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.int64], Float32]]:
        """Give, fold by fold and block by block, row numbers (b) and their probabilities (b, classes)."""
        for fold in range(int(self.fold.max(initial=0)) + 1):
            rows = np.flatnonzero(self.fold == fold)
            if not len(rows):
                continue
            known, weights, intercept = self._fit(np.flatnonzero(self.fold != fold))
            for start in range(0, len(rows), BLOCK):
                block = rows[start : start + BLOCK]
                scores = self.vectors[self.node[block]] @ weights.T + intercept
                scores -= scores.max(axis=1, keepdims=True)
                np.exp(scores, out=scores)
                probabilities = np.zeros((len(block), self.classes), dtype=np.float32)
                probabilities[:, known] = scores / scores.sum(axis=1, keepdims=True)
                yield block, probabilities

    def _fit(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Float32, Float32]:
        """Fit on rows; gives the classes seen, weights (c, d) and intercepts (c)."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        rows = self._sample(rows)
        known = np.unique(self.label[rows])
        if len(known) < 2:
            return known, np.zeros((len(known), self.vectors.shape[1]), np.float32), np.zeros(len(known), np.float32)
        model = LogisticRegression(C=self.strength, max_iter=ITERATIONS, tol=1e-4)
        with warnings.catch_warnings(), threads_for(len(rows) * self.vectors.shape[1] * len(known)):
            # An early stop is part of the budget; the probabilities are good long before the last digit.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self.vectors[self.node[rows]], self.label[rows])
        weights, intercept = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
        if len(known) == 2:  # scikit-learn keeps one row for two classes: the logit of the second
            weights, intercept = np.concatenate([0 * weights, weights]), np.concatenate([0 * intercept, intercept])
        return known, weights, intercept

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
