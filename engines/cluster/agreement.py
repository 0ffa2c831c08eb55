"""How far two clusterings, or a clustering and labels, agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.codes import codes_of


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two partitions of the same rows side by side.

    ``ari`` and ``ami``: adjusted Rand index and adjusted mutual information (1 = the same, 0 = chance), noise taken as one more cluster;
    ``ari_clustered``: over the rows that both put into a cluster, ``clustered`` their share. ``table`` (a, b) counts rows; ``names_a`` and
    ``names_b`` head its rows and columns, noise last as "". ``matches``: for each cluster of a the one of b with the largest Jaccard index,
    and the index; -1 and 0 where none meets it.
    """

    ari: float
    ami: float
    ari_clustered: float
    clustered: float
    table: npt.NDArray[np.int64]
    names_a: tuple[str, ...]
    names_b: tuple[str, ...]
    matches: tuple[tuple[int, float], ...]


def compare(a: npt.NDArray[Any] | Sequence[str | None], b: npt.NDArray[Any] | Sequence[str | None]) -> Agreement:
    """Compare two partitions of the same rows: cluster numbers (-1 = noise) or labels (None = none).

    Raises:
        ValueError: when they differ in length.
    """
    one, names_a = _coded(a)
    two, names_b = _coded(b)
    if len(one) != len(two):
        raise ValueError(f"{len(one)} rows beside {len(two)}")
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    width = max(len(names_b), 1)
    table = np.bincount(one * width + two, minlength=len(names_a) * width).reshape(len(names_a), width)
    both = (one < len(names_a) - (names_a[-1:] == ("",))) & (two < len(names_b) - (names_b[-1:] == ("",)))
    return Agreement(
        ari=float(adjusted_rand_score(one, two)) if len(one) else 1.0,
        ami=float(adjusted_mutual_info_score(one, two)) if len(one) else 1.0,
        ari_clustered=float(adjusted_rand_score(one[both], two[both])) if both.any() else 0.0,
        clustered=float(both.mean()) if len(one) else 0.0,
        table=table.astype(np.int64),
        names_a=names_a,
        names_b=names_b,
        matches=_matches(table, names_a, names_b),
    )


def _coded(values: npt.NDArray[Any] | Sequence[str | None]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Number the clusters 0.. in order; rows in none come last, as a cluster of their own."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        found, codes = np.unique(values, return_inverse=True)
        if len(found) and found[0] < 0:
            codes = np.where(codes == 0, len(found), codes) - 1
            return codes.astype(np.int64), (*(str(number) for number in found[1:]), "")
        return codes.astype(np.int64), tuple(str(number) for number in found)
    coded, names = codes_of(pa.chunked_array([pa.array(values, pa.string())]))
    if (coded < 0).any():
        return np.where(coded < 0, len(names), coded), (*names, "")
    return coded, tuple(names)


def _matches(table: npt.NDArray[np.int64], names_a: tuple[str, ...], names_b: tuple[str, ...]) -> tuple[tuple[int, float], ...]:
    rows = len(names_a) - (names_a[-1:] == ("",))
    columns = len(names_b) - (names_b[-1:] == ("",))
    if not rows or not columns:
        return tuple((-1, 0.0) for _ in range(rows))
    inner = table[:rows, :columns]
    union = table.sum(axis=1)[:rows, None] + table.sum(axis=0)[None, :columns] - inner
    jaccard = inner / np.maximum(union, 1)
    best = jaccard.argmax(axis=1)
    return tuple((int(b), float(jaccard[a, b])) if jaccard[a, b] > 0 else (-1, 0.0) for a, b in enumerate(best))
