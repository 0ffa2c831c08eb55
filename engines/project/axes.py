"""The two principal axes of the nodes: a map by itself, and the start of the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32

Float64 = npt.NDArray[np.float64]
BLOCK = 8192
DENSE_UP_TO = 4096


def principal_coordinates(nodes: Float32) -> tuple[Float64, list[float]]:
    """Give the coordinates (m, 2) on the two axes of largest variance and the share of the variance that each explains.

    Exact (eigenvectors of the covariance, or of the inner products where there are fewer nodes than columns); only where both
    exceed 4,096 a seeded randomized SVD stands in. The sign of an axis is such that its largest entry by size is positive.
    """
    m, d = nodes.shape
    if m < 2 or d < 1:
        return np.zeros((m, 2)), [0.0, 0.0]
    mean = nodes.mean(axis=0, dtype=np.float64)
    axes = _axes(nodes, mean)
    coordinates = np.concatenate([(nodes[start : start + BLOCK] - mean) @ axes for start in range(0, m, BLOCK)])
    total = sum(float(((nodes[start : start + BLOCK] - mean) ** 2).sum()) for start in range(0, m, BLOCK))
    shares = (coordinates**2).sum(axis=0) / total if total > 0 else np.zeros(axes.shape[1])
    missing = 2 - coordinates.shape[1]
    return np.pad(coordinates, ((0, 0), (0, missing))), [float(share) for share in np.pad(shares, (0, missing))]


def _axes(nodes: Float32, mean: Float64) -> Float64:
    """Give the leading one or two right singular vectors (d, 1 or 2) of the centered nodes."""
    from scipy.linalg import eigh

    m, d = nodes.shape
    count = min(2, d, m)
    if d <= max(m, 2) and d <= DENSE_UP_TO:
        moments = np.zeros((d, d))
        for start in range(0, m, BLOCK):
            block = nodes[start : start + BLOCK] - mean
            moments += block.T @ block
        _, axes = eigh(moments, subset_by_index=[d - count, d - 1])
    elif m <= DENSE_UP_TO:
        centered = nodes - mean
        _, weights = eigh(centered @ centered.T, subset_by_index=[m - count, m - 1])
        axes = centered.T @ weights
        length = np.linalg.norm(axes, axis=0)
        axes = axes / np.where(length > 0, length, 1.0)
    else:
        from sklearn.utils.extmath import randomized_svd

        _, _, rows = randomized_svd(nodes - mean.astype(np.float32), n_components=count, n_iter=7, random_state=0)
        axes = rows.T[:, ::-1].astype(np.float64)
    axes = axes[:, ::-1]
    signs = np.where(axes[np.abs(axes).argmax(axis=0), np.arange(count)] < 0, -1.0, 1.0)
    oriented: Float64 = axes * signs
    return oriented


def starting_places(nodes: Float32, seed: int) -> Float64:
    """Give places (m, 2) in [0, 10] to start a layout from: the principal coordinates with a jitter of 1e-3.

    The jitter parts nodes that coincide and fills an axis without variance, on which layout methods divide by zero. Rounding to
    1e-4 before it hides what the last bits of a matrix product owe to the number of threads.
    """
    coordinates, _ = principal_coordinates(nodes)
    low, span = coordinates.min(axis=0), np.ptp(coordinates, axis=0)
    scaled = np.round(10.0 * (coordinates - low) / np.where(span > 1e-9, span, np.inf), 4)
    places: Float64 = scaled + np.random.default_rng(seed).normal(scale=1e-3, size=scaled.shape)
    return places
