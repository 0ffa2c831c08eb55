"""UMAP's graph of memberships from a table of neighbors, in numpy: no compilation, bit-equal on any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, Int32
from engines.protocols import Progress, no_progress

BISECTIONS = 40
CLOSE = 1e-7
"""A sum of memberships that is this near to what it shall be, relative to that, is not bisected further."""
SMALLEST_SCALE = 1e-3
BLOCK = 16_384

Float64 = npt.NDArray[np.float64]


def memberships(indices: Int32, distances: Float32, *, progress: Progress = no_progress) -> Any:
    """Give the symmetric membership matrix (m, m), scipy CSR float32, of McInnes, Healy, Melville 2018, section 3.1.

    ``indices`` and ``distances`` (m, k) without self, ascending. With rho the distance to the nearest neighbor that does not coincide,
    the membership of a neighbor at distance d is exp(-max(0, d - rho) / sigma), where sigma solves that the memberships of a
    node sum to log2(k + 1) (k + 1 is what umap-learn calls n_neighbors: it counts the node itself). Both directions are joined by
    a + b - a b.
    """
    from scipy.sparse import csr_array

    m, k = indices.shape
    # Of all nodes' distances with a zero for the node itself: the scale of what coincides with all of its neighbors.
    mean = float(distances.sum(dtype=np.float64)) / max(m * (k + 1), 1)
    strength = np.empty((m, k), dtype=np.float32)
    for start in range(0, m, BLOCK):
        progress(0.7 * start / m, f"memberships of {start:,} of {m:,} rows")
        strength[start : start + BLOCK] = _strengths(distances[start : start + BLOCK].astype(np.float64), mean)
    progress(0.7, "joining both directions")
    starts = np.arange(0, m * k + 1, k) if k else np.zeros(m + 1, dtype=np.int64)
    numbers = np.int32 if m * k < 2**31 else np.int64
    directed = csr_array((strength.ravel(), indices.ravel().astype(numbers), starts.astype(numbers)), shape=(m, m))
    del strength
    other = directed.T.tocsr()
    progress(0.8, "joining both directions")
    both = directed * other
    joined = directed + other
    del directed, other
    progress(0.9, "joining both directions")
    joined -= both
    joined.sort_indices()
    return joined


def _strengths(d: Float64, mean: float) -> Float64:
    """Give the memberships of the neighbors at distances ``d`` (b, k)."""
    k = d.shape[1]
    apart = d > 0
    rho = np.where(apart.any(axis=1), np.where(apart, d, np.inf).min(axis=1, initial=np.inf), 0.0)
    excess = np.maximum(d - rho[:, None], 0.0)
    # At least a thousandth of the mean distance of the node, or of all nodes where the node coincides with its neighbors.
    floors = SMALLEST_SCALE * np.where(rho > 0, d.sum(axis=1) / (k + 1), mean)
    sigma = np.maximum(_scales(excess, np.log2(k + 1), floors), floors)
    with np.errstate(divide="ignore", invalid="ignore"):
        strengths: Float64 = np.where(excess > 0, np.exp(-excess / sigma[:, None]), 1.0)
    return strengths


def _scales(excess: Float64, target: float, floors: Float64) -> Float64:
    """Solve sum_j exp(-excess_ij / sigma_i) = target by bisection (doubling while there is no upper bound), as far as sigma exceeds its floor.

    All rows take the same number of steps, the most that any of them needs.
    """
    low = np.zeros(len(excess))
    high = np.full(len(excess), np.inf)
    middle = np.ones(len(excess))
    for _ in range(BISECTIONS):
        total = np.exp(-excess / middle[:, None]).sum(axis=1)
        if ((np.abs(total - target) <= CLOSE * target) | (high <= floors)).all():
            break
        above = total > target
        high = np.where(above, middle, high)
        low = np.where(above, low, middle)
        middle = np.where(np.isinf(high), middle * 2, (low + high) / 2)
        middle = np.maximum(middle, 1e-300)
    return middle
