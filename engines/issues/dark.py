"""Find pictures in which nothing is bright."""

from __future__ import annotations

from typing import Annotated, ClassVar

from engines.artifacts import IssueResult
from engines.issues.looks import judge
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class Dark:
    """Score a picture by 1 minus the brightness that 99 % of its pixels do not reach.

    The measure and its cut are those of CleanVision (Apache-2.0), turned so that high = bad.
    """

    name: ClassVar[str] = "dark"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("pictures",)
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "row"
    scale: ClassVar[float] = 0.15

    cut: Annotated[float, Range(0, 1), Doc("darkness from which a picture is flagged")] = 0.68

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every picture."""
        assert evidence.facts is not None
        bright = evidence.facts.column("brightness_p99")
        return judge(
            self,
            evidence,
            1 - bright,
            lambda row: f"Its brightest parts reach only {bright[row]:.0%} of white.",
            progress,
        )
