"""Find pictures in which there is next to nothing to see, and texts that say next to nothing."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import IssueResult
from engines.issues.looks import judge, texts_of
from engines.issues.result import skip
from engines.issues.wording import reported, words_of
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, part

MOST_LETTERS = 100_000
"""Letters of a text that are looked at."""


@engine
class LowInformation:
    """Score a picture by 1 minus a tenth of the entropy (bits) of its gray values, a text by 1 minus a tenth of its effective words.

    The measure of pictures is that of CleanVision (Apache-2.0), the cut that of cleanlab, turned so that high = bad. The effective number of
    words is exp of the entropy of its words (Hill 1973): 0 for digits and signs alone, 1 for one word however often, 2 for two in turn; so
    the cut of 0.85 flags texts of one word.
    """

    name: ClassVar[str] = "low_information"
    version: ClassVar[int] = 2
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ("pictures", "texts")
    scope: ClassVar[str] = "row"
    scale: ClassVar[float] = 0.08

    cut: Annotated[float, Range(0, 1), Doc("score from which a row is flagged")] = 0.85

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every row."""
        progress(0.0, self.name)
        if evidence.facts is not None:
            entropy = evidence.facts.column("entropy")
            raw = 1 - np.minimum(entropy / 10, 1)
            return judge(
                self,
                evidence,
                raw,
                lambda row: f"Its gray values hold {entropy[row]:.1f} bits per pixel, next to nothing.",
                progress,
            )
        if not evidence.has("texts"):
            return skip(self, evidence, "needs pictures or texts")
        texts = texts_of(evidence)
        found = np.zeros(len(texts))
        for row, text in reported(texts, part(progress, 0.0, 0.5), self.name):
            found[row] = effective_words(text)
        return judge(self, evidence, 1 - np.minimum(found / 10, 1), lambda row: _reason(texts[row]), progress)


def effective_words(text: str) -> float:
    """Give exp of the entropy of the words with letters in a text; 0 without any."""
    counts = np.array(list(_lettered(text).values()), dtype=np.float64)
    if not len(counts):
        return 0.0
    share = counts / counts.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def _lettered(text: str) -> Counter[str]:
    return Counter(word for word in words_of(text[:MOST_LETTERS]) if any(letter.isalpha() for letter in word))


def _reason(text: str) -> str:
    words = _lettered(text)
    if not words:
        return "Holds no word, only digits, signs or spaces."
    said = " and ".join(f"“{word[:30]}”" for word, _ in words.most_common(2))
    times = words.total()
    if len(words) == 1:
        return f"Says {said} only." if times == 1 else f"Says {said} {times:,} times and nothing else."
    return f"Says hardly more than {said}."
