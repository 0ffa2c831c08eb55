"""Find duplicates that carry different labels: at least one of them is wrong."""

from __future__ import annotations

from typing import Annotated, ClassVar

from engines.artifacts import IssueResult
from engines.issues.crossing import crossing
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class ConflictingDuplicate:
    """Score a row by its most alike exact or near duplicate with another label."""

    name: ClassVar[str] = "conflicting_duplicate"
    version: ClassVar[int] = 3
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("labels",)
    uses: ClassVar[tuple[str, ...]] = ("pictures", "texts", "neighbors", "vectors")
    scope: ClassVar[str] = "row"

    cut: Annotated[float, Range(0.5, 9), Doc("score of near duplicates from which a pair is flagged")] = 4.0
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the sample that says what is usual")] = 0

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every labeled row."""
        return crossing(self, evidence, "label", _words, progress)


def _words(how: str, partner: str, its: str, own: str) -> str:
    return f"{how} {partner}, which is labeled {its}, not {own}."
