"""Search texts, captions, labels and file names by their words."""

from __future__ import annotations

import re
from threading import Lock
from typing import ClassVar

import numpy as np
import pyarrow as pa

from engines.artifacts import Dataset
from engines.parameters import engine
from engines.protocols import Progress, Ranking, SearchSpace, no_progress
from engines.search.bm25 import Index, build
from engines.search.found import above, cleaned, shortened

MOST = 2
"""Indexes that are kept in memory."""
_EDGE = re.compile(r"(?<=[a-z])(?=[A-Z])|[_/\\.-]+|(?<=\D)(?=\d)|(?<=\d)(?=\D)")
_indexes: dict[str, Index] = {}
_lock = Lock()


def index_of(dataset: Dataset, progress: Progress) -> Index:
    """Index the texts or captions of a data set, once; what else is said in columns of words is left to filters."""
    return _kept(f"said {dataset.media_key} {dataset.columns_key}", dataset, progress)


@engine
class Words:
    """Rank texts, and rows with captions, by BM25: exact words, with the plainest plural endings folded.

    A row is found when it scores no less than the least of those that hold all words of the query that occur at all; where no row holds
    them all, when it scores half as much as the best one.
    """

    name: ClassVar[str] = "words"

    @classmethod
    def fits(cls, space: SearchSpace) -> bool:
        """Tell whether at least half of the rows are texts or have a caption."""
        if space.dataset.kind == "texts":
            return True
        rows = space.dataset.rows
        return "caption" in rows.column_names and rows.column("caption").null_count <= len(space.dataset) / 2

    def __call__(self, query: str, space: SearchSpace, *, progress: Progress = no_progress) -> Ranking:
        """Score every row against the query."""
        return _ranking(query, index_of(space.dataset, progress), self.name)


@engine
class FileNames:
    """Rank rows by BM25 over the words of their labels and file names: what is left where nothing else is said about them."""

    name: ClassVar[str] = "names"

    @classmethod
    def fits(cls, space: SearchSpace) -> bool:
        """Tell whether some row has a label or a file name."""
        rows = space.dataset.rows
        return any(rows.column(name).null_count < len(space.dataset) for name in ("label", "path"))

    def __call__(self, query: str, space: SearchSpace, *, progress: Progress = no_progress) -> Ranking:
        """Score every row against the query."""
        dataset = space.dataset
        index = _kept(f"names {dataset.media_key} {dataset.columns_key}", dataset, progress)
        ranking = _ranking(query, index, self.name)
        note = "Only the words of labels and file names were searched."
        return Ranking(scores=ranking.scores, cut=ranking.cut, engine=self.name, notes=(*ranking.notes, note))


def _kept(key: str, dataset: Dataset, progress: Progress) -> Index:
    with _lock:
        if key not in _indexes:
            index = build(_said(dataset) if key.startswith("said") else _named(dataset), progress)
            while len(_indexes) >= MOST:
                _indexes.pop(next(iter(_indexes)))
            _indexes[key] = index
        return _indexes[key]


def _said(dataset: Dataset) -> list[str | None]:
    found: list[str | None] = [None] * len(dataset)
    if dataset.kind == "texts":
        found = dataset.media.column("media").cast(pa.string()).to_pylist()
    if "caption" in dataset.own_columns:
        captions = dataset.rows.column("caption").cast(pa.string()).to_pylist()
        found = [" \n".join(filter(None, both)) for both in zip(found, captions, strict=True)]
    return found


def _named(dataset: Dataset) -> list[str | None]:
    rows = dataset.rows.select(["label", "path"]).to_pylist()
    return [_EDGE.sub(" ", f"{row['label'] or ''} {row['path'] or ''}") for row in rows]


def _ranking(query: str, index: Index, name: str) -> Ranking:
    asked = cleaned(query)
    scores = index.scores(asked)
    known, unknown = index.known(asked), index.unknown(asked)
    whole = index.whole(asked)
    notes: list[str] = []
    if not known:
        notes.append(f"No row holds a word of “{shortened(asked)}”." if asked else "There are no words to search for.")
        return Ranking(scores=scores, cut=above(scores), engine=name, notes=tuple(notes))
    if unknown:
        notes.append(f"No row holds {', '.join(f'“{shortened(word)}”' for word in unknown[:5])}.")
    if whole.any():
        cut = float(scores[whole].min())
    else:
        cut = float(np.max(scores)) / 2
        notes.append("No row holds all the words; shown are those that hold the most telling ones.")
    return Ranking(scores=scores, cut=cut, engine=name, notes=tuple(notes))


__all__ = ["FileNames", "Words", "index_of"]
