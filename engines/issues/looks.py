"""What the checks of single pictures and texts share: one number each, a cut, and silence where most of them are like that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import IssueResult
from engines.issues.result import Finding, make, skip, worth_a_reason
from engines.protocols import Evidence, Progress

ORDINARY = 0.5
MIN_ROWS = 20


def judge(
    check: Any,
    evidence: Evidence,
    raw: npt.NDArray[Any],
    reason: Callable[[int], str],
    progress: Progress,
) -> IssueResult:
    """Make the result of a check of single pictures or texts; ``check.cut`` is where it flags, ``check.scale`` how fast severity grows.

    Where more than half of at least 20 of them would be flagged, that is how the data set is made and no problem of single ones.
    """
    progress(0.5, check.name)
    cut, scale = float(check.cut), float(check.scale)
    share = float(np.mean(raw >= cut)) if len(raw) else 0.0
    if len(raw) >= MIN_ROWS and share > ORDINARY:
        return skip(
            check,
            evidence,
            f"is the rule here: it would flag {share:.0%} of the {'texts' if evidence.facts is None else 'pictures'}",
        )
    reasons = {row: reason(row) for row in worth_a_reason(raw, cut, scale).tolist()}
    progress(1.0, check.name)
    return make(check, evidence, Finding(raw=raw, cut=cut, scale=scale, reasons=reasons, notes={"share": share}))


def texts_of(evidence: Evidence) -> list[str]:
    """Give the texts of a data set of texts, one a row."""
    return [text or "" for text in evidence.dataset.media.column("media").to_pylist()]
