"""How far two clusterings, or a clustering and labels, agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.cluster.mutual_information import adjusted_mutual_information
from engines.codes import codes_of

Counts = npt.NDArray[np.int64]

AMI_ROWS = 100_000
"""Rows that the mutual information is computed on; what it is adjusted by grows with the rows and the clusters."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two partitions of the same rows side by side.

    ``ari`` and ``ami``: adjusted Rand index and adjusted mutual information (1 = the same, 0 = chance), noise taken as one more cluster;
    ``ami`` is that of ``ami_rows`` rows, a sample where there are more than 100,000. ``ari_clustered``: over the rows that both put into a
    cluster, ``clustered`` their share. ``names_a`` and ``names_b`` name the clusters, noise last as "". ``cells`` int64 (c, 3): cluster of a,
    cluster of b, number of rows; pairs that meet only, in this order. ``matches``: for each cluster of a the one of b with the largest
    Jaccard index, and the index; -1 and 0 where none meets it.
    """

    ari: float
    ami: float
    ami_rows: int
    ari_clustered: float
    clustered: float
    cells: Counts
    names_a: tuple[str, ...]
    names_b: tuple[str, ...]
    matches: tuple[tuple[int, float], ...]

    @property
    def table(self) -> Counts:
        """Count the rows of each pair of clusters (a, b), noise last; thousands of clusters make it large."""
        table = np.zeros((len(self.names_a), max(len(self.names_b), 1)), dtype=np.int64)
        table[self.cells[:, 0], self.cells[:, 1]] = self.cells[:, 2]
        return table

    @property
    def turned(self) -> Agreement:
        """Give the same with the sides swapped."""
        cells = self.cells[np.lexsort((self.cells[:, 0], self.cells[:, 1]))][:, [1, 0, 2]]
        matches = _matches(cells, self.names_b, self.names_a)
        return replace(self, cells=cells, names_a=self.names_b, names_b=self.names_a, matches=matches)


def compare(a: Any, b: Any, *, seed: int = 0) -> Agreement:
    """Compare two partitions of the same rows: cluster numbers (-1 = noise) or labels (None = none), as an array, a list or a column.

    The adjusted Rand index is exact. Above 100,000 rows the mutual information is that of so many rows, drawn with ``seed``.

    Raises:
        ValueError: when they differ in length.
    """
    one, names_a = _coded(a)
    two, names_b = _coded(b)
    n = len(one)
    if n != len(two):
        raise ValueError(f"{n} rows beside {len(two)}")
    cells = _cells(one, two)
    inner = cells[(cells[:, 0] < clusters_of(names_a)) & (cells[:, 1] < clusters_of(names_b))]
    asked = cells
    if n > AMI_ROWS:
        rows = np.random.default_rng(seed).choice(n, AMI_ROWS, replace=False, shuffle=False)
        asked = _cells(one[rows], two[rows])
    return Agreement(
        ari=_rand_index(cells),
        ami=_mutual_information(asked),
        ami_rows=min(n, AMI_ROWS),
        ari_clustered=_rand_index(inner) if len(inner) else 0.0,
        clustered=float(inner[:, 2].sum() / n) if n else 0.0,
        cells=cells,
        names_a=names_a,
        names_b=names_b,
        matches=_matches(cells, names_a, names_b),
    )


def clusters_of(names: Sequence[str]) -> int:
    """Count the clusters without noise, which comes last."""
    return len(names) - (tuple(names[-1:]) == ("",))


def sizes_of(cells: Counts, side: int, count: int) -> Counts:
    """Count the rows of each of ``count`` clusters of a (side 0) or b (side 1)."""
    return np.bincount(cells[:, side], weights=cells[:, 2], minlength=count).astype(np.int64)  # exact below 2^53


def _coded(values: Any) -> tuple[Counts, tuple[str, ...]]:
    """Number the clusters 0.. in order; rows in none come last, as a cluster of their own."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        found, codes = np.unique(values, return_inverse=True)
        if len(found) and found[0] < 0:
            codes = np.where(codes == 0, len(found), codes) - 1
            return codes.astype(np.int64), (*(str(number) for number in found[1:]), "")
        return codes.astype(np.int64), tuple(str(number) for number in found)
    column = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([pa.array(values, pa.string())])
    coded, names = codes_of(column)
    if (coded < 0).any():
        return np.where(coded < 0, len(names), coded), (*names, "")
    return coded, tuple(names)


def _cells(one: Counts, two: Counts) -> Counts:
    width = int(two.max(initial=0)) + 1
    pairs, counts = np.unique(one * width + two, return_counts=True)
    return np.stack([pairs // width, pairs % width, counts], axis=1).astype(np.int64)


def _rand_index(cells: Counts) -> float:
    """Give the adjusted Rand index by pairs of rows (Hubert and Arabie 1985), in whole numbers until the last step."""
    n = int(cells[:, 2].sum())
    together = int((cells[:, 2] ** 2).sum())
    only_a, only_b = (int((sizes_of(cells, side, 0) ** 2).sum()) - together for side in (0, 1))
    if not only_a and not only_b:
        return 1.0
    same, apart = together - n, n * n - only_a - only_b - together
    return 2 * (same * apart - only_a * only_b) / ((same + only_a) * (only_a + apart) + (same + only_b) * (only_b + apart))


def _mutual_information(cells: Counts) -> float:
    """Give the adjusted mutual information over the clusters that occur."""
    (a, one), (b, two) = (np.unique(cells[:, side], return_inverse=True) for side in (0, 1))
    met = np.stack([one, two, cells[:, 2]], axis=1)
    return adjusted_mutual_information(met, sizes_of(met, 0, len(a)), sizes_of(met, 1, len(b)))


def _matches(cells: Counts, names_a: tuple[str, ...], names_b: tuple[str, ...]) -> tuple[tuple[int, float], ...]:
    rows, columns = clusters_of(names_a), clusters_of(names_b)
    fit = jaccard(cells, len(names_a), len(names_b))
    inner = (cells[:, 0] < rows) & (cells[:, 1] < columns)
    met, fit = cells[inner], fit[inner]
    order = np.lexsort((met[:, 1], -fit, met[:, 0]))
    found, first = np.unique(met[order, 0], return_index=True)
    best = order[first]
    matches = [(-1, 0.0)] * rows
    for a, b, index in zip(found.tolist(), met[best, 1].tolist(), fit[best].tolist(), strict=True):
        matches[a] = (b, index)
    return tuple(matches)


def jaccard(cells: Counts, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Give for each cell the share of the rows of either cluster that are in both, 0..1."""
    union = sizes_of(cells, 0, rows)[cells[:, 0]] + sizes_of(cells, 1, columns)[cells[:, 1]] - cells[:, 2]
    return np.asarray(cells[:, 2] / union, dtype=np.float64)
