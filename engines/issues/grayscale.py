"""Find pictures without color among pictures with color."""

from __future__ import annotations

from typing import Annotated, ClassVar

from engines.artifacts import IssueResult
from engines.issues.looks import judge
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class Grayscale:
    """Score a picture by 1 / (1 + its colorfulness): 1 for gray, whatever its file format says.

    Colorfulness is M3 of Hasler and Suesstrunk (2003).
    """

    name: ClassVar[str] = "grayscale"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("pictures",)
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "row"
    scale: ClassVar[float] = 0.2

    cut: Annotated[float, Range(0, 1), Doc("score from which a picture is flagged")] = 0.5

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every picture."""
        assert evidence.facts is not None
        colorfulness = evidence.facts.column("colorfulness")
        return judge(self, evidence, 1 / (1 + colorfulness), lambda _: "Has no color, unlike most pictures here.", progress)
