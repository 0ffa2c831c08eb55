"""How much two partitions tell of each other beyond chance, quick for thousands of clusters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]


def adjusted_mutual_information(cells: Counts, a: Counts, b: Counts) -> float:
    """Give (MI - E) / ((H(a) + H(b)) / 2 - E): 1 = the same, 0 = what chance gives (Vinh, Epps and Bailey 2010).

    ``cells`` int64 (c, 3): cluster of a, cluster of b, number of rows, pairs that meet only; ``a`` and ``b``: the sizes of the clusters, none
    of them empty. As in scikit-learn, two partitions of one cluster (or none) agree wholly, and one of one cluster with another by nothing.
    """
    if len(a) == len(b) and len(a) <= 1:
        return 1.0
    if len(a) == 1 or len(b) == 1:
        return 0.0
    if len(cells) == len(a) == len(b):
        return 1.0
    n = int(a.sum())
    counts = cells[:, 2].astype(np.float64)
    shared = float((counts / n * np.log(n * counts / (a[cells[:, 0]].astype(np.float64) * b[cells[:, 1]]))).sum())
    chance = expected_mutual_information(a, b)
    most = (_entropy(a, n) + _entropy(b, n)) / 2
    room = most - chance
    return (shared - chance) / room if abs(room) > 1e-12 else 0.0


def expected_mutual_information(a: Counts, b: Counts) -> float:
    """Give the mean mutual information of all pairs of partitions with clusters of these sizes (Vinh, Epps and Bailey 2010, eq. 24a).

    It depends on the sizes alone, and n rows hold at most about sqrt(2 n) different ones: the sum goes over pairs of sizes, not of clusters.
    """
    from scipy.special import gammaln

    n = int(a.sum())
    log_factorial = gammaln(np.arange(n + 1, dtype=np.float64) + 1.0)
    others, often = np.unique(b, return_counts=True)
    found = 0.0
    for size, times in zip(*np.unique(a, return_counts=True), strict=True):
        first, last = np.maximum(1, size + others - n), np.minimum(size, others)
        spans = last - first + 1
        other = np.repeat(others, spans)
        both = np.arange(len(other)) - np.repeat(np.cumsum(spans) - spans, spans) + np.repeat(first, spans)
        chance = (
            log_factorial[other]
            + log_factorial[n - other]
            - log_factorial[both]
            - log_factorial[size - both]
            - log_factorial[other - both]
            - log_factorial[n - size - other + both]
        )
        chance += log_factorial[size] + log_factorial[n - size] - log_factorial[n]
        terms = both / n * (np.log(n * both.astype(np.float64)) - np.log(float(size) * other)) * np.exp(chance)
        found += float(times * (terms * np.repeat(often, spans)).sum())
    return found


def _entropy(sizes: Counts, n: int) -> float:
    shares = sizes / n
    return float(-(shares * np.log(shares)).sum())
