"""Find what repeats, for every check that asks about duplicates: equal contents, and scored pairs of near duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import Int32
from engines.issues.exact_duplicate import content_of, groups_of
from engines.issues.near_pairs import Scored, picture_pairs, vector_pairs
from engines.issues.result import pair_table
from engines.issues.text_pairs import text_pairs
from engines.protocols import Evidence, Progress, part


@dataclass(frozen=True)
class Duplicates:
    """What repeats in a data set.

    ``exact``: number of the group of equal contents of each row (n), -1 = none; ``near``: pairs of rows of different content with scores
    (``PAIR_SCHEMA``); ``least_cut``: score below which a pair means nothing in this data set.
    """

    exact: Int32
    near: pa.Table
    least_cut: float


_latest: dict[str, Duplicates] = {}
_lock = Lock()


def duplicates(evidence: Evidence, seed: int, progress: Progress) -> Duplicates | None:
    """Find the duplicates; None where there is neither picture nor text nor vector to compare.

    The latest answer is kept, since three checks ask the same question one after the other.
    """
    key = "|".join([*evidence.keys(("pictures", "neighbors", "vectors")), str(len(evidence.dataset)), str(seed)])
    with _lock:
        if key in _latest:
            return _latest[key]
        found = _search(evidence, seed, progress)
        if found is not None:
            _latest.clear()
            _latest[key] = found
        return found


def _search(evidence: Evidence, seed: int, progress: Progress) -> Duplicates | None:
    content = content_of(evidence, part(progress, 0.0, 0.0))
    if content is None or not (evidence.facts or evidence.graph or evidence.has("texts")):
        return None
    progress(0.0, "near duplicates")
    first, copies = _contents(content)
    if evidence.facts is not None:
        scored = picture_pairs(evidence, first, seed, progress)
    elif evidence.has("texts"):
        scored = text_pairs(evidence, first, progress)
    else:
        assert evidence.graph is not None
        scored = vector_pairs(evidence.graph, first, progress)
    progress(1.0, "near duplicates: copies")
    near = _with_copies(scored, copies)
    progress(1.0, "near duplicates: groups")
    return Duplicates(groups_of(content), near, scored.least_cut)


def _contents(content: Int32) -> tuple[npt.NDArray[np.int64], dict[int, list[int]]]:
    """Give the first row of each content, ascending, and for those that repeat all their rows."""
    _, first, inverse, count = np.unique(content, return_index=True, return_inverse=True, return_counts=True)
    number = inverse.ravel()
    copies: dict[int, list[int]] = {}
    for row in np.flatnonzero(count[number] > 1).tolist():
        copies.setdefault(int(first[number[row]]), []).append(row)
    return np.sort(first).astype(np.int64), copies


def _with_copies(scored: Scored, copies: dict[int, list[int]]) -> pa.Table:
    """Add to each pair of contents the pairs of their exact copies: each copy with the first row of the other content."""
    a, b, score = list[int](), list[int](), list[float]()
    first = np.fromiter(copies, dtype=np.int64, count=len(copies))
    copied = np.isin(scored.a, first) | np.isin(scored.b, first)
    for one, other, value in zip(*(side[copied].tolist() for side in (scored.a, scored.b, scored.score)), strict=True):
        more = [(copy, other) for copy in copies.get(one, [])[1:]] + [(one, copy) for copy in copies.get(other, [])[1:]]
        a += [left for left, _ in more]
        b += [right for _, right in more]
        score += [value] * len(more)
    return pair_table(
        np.concatenate([scored.a, np.array(a, dtype=np.int64)]),
        np.concatenate([scored.b, np.array(b, dtype=np.int64)]),
        np.concatenate([scored.score, np.array(score, dtype=np.float32)]),
    )
