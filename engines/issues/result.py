"""Put together what a check found: reasons, candidate pairs and the result itself, in the same way for every check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.issue_result import PAIR_SCHEMA, IssueResult
from engines.keys import chain
from engines.protocols import Evidence

REASON_FROM = 0.3
"""Rows of at least this severity get a reason, so that a threshold can be lowered without computing again."""


class Named(Protocol):
    """What a check tells about itself."""

    name: str
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    scope: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check computed. ``suggestions`` and ``reasons`` by row number; ``pairs`` as (a, b, score) arrays in any order."""

    raw: npt.NDArray[Any]
    cut: float
    scale: float
    suggestions: Mapping[int, str] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)
    pairs: pa.Table | None = None
    skipped: str = ""
    notes: dict[str, Any] = field(default_factory=dict)


def make(check: Any, evidence: Evidence, finding: Finding) -> IssueResult:
    """Make the result of a check over all rows of the data set."""
    n = len(evidence.dataset)
    details = {
        "suggestion": pa.array(_spread(finding.suggestions, n), pa.string()),
        "reason": pa.array(_spread(finding.reasons, n), pa.string()),
    }
    return IssueResult(
        key=chain("issues", check, evidence.keys((*check.needs, *check.uses)), name=check.name),
        check_name=check.name,
        scope=cast('Literal["row", "class", "dataset"]', check.scope),
        raw=np.asarray(finding.raw, dtype=np.float32),
        cut=float(finding.cut),
        scale=float(finding.scale),
        details=pa.table(details),
        pairs=PAIR_SCHEMA.empty_table() if finding.pairs is None else finding.pairs,
        skipped=finding.skipped,
        notes=finding.notes,
    )


def skip(check: Any, evidence: Evidence, why: str) -> IssueResult:
    """Make the result of a check that has nothing to compute on: NaN everywhere, and why."""
    nothing = np.full(len(evidence.dataset), np.nan, dtype=np.float32)
    return make(check, evidence, Finding(raw=nothing, cut=0.0, scale=1.0, skipped=why))


def worth_a_reason(raw: npt.NDArray[Any], cut: float, scale: float) -> npt.NDArray[np.int64]:
    """List the rows whose severity reaches ``REASON_FROM``."""
    limit = cut - scale * (0.5 / REASON_FROM - 1.0)
    rows: npt.NDArray[np.int64] = np.flatnonzero(np.nan_to_num(raw, nan=-np.inf) >= limit)
    return rows


def pair_table(a: npt.NDArray[Any], b: npt.NDArray[Any], score: npt.NDArray[Any]) -> pa.Table:
    """Order pairs (smaller row first, then by rows), each once with its best score."""
    low, high = np.minimum(a, b).astype(np.int32), np.maximum(a, b).astype(np.int32)
    order = np.lexsort((-np.asarray(score), high, low))
    low, high, score = low[order], high[order], np.asarray(score, dtype=np.float32)[order]
    first = np.ones(len(low), dtype=bool)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    first &= low != high
    return pa.table({"a": low[first], "b": high[first], "score": score[first]}, schema=PAIR_SCHEMA)


def _spread(words: Mapping[int, str], n: int) -> list[str | None]:
    spread: list[str | None] = [None] * n
    for row, text in words.items():
        spread[int(row)] = text
    return spread
