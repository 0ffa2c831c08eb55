"""Find pictures much larger or much smaller than the others."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import IssueResult
from engines.issues.looks import judge
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class OddSize:
    """Score a picture by how many interquartile ranges its ln(sqrt(width * height)) lies outside the quartiles.

    As CleanVision (Apache-2.0), but of the logarithm, and with a range of at least ln(2) / 3 so that equal sizes do not make every other
    size odd.
    """

    name: ClassVar[str] = "odd_size"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("pictures",)
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "row"
    scale: ClassVar[float] = 1.0

    cut: Annotated[float, Range(0, 100), Doc("interquartile ranges from which a picture is flagged")] = 3.0

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every picture."""
        assert evidence.facts is not None
        width, height = evidence.facts.column("width"), evidence.facts.column("height")
        side = 0.5 * np.log(width.astype(np.float64) * height)
        q1, middle, q3 = np.quantile(side, [0.25, 0.5, 0.75]) if len(side) else (0.0, 0.0, 0.0)
        outside = np.maximum(np.maximum(q1 - side, side - q3), 0) / max(q3 - q1, np.log(2) / 3)
        usual = round(float(np.exp(middle)))
        return judge(
            self,
            evidence,
            outside,
            lambda row: f"Is {width[row]} x {height[row]} pixels, where about {usual} x {usual} is usual.",
            progress,
        )
