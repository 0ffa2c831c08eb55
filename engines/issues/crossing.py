"""Find duplicates whose rows differ in something that copies should share, such as the label or the split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import IssueResult
from engines.codes import codes_of
from engines.issues.duplicates import Duplicates, duplicates
from engines.issues.near_pairs import IDENTICAL
from engines.issues.result import Finding, make, pair_table, skip, worth_a_reason
from engines.protocols import Evidence, Progress, part

SCALE = 1.0
PAIRS_AT_ONCE = 50_000
Words = Callable[[str, str, str, str], str]
"""Makes a reason of: how alike ("Same content as"), id of the partner, its value, the row's own value."""
Rows = npt.NDArray[np.int64]


def crossing(check: Any, evidence: Evidence, column: str, words: Words, progress: Progress) -> IssueResult:
    """Score each row that has a value in ``column`` by its most alike duplicate with another one; 0 without one, NaN without a value.

    The score is that of near duplicates; equal contents score ``IDENTICAL``.
    """
    found = duplicates(evidence, check.seed, part(progress, 0.0, 0.9))
    if found is None:
        return skip(check, evidence, "needs pictures, texts or vectors")
    value, names = codes_of(evidence.dataset.rows.column(column))
    a, b, score = _pairs(found, value)
    raw = np.where(value < 0, np.nan, 0.0).astype(np.float32)
    partner: dict[int, tuple[float, int]] = {}
    for number, (one, other, alike) in enumerate(zip(a.tolist(), b.tolist(), score.tolist(), strict=True)):
        if number % PAIRS_AT_ONCE == 0:
            progress(0.9 + 0.1 * number / len(a), "duplicates compared")
        for row, mate in ((one, other), (other, one)):
            if row not in partner or (-alike, mate) < partner[row]:
                partner[row] = (-alike, mate)
                raw[row] = max(float(raw[row]), alike)
    cut = max(check.cut, found.least_cut)
    worth = worth_a_reason(raw, cut, SCALE).tolist()
    ids = evidence.dataset.ids if worth else []
    reasons = {}
    for row in worth:
        mate = partner[row][1]
        equal = found.exact[row] >= 0 and found.exact[row] == found.exact[mate]
        how = "Same content as" if equal else "Nearly the same as"
        reasons[row] = words(how, ids[mate], names[value[mate]], names[value[row]])
    progress(1.0, "duplicates compared")
    return make(check, evidence, Finding(raw=raw, cut=cut, scale=SCALE, reasons=reasons, pairs=pair_table(a, b, score)))


def _pairs(found: Duplicates, value: Rows) -> tuple[Rows, Rows, npt.NDArray[np.float32]]:
    """List the pairs of rows with different values; of equal contents each row meets the first one that differs from it."""
    near = [found.near.column(name).to_numpy() for name in ("a", "b", "score")]
    crosses = (value[near[0]] >= 0) & (value[near[1]] >= 0) & (value[near[0]] != value[near[1]])
    a, b, score = (side[crosses] for side in near)
    rows = np.flatnonzero((found.exact >= 0) & (value >= 0))
    rows = rows[np.argsort(found.exact[rows], kind="stable")]
    group = found.exact[rows]
    start = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(rows) else np.zeros(0, np.int64)
    number = np.repeat(np.arange(len(start)), np.diff(np.r_[start, len(rows)]))
    first = rows[start][number]
    differs = np.flatnonzero(value[rows] != value[first])
    mixed, place = np.unique(number[differs], return_index=True)
    other = np.full(len(start), -1, dtype=np.int64)
    other[mixed] = rows[differs[place]]
    inside = other[number] >= 0
    rows, first, second = rows[inside], first[inside], other[number[inside]]
    mate = np.where(value[rows] == value[first], second, first)
    return (
        np.concatenate([a, rows]).astype(np.int64),
        np.concatenate([b, mate]).astype(np.int64),
        np.concatenate([score, np.full(len(rows), IDENTICAL, dtype=np.float32)]),
    )
