"""Search texts by what they mean, and by their words where these are the ones that were typed."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from engines.artifacts import Float32
from engines.errors import ParameterError
from engines.parameters import engine
from engines.prompts import unit
from engines.protocols import Progress, Ranking, SearchSpace, no_progress, part
from engines.search.found import above, cleaned, cut_of, shortened
from engines.search.words import index_of

BLOCK = 16384
EXACT = 0.25
"""What the words themselves add for the text that holds them best; more of it costs more than it finds."""
WAY = 0.6
"""Part of the way from the ordinary text to the best ones from which a text is found."""
FLOOR = 0.35
"""Score below which no text counts as found: what words without a meaning here reach by chance."""


@engine
class Meaning:
    """Rank texts by the cosine of their vectors with the query's, plus a quarter of their BM25 score as a part of the best one's.

    Rows and query are centered on the mean of the rows, so that zero means "no more than any other text", for encoders as well whose
    vectors all point one way.
    """

    name: ClassVar[str] = "meaning"

    @classmethod
    def fits(cls, space: SearchSpace) -> bool:
        """Tell whether the rows are texts whose encoder can place further texts."""
        return space.dataset.kind == "texts" and space.embed_query is not None

    def __call__(self, query: str, space: SearchSpace, *, progress: Progress = no_progress) -> Ranking:
        """Score every row against the query.

        Raises:
            ParameterError: when the encoder of the rows cannot place a query among them.
        """
        if space.embed_query is None:
            raise ParameterError("the encoder of the texts cannot place a query among them", "search by words")
        asked = cleaned(query)
        vectors = space.embeddings.vectors
        if not asked or not len(vectors):
            nothing = np.zeros(len(vectors), dtype=np.float32)
            return Ranking(scores=nothing, cut=above(nothing), engine=self.name, notes=("There are no words to search for.",))
        wanted = unit(np.asarray(space.embed_query([asked]), dtype=np.float32))[0]
        index = index_of(space.dataset, part(progress, 0.1, 0.6))
        words = index.scores(asked)
        exact = words / max(float(words.max()), 1e-9)
        scores = _cosines(vectors, wanted, part(progress, 0.6, 1.0)) + np.float32(EXACT) * exact
        cut = cut_of(scores, FLOOR, way=WAY)
        notes = [f"Texts that mean something like “{shortened(asked)}”; those with its words first."]
        if cut > float(scores.max()):
            notes.append("None is clearly nearer to it than texts are to words that mean nothing here.")
        return Ranking(scores=scores, cut=cut, engine=self.name, notes=tuple(notes))


def _cosines(vectors: Float32, wanted: Float32, progress: Progress) -> Float32:
    total = np.zeros(vectors.shape[1], dtype=np.float64)
    for start in range(0, len(vectors), BLOCK):
        total += unit(np.asarray(vectors[start : start + BLOCK], dtype=np.float32)).sum(axis=0)
    center = (total / len(vectors) if len(vectors) > 1 else 0 * total).astype(np.float32)
    toward = unit((wanted - center)[None])[0]
    found = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), BLOCK):
        progress(start / len(vectors), "comparing texts")
        block = unit(np.asarray(vectors[start : start + BLOCK], dtype=np.float32))
        found[start : start + BLOCK] = unit(block - center) @ toward
    return found


__all__ = ["Meaning"]
