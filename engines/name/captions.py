"""Name clusters by the words of their captions that set them apart (class-based TF-IDF)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from engines.name.candidates import Candidate, Members, Proposal, cover
from engines.protocols import Progress
from engines.tokens import CUT, ENGLISH, singular, words_of

BLOCK = 20000
KEPT = 12
"""Terms per cluster that are looked at."""


def terms_of(caption: str) -> set[str]:
    """List the words of a caption and its pairs of neighboring words, lower case, without stop words.

    A pair never reaches over punctuation or a stop word.
    """
    found: set[str] = set()
    for piece in CUT.split(caption):
        words = [word if word not in ENGLISH and len(word) > 1 else "" for word in words_of(piece)]
        found.update(word for word in words if word)
        found.update(f"{left} {right}" for left, right in pairwise(words) if left and right and left != right)
    return found


@dataclass(frozen=True)
class TermTable:
    """Which caption (row) holds which term: ``matrix`` 0/1 (rows, terms); ``captioned`` (rows) tells who has words at all."""

    terms: list[str]
    matrix: csr_array
    captioned: npt.NDArray[np.bool_]


def term_table(
    captions: Sequence[str | None], progress: Progress, *, terms_in: Callable[[str], set[str]] = terms_of
) -> TermTable:
    """Count terms; those of a single caption are left out, since they set no cluster apart."""
    found: list[set[str]] = []
    counts: Counter[str] = Counter()
    for start in range(0, len(captions), BLOCK):
        progress(start / max(len(captions), 1), "captions")
        for caption in captions[start : start + BLOCK]:
            found.append(terms_in(caption) if caption else set())
            counts.update(found[-1])
    folded = singular(counts)
    for plural, single in folded.items():
        counts[single] += counts[plural]
    terms = sorted(term for term, count in counts.items() if count > 1 and term not in folded)
    place = {term: number for number, term in enumerate(terms)}
    rows, columns = [], []
    for row, words in enumerate(found):
        here = {place[term] for term in (folded.get(word, word) for word in words) if term in place}
        rows.extend([row] * len(here))
        columns.extend(sorted(here))
    ones = np.ones(len(rows), dtype=np.float32)
    matrix = csr_array((ones, (rows, columns)), shape=(len(captions), len(terms)), dtype=np.float32)
    return TermTable(terms, matrix, np.array([bool(words) for words in found]))


def propose(captions: Sequence[str | None], clusters: Members, *, clear: float, progress: Progress) -> list[Proposal | None]:
    """Propose names for every cluster; None where fewer than half of its rows have a caption.

    The weight of term t in cluster c is p(t, c) log(1 + A / f(t)) with p the share of c's captions that hold t, f how often t occurs
    in all, A the mean number of terms per cluster (class-based TF-IDF: Grootendorst 2022, arXiv 2203.05794, eq. 2, on presence per
    caption, so that a word said twice counts once). A term is a clear name when it covers ``clear`` of the captions; where none does,
    two terms may cover them together.
    """
    table = term_table(captions, progress)
    counts = csr_array(clusters.matrix @ table.matrix)
    captioned = clusters.matrix @ table.captioned.astype(np.float32)
    overall = np.asarray(table.matrix.sum(axis=0), dtype=np.float64).ravel()
    finest = np.array(clusters.layer_of) == max(clusters.layer_of, default=0)
    rarity = np.log1p(overall.sum() / max(int(finest.sum()), 1) / np.maximum(overall, 1))
    rows = max(int(table.captioned.sum()), 1)
    proposals: list[Proposal | None] = []
    for number, size in enumerate(clusters.sizes):
        if captioned[number] < 0.5 * size:
            proposals.append(None)
            continue
        low, high = counts.indptr[number], counts.indptr[number + 1]
        here, held = counts.indices[low:high], counts.data[low:high]
        share = held / captioned[number]
        # A word that is no more frequent here than anywhere sets nothing apart; one cluster alone has nothing to be set apart from.
        apart = (share >= 1.3 * overall[here] / rows) | (captioned[number] > 0.7 * rows)
        order = np.argsort(-share * rarity[here] * apart, kind="stable")[:KEPT]
        ranked = {
            int(here[at]): Candidate(table.terms[here[at]], float(share[at]), float(held[at] / overall[here[at]]))
            for at in order
            if apart[at] and held[at] > 1
        }
        proposals.append(_proposal(_without_parts(ranked), table, clusters.rows(number), clear))
    return proposals


def _proposal(ranked: dict[int, Candidate], table: TermTable, rows: npt.NDArray[np.int64], clear: float) -> Proposal:
    # A rarer word may rank first; one that covers far less than another must not stand alone.
    least = max(clear, 0.75 * max((candidate.score for candidate in ranked.values()), default=0.0))
    candidates = [candidate for candidate in ranked.values() if candidate.score >= least]
    mixed = ""
    if not candidates:
        said = rows[table.captioned[rows]]
        joint = cover(np.asarray(table.matrix[said][:, list(ranked)].todense()), list(ranked.values()))
        mixed = joint.name if joint else ""
        # Two words say less than one, so they must say it of more.
        candidates = [joint] if joint and joint.score >= clear + 0.1 else []
    hints = [candidate for candidate in ranked.values() if candidate not in candidates]
    first = set(re.findall(r"[^\s,]+", candidates[0].name)) if candidates else set()
    second = next((other.name for other in ranked.values() if first and not first & set(other.name.split())), "")
    return Proposal("captions", candidates, hints, second, mixed)


def _without_parts(ranked: dict[int, Candidate]) -> dict[int, Candidate]:
    """Drop a word where a pair that holds it covers nearly as much: "hot" beside "hot pepper" says nothing more."""
    pairs = [candidate for candidate in ranked.values() if " " in candidate.name]
    return {
        term: candidate
        for term, candidate in ranked.items()
        if not any(
            candidate.name != pair.name and candidate.name in pair.name.split() and pair.score >= 0.8 * candidate.score
            for pair in pairs
        )
    }
