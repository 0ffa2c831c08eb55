"""Rank documents by the words of a query (BM25)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

from engines.artifacts import Float32
from engines.protocols import Progress
from engines.tokens import stem_of, words_of

K1, B = 1.2, 0.75
BLOCK = 8192
READ = 20_000
"""Letters of a document that are read."""


@dataclass(frozen=True, eq=False)
class Index:
    """Which document holds which word how often, weighted: ``weights`` (documents, words) gives what a word adds to a score.

    The weight of word t in document d is idf(t) f (k1 + 1) / (f + k1 (1 - b + b |d| / mean |d|)) with f how often d holds t, k1 = 1.2,
    b = 0.75 and idf(t) = ln(1 + (N - n + 0.5) / (n + 0.5)), n documents holding t (Robertson and Zaragoza 2009, "The Probabilistic
    Relevance Framework", eq. 3.15; the 1 inside of the logarithm keeps frequent words from counting against a document).
    """

    place: dict[str, int] = field(repr=False)
    weights: csc_array = field(repr=False)

    def known(self, query: str) -> list[str]:
        """List the words of a query that some document holds."""
        return [word for word in dict.fromkeys(map(stem_of, words_of(query, numbers=True))) if word in self.place]

    def unknown(self, query: str) -> list[str]:
        """List the words of a query, as typed, that no document holds."""
        return [word for word in dict.fromkeys(words_of(query, numbers=True)) if stem_of(word) not in self.place]

    def scores(self, query: str) -> Float32:
        """Score all documents, zero where no word of the query stands."""
        columns = [self.place[word] for word in self.known(query)]
        total = np.asarray(self.weights[:, columns].sum(axis=1), dtype=np.float32)
        return total.reshape(self.weights.shape[0])

    def whole(self, query: str) -> npt.NDArray[np.bool_]:
        """Tell which documents hold every known word of the query; none where no word is known."""
        columns = [self.place[word] for word in self.known(query)]
        if not columns:
            return np.zeros(self.weights.shape[0], dtype=bool)
        held = (self.weights[:, columns] > 0).sum(axis=1)
        whole: npt.NDArray[np.bool_] = np.asarray(held).reshape(-1) == len(columns)
        return whole


def build(documents: Sequence[str | None], progress: Progress) -> Index:
    """Read documents; None holds no word."""
    place: dict[str, int] = {}
    rows: list[npt.NDArray[np.int32]] = []
    columns: list[npt.NDArray[np.int32]] = []
    counts: list[npt.NDArray[np.float32]] = []
    lengths = np.zeros(len(documents), dtype=np.float64)
    for start in range(0, len(documents), BLOCK):
        progress(start / len(documents), f"reading words: {start:,} of {len(documents):,}")
        here_rows, here_columns, here_counts = [], [], []
        for row in range(start, min(start + BLOCK, len(documents))):
            found = Counter(map(stem_of, words_of((documents[row] or "")[:READ], numbers=True)))
            lengths[row] = found.total()
            for word, count in found.items():
                here_rows.append(row)
                here_columns.append(place.setdefault(word, len(place)))
                here_counts.append(count)
        rows.append(np.array(here_rows, dtype=np.int32))
        columns.append(np.array(here_columns, dtype=np.int32))
        counts.append(np.array(here_counts, dtype=np.float32))
    if not place:
        return Index({}, csc_array((len(documents), 0), dtype=np.float32))
    at, column, often = np.concatenate(rows), np.concatenate(columns), np.concatenate(counts)
    holding = np.bincount(column, minlength=len(place))
    idf = np.log1p((len(documents) - holding + 0.5) / (holding + 0.5))
    mean = lengths.sum() / max(int((lengths > 0).sum()), 1)
    weight = idf[column] * often * (K1 + 1) / (often + K1 * (1 - B + B * lengths[at] / mean))
    shape = (len(documents), len(place))
    return Index(place, csc_array((weight.astype(np.float32), (at, column)), shape=shape))


__all__ = ["Index", "build"]
