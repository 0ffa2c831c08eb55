"""Name clusters of texts by the words and pairs of words that most of a cluster and little else holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from engines.name.candidates import Candidate, Members, Proposal
from engines.name.captions import TermTable, term_table
from engines.protocols import Progress
from engines.tokens import CUT, WORD, stop_words, words_of

KEPT = 8
"""Terms per cluster that are looked at."""
READ = 4000
"""Letters of a text that are read: what it is about is said by then, and ten thousand long texts fit into memory."""
PAIRED = 0.25
"""Share of the texts with a word in which a pair must stand to speak for the word."""
OWN = 0.6
"""Share of the texts with such a pair that must lie in the cluster."""
RARE = 0.08
"""Share of a cluster's texts below which a term is an accident."""
ROOT = 5
"""Letters at the beginning that forms of a word share."""
SPOKEN = 200
"""Texts of a cluster that tell how its words are written."""


def propose(texts: Sequence[str | None], clusters: Members, *, clear: float, progress: Progress) -> list[Proposal | None]:
    """Propose names for every cluster; None where fewer than half of its rows have words.

    People say one thing in many words, so a term rarely covers much of a cluster; hence terms are ranked by the harmonic mean of the
    share p(t, c) of the cluster's texts that hold the term and the share of the texts with the term that lie in the cluster, which is
    class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794, eq. 2) with both its factors on one scale. A word that stands mostly
    beside the same other word is named with it ("exchange rate"); one that does not is joined with the next term ("fee, ATM"). A name
    is clear when its term stands in ``clear`` of the texts, or one of its two terms in a tenth more. Stop words follow the languages of the texts.
    """
    terms_in = partial(terms_of, without=stop_words(texts, sentences=True))
    table = term_table(texts, progress, terms_in=terms_in)
    counts = csr_array(clusters.matrix @ table.matrix)
    worded = clusters.matrix @ table.captioned.astype(np.float32)
    overall = np.asarray(table.matrix.sum(axis=0), dtype=np.float64).ravel()
    proposals: list[Proposal | None] = []
    for number, size in enumerate(clusters.sizes):
        if not worded[number] or worded[number] < 0.5 * size:
            proposals.append(None)
            continue
        low, high = counts.indptr[number], counts.indptr[number + 1]
        here, held = counts.indices[low:high], counts.data[low:high].astype(np.float64)
        ranked = _ranked(table, here, held / worded[number], held / overall[here])
        rows = clusters.rows(number)
        said = [text for row in rows[:: max(len(rows) // SPOKEN, 1)][:SPOKEN] if (text := texts[row])]
        proposals.append(_proposal(ranked, table, rows, clear, written(said)))
    return proposals


def terms_of(text: str, *, without: frozenset[str] = frozenset()) -> set[str]:
    """List the words of a text and its pairs of words that follow one another, stop words passed over, never over punctuation."""
    found: set[str] = set()
    for piece in CUT.split(text[:READ]):
        words = [word for word in words_of(piece) if word not in without and len(word) > 1]
        found.update(words)
        found.update(f"{left} {right}" for left, right in pairwise(words) if left != right)
    return found


def written(texts: Sequence[str]) -> dict[str, str]:
    """Tell how words are written that mostly are not written in lower case, where that says something ("UK", "iPhone").

    Words at the beginning of a sentence do not count, and nothing does where most words are capitalized, as in titles.
    """
    forms: dict[str, Counter[str]] = {}
    total, capital = 0, 0
    for text in texts:
        for piece in CUT.split(text[:READ]):
            for word in WORD.findall(piece)[1:]:
                forms.setdefault(word.lower(), Counter())[word] += 1
                total, capital = total + 1, capital + (not word.islower())
    if capital > 0.5 * total:
        return {}
    return {word: form for word, counts in forms.items() if word != (form := counts.most_common(1)[0][0]) and word != "i"}


def _ranked(
    table: TermTable, here: npt.NDArray[np.int32], share: npt.NDArray[np.float64], found: npt.NDArray[np.float64]
) -> list[tuple[int, Candidate]]:
    """Give the best terms with their numbers; pairs stand behind their words, which hold them."""
    fit = np.where(share >= RARE, 2 * share * found / np.maximum(share + found, 1e-9), 0.0)
    # A text of three words that are said together has three terms of the same fit: the longest says most.
    long = np.array([" " in table.terms[term] for term in here], dtype=bool)
    order = np.lexsort((~long, -fit))[:KEPT]
    return [
        (int(here[at]), Candidate(table.terms[here[at]], float(share[at]), float(found[at]))) for at in order if fit[at] > 0
    ]


def _proposal(
    ranked: list[tuple[int, Candidate]], table: TermTable, rows: npt.NDArray[np.int64], clear: float, spelled: dict[str, str]
) -> Proposal:
    place = {term: number for number, (term, _) in enumerate(ranked)}
    held = np.asarray(table.matrix[rows][:, list(place)].todense()) > 0 if ranked else np.zeros((len(rows), 0), dtype=bool)
    worded = max(int(table.captioned[rows].sum()), 1)

    def joined(parts: Sequence[int], behind: Sequence[int]) -> Candidate:
        words = [" ".join(spelled.get(word, word) for word in ranked[part][1].name.split()) for part in parts]
        score = float(held[:, list(behind)].any(axis=1).sum() / worded)
        return Candidate(", ".join(words), score, min(ranked[part][1].found for part in behind))

    names = [joined(*parts) for parts in _names([candidate for _, candidate in ranked])]
    words = [joined([number], [number]) for number in range(len(ranked))]
    # Two terms say less than one, so they must say it of more.
    candidates = [name for name in dict.fromkeys(names) if name.score >= clear + (0.1 if "," in name.name else 0.0)]
    hints = [word for word in words if word not in candidates]
    first = candidates[0].name.replace(",", "").split() if candidates else []
    second = next((word.name for word in words if first and not _akin(first, word.name.split())), "")
    return Proposal("texts", candidates, hints, second, "" if candidates else ", ".join(word.name for word in words[:2]))


def _names(ranked: Sequence[Candidate]) -> Iterator[tuple[list[int], list[int]]]:
    """Propose names, best first: a word with its pair, else with the next word that shares none with it.

    Each is given as the terms that it is made of, and those that tell of how many texts it is true: the pair "verify identity" speaks for
    all texts with "identity", which say it in other words.
    """
    for lead, candidate in enumerate(ranked[:3]):
        own = candidate.name.split()
        pairs = [
            number
            for number, other in enumerate(ranked)
            if len(own) == 1
            and " " in other.name
            and own[0] in other.name.split()
            and other.score >= PAIRED * candidate.score
            and other.found >= OWN
        ]
        if pairs:
            yield [pairs[0]], [lead]
        elif len(own) > 1:
            yield [lead], [lead]
        others = [number for number, other in enumerate(ranked) if not _akin(own, other.name.split())]
        yield from (([lead, number], [lead, number]) for number in others[:2])
        yield [lead], [lead]


def _akin(some: Sequence[str], others: Sequence[str]) -> bool:
    """Tell whether two terms have a word in common, or forms of one word: "verify" and "verified", "friend" and "friends"."""
    return any(
        one.lower()[:ROOT] == other.lower()[:ROOT] or (min(len(one), len(other)) >= 4 and one.lower().startswith(other.lower()))
        for one in some
        for other in others
    )


__all__ = ["propose", "terms_of", "written"]
