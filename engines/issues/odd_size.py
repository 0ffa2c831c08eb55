"""Find pictures and texts much larger or much smaller than the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt

from engines.artifacts import IssueResult
from engines.issues.looks import judge, texts_of
from engines.issues.result import skip
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress


@engine
class OddSize:
    """Score a row by how many interquartile ranges the logarithm of its size lies outside the quartiles.

    Size is sqrt(width * height) for pictures, the number of characters for texts. As CleanVision (Apache-2.0), but of the logarithm, and with
    a range of at least ln(2) / 3 so that equal sizes do not make every other size odd.
    """

    name: ClassVar[str] = "odd_size"
    version: ClassVar[int] = 2
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ("pictures", "texts")
    scope: ClassVar[str] = "row"
    scale: ClassVar[float] = 1.0

    cut: Annotated[float, Range(0, 100), Doc("interquartile ranges from which a row is flagged")] = 3.0

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every row."""
        progress(0.0, self.name)
        if evidence.facts is not None:
            outside, words = _pictures(evidence)
        elif evidence.has("texts"):
            outside, words = _texts(evidence)
        else:
            return skip(self, evidence, "needs pictures or texts")
        return judge(self, evidence, outside, words, progress)


def _pictures(evidence: Evidence) -> tuple[npt.NDArray[Any], Callable[[int], str]]:
    assert evidence.facts is not None
    width, height = evidence.facts.column("width"), evidence.facts.column("height")
    outside, usual = _outside(0.5 * np.log(width.astype(np.float64) * height))
    return outside, lambda row: f"Is {width[row]} x {height[row]} pixels, where about {usual} x {usual} is usual."


def _texts(evidence: Evidence) -> tuple[npt.NDArray[Any], Callable[[int], str]]:
    size = np.array([len(text) for text in texts_of(evidence)], dtype=np.float64)
    outside, usual = _outside(np.log(np.maximum(size, 1)))

    def words(row: int) -> str:
        return f"Has {size[row]:,.0f} {'character' if size[row] == 1 else 'characters'}, where about {usual:,} are usual."

    return outside, words


def _outside(size: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], int]:
    """Give the interquartile ranges that logarithms lie outside the quartiles, and the median size."""
    q1, middle, q3 = np.quantile(size, [0.25, 0.5, 0.75]) if len(size) else (0.0, 0.0, 0.0)
    return np.maximum(np.maximum(q1 - size, size - q3), 0) / max(q3 - q1, np.log(2) / 3), round(float(np.exp(middle)))
