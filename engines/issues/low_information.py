"""Find pictures in which there is next to nothing to see."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import IssueResult
from engines.issues.looks import judge
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class LowInformation:
    """Score a picture by 1 minus a tenth of the entropy (bits) of its gray values.

    The measure is that of CleanVision (Apache-2.0), the cut that of cleanlab, turned so that high = bad.
    """

    name: ClassVar[str] = "low_information"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("pictures",)
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "row"
    scale: ClassVar[float] = 0.08

    cut: Annotated[float, Range(0, 1), Doc("score from which a picture is flagged")] = 0.85

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every picture."""
        assert evidence.facts is not None
        entropy = evidence.facts.column("entropy")
        return judge(
            self,
            evidence,
            1 - np.minimum(entropy / 10, 1),
            lambda row: f"Its gray values hold {entropy[row]:.1f} bits per pixel, next to nothing.",
            progress,
        )
