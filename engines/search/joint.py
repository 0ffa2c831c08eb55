"""Search pictures by words with an encoder that places both in one space."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from engines.artifacts import Float32
from engines.errors import ParameterError
from engines.parameters import engine
from engines.prompts import ORDINARY, placed, unit, without_common
from engines.protocols import Progress, Ranking, SearchSpace, no_progress
from engines.search.found import Placed, above, best_of, cleaned, cut_of, shortened

BLOCK = 16384
FLOOR = 0.4
"""How well the best rows must fit a query, as a part of how well those of the ordinary words fit that are there (the best tenth)."""
WAY = 0.65
"""Part of the way to the best rows from which a row is found: rows with one of two words come halfway."""
SAMPLE = 16384
"""Rows on which that is measured."""
_ORDINARY = Placed()


@engine
class Joint:
    """Rank pictures by the cosine between a picture and the query, without what all pictures and all texts have in common.

    The query is put to the text tower in several prompts (Radford et al. 2021, arXiv:2103.00020). Pictures and texts lie in different parts
    of such a space (Liang et al. 2022, arXiv:2203.02053): the mean of the pictures is taken off, and of the query its part along the mean of
    some ordinary words, so that a score of zero is "no more than anything else".
    """

    name: ClassVar[str] = "joint"

    @classmethod
    def fits(cls, space: SearchSpace) -> bool:
        """Tell whether the rows are pictures whose encoder has a text tower."""
        return space.dataset.kind == "pictures" and space.embed_query is not None

    def __call__(self, query: str, space: SearchSpace, *, progress: Progress = no_progress) -> Ranking:
        """Score every row against the query.

        Raises:
            ParameterError: when the encoder of the rows has no text tower.
        """
        if space.embed_query is None:
            raise ParameterError("the encoder of the pictures cannot read words", "encode them with CLIP or SigLIP")
        asked = cleaned(query)
        vectors = space.embeddings.vectors
        n = len(vectors)
        if not asked or not n:
            nothing = np.zeros(n, dtype=np.float32)
            return Ranking(scores=nothing, cut=above(nothing), engine=self.name, notes=("There are no words to search for.",))
        embed = space.embed_query

        ordinary = _ORDINARY(ORDINARY, lambda words: placed(words, embed), progress)
        progress(0.5, "comparing pictures")
        placed_query = placed([asked], embed)
        wanted = without_common(placed_query, ordinary)
        # Words that the text tower does not know leave it where all words lie.
        if float(np.linalg.norm(wanted)) <= 1e-3 * float(np.linalg.norm(placed_query)):
            nothing = np.zeros(n, dtype=np.float32)
            note = f"The encoder does not know a word of “{shortened(asked)}”."
            return Ranking(scores=nothing, cut=above(nothing), engine=self.name, notes=(note,))
        center = _center(vectors)
        scores = _cosines(vectors, center, unit(wanted), progress)[:, 0]
        sample = vectors[np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64))]
        levels = [best_of(one) for one in _cosines(sample, center, unit(without_common(ordinary, ordinary)), no_progress).T]
        cut = cut_of(scores, FLOOR * float(np.quantile(levels, 0.9)), way=WAY)
        notes = [f"Pictures that {space.embeddings.encoder} places near “{shortened(asked)}”."]
        if cut > float(scores.max()):
            notes.append("None fits clearly better than pictures fit words that do not show.")
        return Ranking(scores=scores, cut=cut, engine=self.name, notes=tuple(notes))


def _center(vectors: Float32) -> Float32:
    """Give the mean of the rows, each of length one; zeros for a single row, which would be its own mean."""
    total = np.zeros(vectors.shape[1], dtype=np.float64)
    for start in range(0, len(vectors), BLOCK):
        total += unit(np.asarray(vectors[start : start + BLOCK], dtype=np.float32)).sum(axis=0)
    return np.asarray(total / len(vectors) if len(vectors) > 1 else 0 * total, dtype=np.float32)


def _cosines(vectors: Float32, center: Float32, texts: Float32, progress: Progress) -> Float32:
    """Give (rows, texts): cosines of centered rows with texts, in blocks of rows."""
    found = np.empty((len(vectors), len(texts)), dtype=np.float32)
    for start in range(0, len(vectors), BLOCK):
        progress(0.5 + 0.5 * start / len(vectors), "comparing pictures")
        block = unit(unit(np.asarray(vectors[start : start + BLOCK], dtype=np.float32)) - center)
        found[start : start + BLOCK] = block @ texts.T
    return found


__all__ = ["Joint"]
