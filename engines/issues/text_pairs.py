"""Score pairs of texts that say nearly the same in nearly the same words, relative to how alike texts of this data set are."""

from __future__ import annotations

import numpy as np

from engines.artifacts import Float32
from engines.issues.candidates import Pairs, Rows, graph_pairs, together
from engines.issues.near_pairs import GRAPH_REACH, IDENTICAL, MIN_SCORE, Scored, within
from engines.issues.shingles import sketch_pairs, sketches
from engines.issues.wording import Wordings
from engines.protocols import Evidence, Progress, part

UNIT = 2.5
"""Score per unit of ln(usual / found): texts differ in steps of a word, so that five times closer (score 4) is what 55 times is for pictures."""
WORDLESS = 9.0
USUAL_RANK = 10
FLOOR = 0.5
"""The usual distance is at least this, so that many copies of one text do not become the usual."""
RANDOM = 0.95
"""The usual distance where a text met fewer others than ``USUAL_RANK``: hardly a word in common."""
SMALLEST = 0.02
LOOSE = 0.45
"""Distance of the bags of words from which slips cannot explain the rest."""
BEST = 3
"""Partners per text that are compared word by word; the others keep the distance of their bags of words."""
REPORT_WORDS = 50_000
"""Words that are compared one by one between two reports: less than a tenth of a second."""


def text_pairs(evidence: Evidence, rows: Rows, progress: Progress) -> Scored:
    """Score pairs among ``rows`` (one row per content, ascending) of a data set of texts.

    Candidates share shingles or are neighbors by their vectors. The score is ``UNIT`` * ln(usual / found) of the distance of their words
    (see ``Wordings``): usual is that to the 10th most alike candidate, found forgives slips of the keys and counts the order. Texts that
    differ in case, spacing or punctuation only score ``IDENTICAL``. A paraphrase in other words is far, whatever its vector says.
    """
    media = evidence.dataset.media.column("media")
    texts = [str(text) for text in media.take(rows).to_pylist()]
    wordings = Wordings.of(texts, part(progress, 0.0, 0.17))
    worded = np.diff(wordings.ends) > 0
    same = wordings.same(part(progress, 0.17, 0.18))
    joined = wordings.joined(part(progress, 0.18, 0.2))
    sketch = sketches(joined, part(progress, 0.2, 0.3))
    proposals = [sketch_pairs(sketch, part(progress, 0.3, 0.35)), same]
    if evidence.graph is not None:
        proposals.append(within(graph_pairs(evidence.graph, GRAPH_REACH, None, part(progress, 0.35, 0.36)), rows))
    progress(0.36, "near duplicates: candidates")
    a, b = together(*proposals)
    both = worded[a] & worded[b]
    a, b = a[both], b[both]
    found = wordings.distance(a, b, part(progress, 0.36, 0.5))
    progress(0.5, "near duplicates: comparing")
    usual = _usual(found, (a, b), len(texts), progress)
    found = _word_by_word(wordings, (a, b), found, progress)
    score = UNIT * np.log(np.sqrt(usual[a] * usual[b]) / np.maximum(found, SMALLEST))
    score = np.concatenate([np.minimum(score, WORDLESS), np.full(len(same[0]), IDENTICAL)])
    a, b = np.concatenate([a, same[0]]), np.concatenate([b, same[1]])
    strong = score >= MIN_SCORE
    return Scored(rows[a[strong]], rows[b[strong]], score[strong].astype(np.float32), 0.0)


def _usual(found: Float32, pairs: Pairs, n: int, progress: Progress) -> Float32:
    """Give for each text (n) the distance to the 10th most alike of those that it met."""
    row, distance = np.concatenate(pairs), np.concatenate([found, found])
    order = np.lexsort((distance, row))
    progress(0.5, "near duplicates: comparing")
    place = np.searchsorted(row[order], np.arange(n)) + USUAL_RANK - 1
    there = (
        (place < len(order)) & (row[order][np.minimum(place, len(order) - 1)] == np.arange(n))
        if len(order)
        else np.zeros(n, bool)
    )
    usual = np.full(n, RANDOM, dtype=np.float32)
    usual[there] = distance[order][place[there]]
    return np.maximum(usual, np.float32(FLOOR))


def _word_by_word(wordings: Wordings, pairs: Pairs, found: Float32, progress: Progress) -> Float32:
    """Replace the distance of the bags of words of pairs that may be near duplicates by the cost of turning one into the other."""
    a, b = pairs
    rank = _rank(a, found)
    progress(0.5, "near duplicates: comparing")
    rank = np.minimum(rank, _rank(b, found))
    close = np.flatnonzero((found <= LOOSE) & (rank < BEST))
    exact = found.copy()
    size = np.diff(wordings.ends)
    done = np.cumsum(size[a[close]] + size[b[close]]) // REPORT_WORDS
    report = np.diff(done, prepend=-1) > 0
    for number, pair in enumerate(close.tolist()):
        if report[number]:
            progress(0.5 + 0.5 * number / len(close), "near duplicates: comparing words")
        exact[pair] = wordings.cost(int(a[pair]), int(b[pair]))
    return exact


def _rank(row: Rows, distance: Float32) -> Rows:
    """Give the place (0 = closest) that each pair has among the pairs of its row."""
    order = np.lexsort((distance, row))
    ranked = row[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(row) else np.zeros(0, np.int64)
    rank = np.empty(len(row), dtype=np.int64)
    rank[order] = np.arange(len(row)) - np.repeat(starts, np.diff(np.r_[starts, len(row)]))
    return rank
