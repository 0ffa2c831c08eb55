"""Find pictures that are much longer in one direction than in the other."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import IssueResult
from engines.issues.looks import judge
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class OddAspectRatio:
    """Score a picture by |ln(width / height)|.

    The cut is that of CleanVision (Apache-2.0): a shorter side of 0.35 of the longer one.
    """

    name: ClassVar[str] = "odd_aspect_ratio"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("pictures",)
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "row"
    scale: ClassVar[float] = 0.3

    cut: Annotated[float, Range(0, 10), Doc("score from which a picture is flagged; 1.05 = sides of 1 : 2.86")] = 1.05

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every picture."""
        assert evidence.facts is not None
        width, height = evidence.facts.column("width"), evidence.facts.column("height")
        return judge(
            self,
            evidence,
            np.abs(np.log(width / height)),
            lambda row: f"Is {width[row]} x {height[row]} pixels, {_times(int(width[row]), int(height[row]))}.",
            progress,
        )


def _times(width: int, height: int) -> str:
    times = max(width, height) / min(width, height)
    return f"{times:.1f} times as {'wide as high' if width > height else 'high as wide'}"
