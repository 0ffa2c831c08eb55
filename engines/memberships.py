"""UMAP's graph of memberships from a table of neighbors, in numpy: no compilation, bit-equal on any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, Int32

BISECTIONS = 40
SMALLEST_SCALE = 1e-3


def memberships(indices: Int32, distances: Float32) -> Any:
    """Give the symmetric membership matrix (m, m), scipy CSR float32, of McInnes, Healy, Melville 2018, section 3.1.

    ``indices`` and ``distances`` (m, k) without self, ascending. With rho the distance to the nearest neighbor that does not coincide,
    the membership of a neighbor at distance d is exp(-max(0, d - rho) / sigma), where sigma solves that the memberships of a
    node sum to log2(k + 1) (k + 1 is what umap-learn calls n_neighbors: it counts the node itself). Both directions are joined by
    a + b - a b.
    """
    from scipy.sparse import csr_array

    m, k = indices.shape
    d = distances.astype(np.float64)
    apart = d > 0
    rho = np.where(apart.any(axis=1), np.where(apart, d, np.inf).min(axis=1, initial=np.inf), 0.0)
    excess = np.maximum(d - rho[:, None], 0.0)
    sigma = np.maximum(_scales(excess, np.log2(k + 1)), _floors(d, rho))
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = np.where(excess > 0, np.exp(-excess / sigma[:, None]), 1.0)
    starts = np.arange(0, m * k + 1, k, dtype=np.int64)
    directed = csr_array((strength.ravel(), indices.ravel().astype(np.int64), starts), shape=(m, m))
    other = directed.T.tocsr()
    joined = (directed + other - directed * other).astype(np.float32)
    joined.sort_indices()
    return joined


def _scales(excess: npt.NDArray[np.float64], target: float) -> npt.NDArray[np.float64]:
    """Solve sum_j exp(-excess_ij / sigma_i) = target for every row by bisection (doubling while there is no upper bound)."""
    low = np.zeros(len(excess))
    high = np.full(len(excess), np.inf)
    middle = np.ones(len(excess))
    for _ in range(BISECTIONS):
        total = np.exp(-excess / middle[:, None]).sum(axis=1)
        above = total > target
        high = np.where(above, middle, high)
        low = np.where(above, low, middle)
        middle = np.where(np.isinf(high), middle * 2, (low + high) / 2)
        middle = np.maximum(middle, 1e-300)
    return middle


def _floors(d: npt.NDArray[np.float64], rho: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keep sigma at least at a thousandth of the mean distance of the node, or of all nodes where the node coincides with its neighbors."""
    with_self = d.sum(axis=1) / (d.shape[1] + 1)
    floors: npt.NDArray[np.float64] = SMALLEST_SCALE * np.where(rho > 0, with_self, with_self.mean())
    return floors
