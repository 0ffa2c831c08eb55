"""Find duplicates that lie in different splits, so that a test would measure memory."""

from __future__ import annotations

from typing import Annotated, ClassVar

from engines.artifacts import IssueResult
from engines.issues.crossing import crossing
from engines.issues.result import skip
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class Leak:
    """Score a row by its most alike exact or near duplicate in another split."""

    name: ClassVar[str] = "leak"
    version: ClassVar[int] = 3
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("splits",)
    uses: ClassVar[tuple[str, ...]] = ("pictures", "texts", "neighbors", "vectors")
    scope: ClassVar[str] = "row"

    cut: Annotated[float, Range(0.5, 9), Doc("score of near duplicates from which a pair is flagged")] = 4.0
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the sample that says what is usual")] = 0

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every row that belongs to a split."""
        if len(evidence.dataset.rows.column("split").drop_null().unique()) < 2:
            return skip(self, evidence, "needs two splits")
        return crossing(self, evidence, "split", _words, progress)


def _words(how: str, partner: str, its: str, own: str) -> str:
    return f"{how} {partner}, which is in the split {its}, while this one is in {own}."
