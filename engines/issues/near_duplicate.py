"""Find rows that show the same thing in another encoding, size, crop or brightness."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import Int32, IssueResult
from engines.issues.exact_duplicate import content_of
from engines.issues.keep import keep_order, kept_of, listed
from engines.issues.near_pairs import IDENTICAL, Scored, picture_pairs, vector_pairs
from engines.issues.result import Finding, make, pair_table, skip, worth_a_reason
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, part

SCALE = 1.0


@engine
class NearDuplicate:
    """Score a row by its most alike partner of other content: ln of how much closer the two are than is usual here.

    Pictures: candidates by perceptual hashes (dhash, phash) and by the nearest vectors, verified by the correlation of small gray copies
    after alignment, relative to the 10th most alike pictures of both, plus the cosine distance relative to theirs. Pictures that are merely
    similar (the same pose, one burst, digits) have many others as similar, and flat pictures have nothing to correlate. Without pictures:
    vectors alone. Exact duplicates are not paired with one another, but stand in the groups of their near duplicates.
    """

    name: ClassVar[str] = "near_duplicate"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ("pictures", "neighbors", "vectors", "labels")
    scope: ClassVar[str] = "row"

    cut: Annotated[float, Range(0.5, 9), Doc("score from which a pair is flagged; 3.3 = about 27 times closer than usual")] = (
        3.3
    )
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the sample that says what is usual")] = 0

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every row."""
        n = len(evidence.dataset)
        content = content_of(evidence)
        if content is None or (evidence.facts is None and evidence.graph is None):
            return skip(self, evidence, "needs pictures or vectors")
        progress(0.0, "near duplicates")
        first, copies = _contents(content)
        if evidence.facts is not None:
            scored = picture_pairs(evidence, first, self.seed, part(progress, 0.0, 0.9))
        else:
            assert evidence.graph is not None
            scored = vector_pairs(evidence.graph, first)
        cut = max(self.cut, scored.least_cut)
        pairs = _with_copies(scored, copies)
        a, b, score = (pairs.column(name).to_numpy() for name in ("a", "b", "score"))
        raw = np.zeros(n, dtype=np.float32)
        np.maximum.at(raw, a, score)
        np.maximum.at(raw, b, score)
        draft = make(self, evidence, Finding(raw=raw, cut=cut, scale=SCALE, pairs=pairs))
        suggestions = _suggest(evidence, draft)
        reasons = _reasons(evidence, raw, cut, pairs)
        progress(1.0, "near duplicates")
        notes: dict[str, Any] = {"pairs": pairs.num_rows, "groups": int(draft.groups().max(initial=-1)) + 1}
        finding = Finding(raw=raw, cut=cut, scale=SCALE, suggestions=suggestions, reasons=reasons, pairs=pairs, notes=notes)
        return make(self, evidence, finding)


def _contents(content: Int32) -> tuple[npt.NDArray[np.int64], dict[int, list[int]]]:
    """Give the first row of each content, ascending, and for those that repeat all their rows."""
    _, first, inverse, count = np.unique(content, return_index=True, return_inverse=True, return_counts=True)
    copies: dict[int, list[int]] = {}
    for row in np.flatnonzero(count[inverse.ravel()] > 1).tolist():
        copies.setdefault(int(first[inverse.ravel()[row]]), []).append(row)
    return np.sort(first).astype(np.int64), copies


def _with_copies(scored: Scored, copies: dict[int, list[int]]) -> pa.Table:
    """Add to each pair of contents the pairs of their exact copies: each copy with the first row of the other content."""
    a, b, score = scored.a.tolist(), scored.b.tolist(), scored.score.tolist()
    for one, other, value in list(zip(a, b, score, strict=True)):
        for copy in copies.get(one, [])[1:]:
            a.append(copy)
            b.append(other)
            score.append(value)
        for copy in copies.get(other, [])[1:]:
            a.append(one)
            b.append(copy)
            score.append(value)
    return pair_table(np.array(a, dtype=np.int64), np.array(b, dtype=np.int64), np.array(score, dtype=np.float32))


def _suggest(evidence: Evidence, draft: IssueResult) -> dict[int, str]:
    ids = evidence.dataset.ids
    kept = kept_of(draft.groups(), keep_order(evidence))
    return {row: ids[best] for row, best in kept.items()}


def _reasons(evidence: Evidence, raw: npt.NDArray[np.float32], cut: float, pairs: pa.Table) -> dict[int, str]:
    """Name, for each row worth it, the partner that it is most alike, and how alike."""
    ids = evidence.dataset.ids
    wanted = set(worth_a_reason(raw, cut, SCALE).tolist())
    partners: dict[int, list[tuple[float, int]]] = {}
    for a, b, score in zip(*(pairs.column(name).to_pylist() for name in ("a", "b", "score")), strict=True):
        for row, other in ((a, b), (b, a)):
            if row in wanted:
                partners.setdefault(row, []).append((-score, other))
    reasons = {}
    for row, found in partners.items():
        best = sorted(found)
        names = listed([ids[other] for score, other in best if -score >= min(cut, -best[0][0])])
        if -best[0][0] < IDENTICAL:
            times = float(np.exp(-best[0][0]))
            how = "over 100" if times > 100 else f"about {times:.0f}"
            reasons[row] = f"Shows nearly the same as {names}: {how} times closer than is usual here."
        elif evidence.facts is not None:
            reasons[row] = f"Has the same pixels as {ids[best[0][1]]}, in another file."
        else:
            reasons[row] = f"Has the same vector as {ids[best[0][1]]}, up to its length."
    return reasons
