"""What an issue check found: scores, a cut and candidate pairs, so that threshold and groups can be re-cut at no cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.value import Artifact, require

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

PAIR_SCHEMA = pa.schema([("a", pa.int32()), ("b", pa.int32()), ("score", pa.float32())])


@dataclass(frozen=True, kw_only=True)
class IssueResult(Artifact):
    """What one check found, re-cuttable without computing again.

    ``raw`` float32 (n): the check's own score, high = bad, NaN = does not apply. ``severity`` float32 (n) = ``severity_of(raw)``, strictly
    increasing in raw, 0.5 at ``cut`` (the default threshold in raw units), NaN where raw is. ``suggestion``: one string per row (label,
    or id of the row to keep), null mostly; ``reason``: one sentence per row, null where there is nothing to say. ``pairs`` (a < b row numbers,
    score: high = more alike): all candidates; groups at a threshold are the connected components of pairs with severity of
    their score >= threshold. ``skipped`` is empty or says why the check did not run ("needs labels").
    """

    kind_name: ClassVar[str] = "issue"
    check_name: str
    scope: Literal["row", "class", "dataset"]
    raw: Float32
    cut: float
    scale: float
    threshold: float = 0.5
    details: pa.Table
    pairs: pa.Table
    skipped: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Check lengths, schemas and that pairs are ordered."""
        require(self.raw.dtype == np.float32 and self.details.num_rows == len(self.raw), "details and raw differ in length")
        require(self.details.column_names == ["suggestion", "reason"], "details have other columns")
        require(self.pairs.schema.equals(PAIR_SCHEMA), "pairs have another schema")
        require(self.scale > 0, "scale is not positive")
        if self.pairs.num_rows:
            a, b = self.pairs.column("a").to_numpy(), self.pairs.column("b").to_numpy()
            require(bool((a < b).all() and (a >= 0).all() and (b < len(self.raw)).all()), "a pair is not in order")

    def severity_of(self, raw: npt.ArrayLike) -> Float32:
        """Map raw scores to 0..1 by (1 + z / (1 + |z|)) / 2 with z = (raw - cut) / scale: 0.5 at the cut, order kept in float32."""
        z = (np.asarray(raw, dtype=np.float64) - self.cut) / self.scale
        tail = 0.5 / (1.0 + np.abs(z))
        return np.where(z >= 0, 1.0 - tail, tail).astype(np.float32)

    @cached_property
    def severity(self) -> Float32:
        """Give the severity of each row; NaN where the check does not apply."""
        severity = self.severity_of(self.raw) if not self.skipped else np.full(len(self.raw), np.nan, dtype=np.float32)
        severity.flags.writeable = False
        return severity

    def flagged(self, threshold: float | None = None) -> npt.NDArray[np.bool_]:
        """Tell which rows have a severity of at least ``threshold`` (default: the check's own)."""
        cut = self.threshold if threshold is None else threshold
        return np.asarray(self.severity >= np.float32(cut))

    def groups(self, threshold: float | None = None) -> Int32:
        """Number the connected components of pairs whose severity reaches the threshold; -1 = in none.

        Groups are numbered 0.. in the order of their first row.
        """
        n = len(self.raw)
        group = np.full(n, -1, dtype=np.int32)
        if not self.pairs.num_rows:
            return group
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        cut = np.float32(self.threshold if threshold is None else threshold)
        strong = self.severity_of(self.pairs.column("score").to_numpy()) >= cut
        a = self.pairs.column("a").to_numpy()[strong]
        b = self.pairs.column("b").to_numpy()[strong]
        _, component = connected_components(coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n)), directed=False)
        members = np.unique(np.concatenate([a, b]))
        found, first = np.unique(component[members], return_index=True)
        order = np.empty(int(component.max(initial=0)) + 1, dtype=np.int32)
        order[found[np.argsort(first)]] = np.arange(len(found), dtype=np.int32)
        group[members] = order[component[members]]
        return group
