"""Find pictures in which nothing is dark."""

from __future__ import annotations

from typing import Annotated, ClassVar

from engines.artifacts import IssueResult
from engines.issues.looks import judge
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class Bright:
    """Score a picture by the brightness that 95 % of its pixels exceed.

    The measure and its cut are those of the check "light" of CleanVision (Apache-2.0), turned so that high = bad.
    """

    name: ClassVar[str] = "bright"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("pictures",)
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "row"
    scale: ClassVar[float] = 0.05

    cut: Annotated[float, Range(0, 1), Doc("brightness from which a picture is flagged")] = 0.95

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every picture."""
        assert evidence.facts is not None
        dark = evidence.facts.column("brightness_p5")
        return judge(
            self,
            evidence,
            dark,
            lambda row: f"Even its darkest parts have {dark[row]:.0%} of the brightness of white.",
            progress,
        )
