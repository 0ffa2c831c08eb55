"""Find classes that have hardly any rows."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import IssueResult
from engines.codes import codes_of
from engines.issues.result import Finding, make, skip, worth_a_reason
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress

SCALE = 0.7


@engine
class Imbalance:
    """Score every row of a class by ln(rows of an average class / rows of this class).

    As in cleanlab a class with less than a tenth of its fair share is flagged, but every such class, not the rarest one alone.
    """

    name: ClassVar[str] = "imbalance"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("labels",)
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "class"

    cut: Annotated[float, Range(0, 20), Doc("score from which a class is flagged; 2.3 = a tenth of its fair share")] = 2.3

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every labeled row; all rows of a class alike."""
        progress(0.0, "imbalance")
        code, names = codes_of(evidence.dataset.rows.column("label"))
        if len(names) < 2:
            return skip(self, evidence, "needs two classes")
        count = np.bincount(code[code >= 0], minlength=len(names))
        mean = float(count.sum()) / len(names)
        raw = np.append(np.log(mean / count), np.nan)[code]
        said = [
            f"Its class {name} has {size} {'row' if size == 1 else 'rows'}, an average class {mean:.0f}."
            for name, size in zip(names, count.tolist(), strict=True)
        ]
        reasons = {row: said[code[row]] for row in worth_a_reason(raw, self.cut, SCALE).tolist()}
        sizes = dict(zip(names, count.tolist(), strict=True))
        progress(1.0, "imbalance")
        return make(self, evidence, Finding(raw=raw, cut=self.cut, scale=SCALE, reasons=reasons, notes={"classes": sizes}))
