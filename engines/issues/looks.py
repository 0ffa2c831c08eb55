"""What the checks of single pictures share: one number per picture, a cut, and silence where most pictures are like that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import IssueResult
from engines.issues.result import Finding, make, skip, worth_a_reason
from engines.protocols import Evidence, Progress

ORDINARY = 0.5
MIN_PICTURES = 20


def judge(
    check: Any,
    evidence: Evidence,
    raw: npt.NDArray[Any],
    reason: Callable[[int], str],
    progress: Progress,
) -> IssueResult:
    """Make the result of a check of single pictures; ``check.cut`` is where it flags, ``check.scale`` how fast severity grows.

    Where more than half of at least 20 pictures would be flagged, that is how the data set is made and no problem of single pictures.
    """
    progress(0.5, check.name)
    cut, scale = float(check.cut), float(check.scale)
    share = float(np.mean(raw >= cut)) if len(raw) else 0.0
    if len(raw) >= MIN_PICTURES and share > ORDINARY:
        return skip(check, evidence, f"is the rule here: it would flag {share:.0%} of the pictures")
    reasons = {row: reason(row) for row in worth_a_reason(raw, cut, scale).tolist()}
    progress(1.0, check.name)
    return make(check, evidence, Finding(raw=raw, cut=cut, scale=scale, reasons=reasons, notes={"share": share}))
