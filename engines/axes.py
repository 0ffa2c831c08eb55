"""What every use of principal axes needs: fixed signs, and places to start a layout from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.protocols import Progress, no_progress

Float64 = npt.NDArray[np.float64]

DENSE_UP_TO = 640
"""Columns up to which a library solves the whole problem in about a tenth of a second."""
SPARE, DEGREE, TURNS = 20, 6, 40


def leading(moments: Float64, count: int, *, close: float = 1e-10, progress: Progress = no_progress) -> Float64:
    """Give the eigenvectors (d, count) of the largest eigenvalues of a symmetric matrix (d, d) without negative ones, largest first.

    A library takes seconds for 1,000 columns and cannot be stopped. Here a block of ``count`` + 20 random directions goes through the matrix
    up to six times, the matrix is diagonalized in the span of all that arose (block Krylov, Musco and Musco 2015), and the best of it
    begins anew until no residual exceeds ``close`` times the largest eigenvalue, at most 40 times. Deterministic; orthonormal for every matrix.

    Raises:
        Cancelled: when ``progress`` asks for it, before every product.
    """
    from scipy.linalg import eigh

    d = len(moments)
    if d <= DENSE_UP_TO or 3 * (count + SPARE) > d:
        progress(0.0, "eigenvectors")
        return np.asarray(eigh(moments, subset_by_index=[d - count, d - 1])[1][:, ::-1])
    width = count + SPARE
    degree = min(max(d // (3 * width) - 1, 1), DEGREE)
    block = np.linalg.qr(np.random.default_rng(0).normal(size=(d, width)))[0]
    for turn in range(TURNS):
        kept = [block]
        for step in range(degree):
            progress((turn + step / degree) / TURNS, "eigenvectors")
            kept.append(np.linalg.qr(moments @ kept[-1])[0])
        span = np.linalg.qr(np.concatenate(kept, axis=1))[0]
        progress((turn + 1) / TURNS, "eigenvectors")
        image = moments @ span
        values, turns = np.linalg.eigh(span.T @ image)
        block = span @ turns[:, -width:]
        missing = image @ turns[:, -count:] - block[:, -count:] * values[-count:]
        if np.linalg.norm(missing, axis=0).max() <= close * values[-1]:
            break
    return np.ascontiguousarray(block[:, -count:][:, ::-1])


def oriented(axes: Float64) -> Float64:
    """Turn axes (d, c) so that the entry of each that is largest by size is positive."""
    signs = np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    turned: Float64 = axes * signs
    return turned


def scattered(coordinates: Float64, seed: int) -> Float64:
    """Scale each axis of coordinates (m, c) to 0..10 and add a jitter of 1e-3.

    The jitter parts nodes that coincide and fills an axis without variance, on which layout methods divide by zero. Rounding to 1e-4 before it
    hides what the last bits of a matrix product owe to the number of threads.
    """
    low, span = coordinates.min(axis=0), np.ptp(coordinates, axis=0)
    scaled = np.round(10.0 * (coordinates - low) / np.where(span > 1e-9, span, np.inf), 4)
    places: Float64 = scaled + np.random.default_rng(seed).normal(scale=1e-3, size=scaled.shape)
    return places
