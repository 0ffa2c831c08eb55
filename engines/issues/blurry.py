"""Find pictures without sharp edges."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import IssueResult
from engines.issues.looks import judge
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class Blurry:
    """Score a picture by ln(contrast² / variance of the Laplacian), at a side of at most 256 pixels.

    The variance of the Laplacian alone (Pech-Pacheco et al. 2000) takes a picture of low contrast for a blurry one; contrast is the range of
    gray values from the 5th to the 95th percentile, and a flat picture is not blurry. See docs/decisions/0004.
    """

    name: ClassVar[str] = "blurry"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("pictures",)
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "row"
    scale: ClassVar[float] = 0.7

    cut: Annotated[float, Range(0, 20), Doc("score from which a picture is flagged")] = 6.2

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every picture."""
        assert evidence.facts is not None
        facts = evidence.facts
        contrast = 255.0 * (facts.column("brightness_p95") - facts.column("brightness_p5"))
        raw = np.log((contrast**2 + 100.0) / (facts.column("sharpness") + 1.0))
        return judge(self, evidence, raw, lambda _: "Has no sharp edges for its contrast.", progress)
