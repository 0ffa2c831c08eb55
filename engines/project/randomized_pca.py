"""Principal components of a matrix that need not fit in memory: block randomized SVD, with the mean taken off on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32
from engines.axes import oriented
from engines.protocols import Progress, no_progress

Float64 = npt.NDArray[np.float64]

BLOCK_BYTES = 16 << 20
"""Rows are read in blocks of about this size."""


@dataclass(frozen=True, kw_only=True)
class Components:
    """What PCA gives: ``axes`` (d, c), ``deviations`` (c) = singular values / sqrt(rows), ``mean`` (d), ``variance`` of all columns together.

    ``passes`` counts how often the matrix was read. The sign of an axis is such that its largest entry by size is positive.
    """

    axes: Float64
    deviations: Float64
    mean: Float64
    variance: float
    passes: int


def blocks(matrix: Float32) -> list[slice]:
    """Cut the rows of a matrix (n, d) into slices of about 16 MB of float32."""
    n, d = matrix.shape
    size = max(1, BLOCK_BYTES // max(4 * d, 1))
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def _mean_and_variance(matrix: Float32, progress: Progress) -> tuple[Float64, float]:
    """Give the mean of the rows (d) and their mean squared distance from it, in one pass: taken around the first row, then moved."""
    n, d = matrix.shape
    around, total, squares = np.array(matrix[0]), np.zeros(d), 0.0
    cuts = blocks(matrix)
    for number, rows in enumerate(cuts):
        progress(number / len(cuts), "mean")
        block = matrix[rows] - around
        total += block.sum(axis=0, dtype=np.float64)
        squares += float(np.einsum("ij,ij->i", block, block).sum(dtype=np.float64))
    return around + total / n, max(squares / n - float(((total / n) ** 2).sum()), 0.0)


def randomized_components(
    matrix: Float32, count: int, *, oversample: int = 20, powers: int = 5, seed: int = 0, progress: Progress = no_progress
) -> Components:
    """Give the leading principal components of the rows of ``matrix`` float32 (n, d), which may be memory-mapped.

    Halko, Martinsson, Shkolnisky, Tygert 2011, with the row blocks of oocPCA (Linderman et al. 2019): l = count + oversample random
    directions go through A^T A ``powers`` + 1 times, with a QR after each; all that arose is kept (block Krylov, Musco and Musco 2015), and
    A^T A is diagonalized in its span. That is ``powers`` + 3 passes over the matrix with the one for the mean, and memory
    O(d l powers) and a block, whatever n is. A is the matrix less its mean, taken off block by block. Blocks are multiplied in float32
    and added in float64.

    ``count`` is clipped to min(n, d); axes without variance are still orthonormal. The same seed gives the same axes.

    Raises:
        Cancelled: when ``progress`` asks for it, at the latest after a block.
    """
    n, d = matrix.shape
    count = min(count, n, d)
    if not count:
        return Components(axes=np.zeros((d, 0)), deviations=np.zeros(0), mean=np.zeros(d), variance=0.0, passes=0)
    passes = powers + 3
    mean, variance = _mean_and_variance(matrix, _share(progress, 0, passes))
    found = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, min(count + oversample, d))))[0]
    kept = []
    for number in range(1, powers + 2):
        found = np.linalg.qr(_through(matrix, mean, found, _share(progress, number, passes)))[0]
        kept.append(found)
    span = np.linalg.qr(np.concatenate(kept, axis=1))[0]
    moments = span.T @ _through(matrix, mean, span, _share(progress, passes - 1, passes))
    values, turns = np.linalg.eigh((moments + moments.T) / 2)
    axes = oriented(span @ turns[:, ::-1][:, :count])
    deviations = np.sqrt(np.maximum(values[::-1][:count], 0.0) / n)
    return Components(axes=axes, deviations=deviations, mean=mean, variance=variance, passes=passes)


def _through(matrix: Float32, mean: Float64, directions: Float64, progress: Progress) -> Float64:
    """Give A^T A times ``directions`` (d, l), A being the centered matrix, in one pass over its rows."""
    single, offset = directions.astype(np.float32), mean.astype(np.float32)
    image = np.zeros(directions.shape)
    cuts = blocks(matrix)
    for number, rows in enumerate(cuts):
        progress(number / len(cuts), "principal axes")
        block = matrix[rows] - offset
        image += block.T @ (block @ single)
    return image


def _share(progress: Progress, number: int, passes: int) -> Progress:
    def told(fraction: float, message: str) -> None:
        progress((number + fraction) / passes, f"{message}, pass {number + 1} of {passes}")

    return told
