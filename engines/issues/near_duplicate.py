"""Find rows that show the same thing in another encoding, size, crop or brightness, or say the same in nearly the same words."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import IssueResult
from engines.issues.duplicates import duplicates
from engines.issues.keep import keep_order, kept_of, listed
from engines.issues.near_pairs import IDENTICAL
from engines.issues.result import Finding, make, skip, worth_a_reason
from engines.issues.wording import differences, words_of
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, part

SCALE = 1.0
PAIRS_AT_ONCE, REPORT_EVERY = 50_000, 500
MOST_LETTERS = 30
"""Letters of a word that a reason quotes."""


@engine
class NearDuplicate:
    """Score a row by its most alike partner of other content: ln of how much closer the two are than is usual here.

    Pictures: candidates by perceptual hashes (dhash, phash) and by the nearest vectors, verified by the correlation of small gray copies
    after alignment, relative to the 10th most alike pictures of both, plus the cosine distance relative to theirs. Pictures that are merely
    similar (the same pose, one burst, digits) have many others as similar, and flat pictures have nothing to correlate.

    Texts: candidates by shingles (MinHash) and by the nearest vectors, compared by their words: rare ones weigh more, slips of the keys and
    changes of order less, case, spacing and punctuation nothing, relative to the 10th most alike texts of both. Nearness of the vectors
    proves nothing there: a paraphrase is nearer than a text with a slip. Otherwise: vectors alone.

    Exact duplicates are not paired with one another, but stand in the groups of their near duplicates.
    """

    name: ClassVar[str] = "near_duplicate"
    version: ClassVar[int] = 3
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ("pictures", "texts", "neighbors", "vectors", "labels")
    scope: ClassVar[str] = "row"

    cut: Annotated[
        float, Range(0.5, 9), Doc("score from which a pair is flagged; 4 = about 55 times closer than usual, texts 5 times")
    ] = 4.0
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the sample that says what is usual")] = 0

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every row."""
        n = len(evidence.dataset)
        found = duplicates(evidence, self.seed, part(progress, 0.0, 0.9))
        if found is None:
            return skip(self, evidence, "needs pictures, texts or vectors")
        cut, pairs = max(self.cut, found.least_cut), found.near
        a, b, score = (pairs.column(name).to_numpy() for name in ("a", "b", "score"))
        raw = np.zeros(n, dtype=np.float32)
        np.maximum.at(raw, a, score)
        np.maximum.at(raw, b, score)
        draft = make(self, evidence, Finding(raw=raw, cut=cut, scale=SCALE, pairs=pairs))
        progress(0.91, "near duplicates: groups")
        suggestions = _suggest(evidence, draft)
        reasons = _reasons(evidence, raw, cut, pairs, part(progress, 0.92, 1.0))
        progress(1.0, "near duplicates")
        notes: dict[str, Any] = {"pairs": pairs.num_rows, "groups": int(draft.groups().max(initial=-1)) + 1}
        finding = Finding(raw=raw, cut=cut, scale=SCALE, suggestions=suggestions, reasons=reasons, pairs=pairs, notes=notes)
        return make(self, evidence, finding)


def _suggest(evidence: Evidence, draft: IssueResult) -> dict[int, str]:
    groups = draft.groups()
    if not (groups >= 0).any():
        return {}
    ids = evidence.dataset.ids
    kept = kept_of(groups, keep_order(evidence))
    return {row: ids[best] for row, best in kept.items()}


def _reasons(
    evidence: Evidence, raw: npt.NDArray[np.float32], cut: float, pairs: pa.Table, progress: Progress
) -> dict[int, str]:
    """Name, for each row worth it, the partner that it is most alike, and how alike."""
    wanted = np.zeros(len(raw), dtype=bool)
    wanted[worth_a_reason(raw, cut, SCALE)] = True
    sides = [pairs.column(name).to_numpy() for name in ("a", "b", "score")]
    some = wanted[sides[0]] | wanted[sides[1]]
    partners: dict[int, list[tuple[float, int]]] = {}
    for number, (a, b, score) in enumerate(zip(*(side[some].tolist() for side in sides), strict=True)):
        if number % PAIRS_AT_ONCE == 0:
            progress(0.0, "near duplicates: partners")
        for row, other in ((a, b), (b, a)):
            if wanted[row]:
                partners.setdefault(row, []).append((-score, other))
    ids = evidence.dataset.ids if partners else []
    texts = evidence.has("texts")
    reasons = {}
    for number, (row, found) in enumerate(partners.items()):
        if number % REPORT_EVERY == 0:
            progress(number / len(partners), "near duplicates: reasons")
        best = sorted(found)
        score, partner = -best[0][0], best[0][1]
        names = listed([ids[other] for value, other in best if -value >= min(cut, score)])
        reasons[row] = (
            _of_texts(evidence, (row, partner), ids[partner], score, names)
            if texts
            else _other(evidence, ids[partner], score, names)
        )
    return reasons


def _other(evidence: Evidence, name: str, score: float, names: str) -> str:
    """Say how near a picture, or a vector, is."""
    if score >= IDENTICAL:
        pictures = evidence.facts is not None
        return (
            f"Has the same pixels as {name}, in another file."
            if pictures
            else f"Has the same vector as {name}, up to its length."
        )
    times = float(np.exp(score))
    how = "over 100" if times > 100 else f"about {times:.0f}"
    return f"Shows nearly the same as {names}: {how} times closer than is usual here."


def _of_texts(evidence: Evidence, pair: tuple[int, int], name: str, score: float, names: str) -> str:
    """Say which words differ from those of the most alike text."""
    if score >= IDENTICAL:
        return f"Has the same words as {name}, in other case, spacing or punctuation."
    more, less = differences(*(words_of(str(evidence.dataset.media_of(row))) for row in pair))
    if not more and not less:
        return f"Has the same words as {name}, in another order."
    changes = [f"{how} {_quoted(words)}" for how, words in (("with", more), ("without", less)) if words]
    also = "" if names == name else f", most of all {name}"
    return f"Has nearly the same words as {names}{also}: {', '.join(changes)}."


def _quoted(words: list[str]) -> str:
    return listed([f"“{word[:MOST_LETTERS]}”" for word in words])
