"""Find duplicates whose rows differ in something that copies should share, such as the label or the split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engines.artifacts import IssueResult
from engines.issues.duplicates import Duplicates, duplicates
from engines.issues.near_pairs import IDENTICAL
from engines.issues.result import Finding, make, pair_table, skip, worth_a_reason
from engines.protocols import Evidence, Progress, part

SCALE = 1.0
Words = Callable[[str, str, str, str], str]
"""Makes a reason of: how alike ("Same content as"), id of the partner, its value, the row's own value."""


def crossing(check: Any, evidence: Evidence, values: Sequence[str | None], words: Words, progress: Progress) -> IssueResult:
    """Score each row that has a value by its most alike duplicate with another value; 0 without one, NaN without a value.

    The score is that of near duplicates; equal contents score ``IDENTICAL``.
    """
    found = duplicates(evidence, check.seed, part(progress, 0.0, 0.9))
    if found is None:
        return skip(check, evidence, "needs pictures, texts or vectors")
    a, b, score = _pairs(found, values)
    raw = np.array([np.nan if value is None else 0.0 for value in values], dtype=np.float32)
    partner: dict[int, tuple[float, int]] = {}
    for one, other, value in zip(a, b, score, strict=True):
        for row, mate in ((one, other), (other, one)):
            if row not in partner or (-value, mate) < partner[row]:
                partner[row] = (-value, mate)
                raw[row] = max(float(raw[row]), value)
    cut = max(check.cut, found.least_cut)
    ids = evidence.dataset.ids
    reasons = {}
    for row in worth_a_reason(raw, cut, SCALE).tolist():
        mate = partner[row][1]
        equal = found.exact[row] >= 0 and found.exact[row] == found.exact[mate]
        how = "Same content as" if equal else "Nearly the same as"
        reasons[row] = words(how, ids[mate], str(values[mate]), str(values[row]))
    pairs = pair_table(np.array(a, dtype=np.int64), np.array(b, dtype=np.int64), np.array(score, dtype=np.float32))
    progress(1.0, "duplicates compared")
    return make(check, evidence, Finding(raw=raw, cut=cut, scale=SCALE, reasons=reasons, pairs=pairs))


def _pairs(found: Duplicates, values: Sequence[str | None]) -> tuple[list[int], list[int], list[float]]:
    """List the pairs of rows with different values; of equal contents each row meets the first one that differs from it."""
    a, b, score = [], [], []
    for one, other, value in zip(*(found.near.column(name).to_pylist() for name in ("a", "b", "score")), strict=True):
        if values[one] is not None and values[other] is not None and values[one] != values[other]:
            a.append(one)
            b.append(other)
            score.append(value)
    groups: dict[int, list[int]] = {}
    for row in np.flatnonzero(found.exact >= 0).tolist():
        if values[row] is not None:
            groups.setdefault(int(found.exact[row]), []).append(row)
    for rows in groups.values():
        other_than_first = next((row for row in rows if values[row] != values[rows[0]]), None)
        if other_than_first is not None:
            a += rows
            b += [other_than_first if values[row] == values[rows[0]] else rows[0] for row in rows]
            score += [IDENTICAL] * len(rows)
    return a, b, score
