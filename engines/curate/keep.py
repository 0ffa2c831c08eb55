"""Decide which rows of groups of alike rows go, by a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from engines.errors import ParameterError

Mask = npt.NDArray[np.bool_]
KeepRule = Literal["first", "largest", "labeled", "mildest"]
RULES: dict[KeepRule, str] = {
    "first": "keep the first in the order of the rows",
    "largest": "keep the picture with the most pixels, then the largest file",
    "labeled": "keep one that has a label, then the first",
    "mildest": "keep the one with the fewest other problems, then the first",
}


def losers(
    groups: npt.NDArray[np.int32],
    rule: KeepRule,
    *,
    pixels: npt.NDArray[np.int64] | None = None,
    file_size: npt.NDArray[np.int64] | None = None,
    labeled: Mask | None = None,
    problems: npt.NDArray[np.float32] | None = None,
    protected: Mask | None = None,
    gone: Mask | None = None,
) -> Mask:
    """Tell which rows to exclude so that one row of each group stays.

    ``groups`` int32 (n), -1 = in no group. Rows that are ``protected`` (a person kept them) always stay, and then nothing else of
    their group does. Rows that are ``gone`` (excluded already) neither stay nor are excluded again. Equal rows: the first stays.

    Raises:
        ParameterError: for an unknown rule, or when what the rule looks at is not given.
    """
    if rule not in get_args(KeepRule):
        raise ParameterError(f"there is no keep rule {rule!r}", f"rules: {', '.join(RULES)}")
    n = len(groups)
    keys = _preference(rule, n, {"pixels": pixels, "file_size": file_size, "labeled": labeled, "problems": problems})
    safe = np.zeros(n, dtype=bool) if protected is None else protected
    member = groups >= 0
    if gone is not None:
        member = member & ~gone
    rows = np.flatnonzero(member)
    # The last key of lexsort counts first: group, then protected, then the rule, then the order of the rows.
    order = np.lexsort((rows, *(key[rows] for key in reversed(keys)), ~safe[rows], groups[rows]))
    ordered = rows[order]
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = groups[ordered][1:] != groups[ordered][:-1]
    lost = np.zeros(n, dtype=bool)
    lost[ordered[~first]] = True
    return lost & ~safe


def _preference(rule: KeepRule, n: int, given: Mapping[str, npt.NDArray[Any] | None]) -> list[npt.NDArray[np.float64]]:
    """Give sort keys; the smallest row stays."""
    if rule == "largest":
        size = given["file_size"]
        return [-_column(rule, "pixels", n, given), *([] if size is None else [-size.astype(np.float64)])]
    if rule == "labeled":
        return [-_column(rule, "labeled", n, given)]
    if rule == "mildest":
        return [np.nan_to_num(_column(rule, "problems", n, given))]
    return []


def _column(rule: str, name: str, n: int, given: Mapping[str, npt.NDArray[Any] | None]) -> npt.NDArray[np.float64]:
    values = given[name]
    if values is None or len(values) != n:
        raise ParameterError(f"the rule {rule!r} needs {name} for every row", "choose another rule")
    column: npt.NDArray[np.float64] = values.astype(np.float64)
    return column


__all__ = ["RULES", "KeepRule", "losers"]
