"""Name clusters of pictures by the words that a joint encoder of pictures and texts places nearest to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, Names
from engines.errors import ParameterError
from engines.keys import chain
from engines.name import labels
from engines.name.candidates import Candidate, Members, Proposal, members
from engines.name.distinct import distinct, names_of
from engines.name.vocabulary import own_words, vocabulary
from engines.parameters import Doc, Range, engine
from engines.prompts import unit, without_common
from engines.protocols import Evidence, Progress, no_progress, part
from engines.spaces import Lexicon

BLOCK = 8192
KEPT = 10
"""Words per cluster that are tried on its rows."""
CONTRAST = 0.5
"""How much of a word's fit to the nearest other cluster of the layer is taken off."""
OWN = 1.1
"""How much more the data set's own labels and a person's words count than nouns."""
SAMPLE = 16384
"""Rows on which the level of a word is measured."""
WORDS_BLOCK = 256
VOTERS = 256
"""Rows of a mixed cluster that are asked one by one."""

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Space:
    """Rows and words in one space, without what all rows and all words have in common, of length one (``words`` float32 (w, d))."""

    vectors: Float32
    center: Float32
    words: Float32
    _words_of: Sequence[str] = field(repr=False)

    def rows(self, chosen: npt.NDArray[np.int64] | slice) -> Float32:
        return unit(unit(np.asarray(self.vectors[chosen], dtype=np.float32)) - self.center)

    def blocks(self) -> Iterator[tuple[slice, Float32]]:
        for start in range(0, len(self.vectors), BLOCK):
            here = slice(start, min(start + BLOCK, len(self.vectors)))
            yield here, self.rows(here)

    def word(self, number: int) -> str:
        return self._words_of[number]


def propose(
    lexicon: Lexicon, vectors: Float32, clusters: Members, *, clear: float, own: Collection[str] = (), progress: Progress
) -> list[Proposal | None]:
    """Propose words for every cluster.

    Pictures and texts of such encoders lie apart (Liang et al. 2022, arXiv:2203.02053): rows are centered on their mean, words lose
    their part along the mean of all words, and both are scaled to length one. The fit of a word to a cluster is the mean cosine over the cluster's rows, less half of
    its fit to the nearest other cluster of the layer, so that siblings get words that tell them apart. A row counts as shown by a word
    where its cosine lies in the upper half between the ordinary row and the best rows of that word. A word is a clear name where it
    shows ``clear`` of the cluster's rows; how much of all that it shows lies in the cluster decides who gets it when two want it.
    A cluster without a clear name is called by the words that most of its rows, asked one by one, are nearest to.
    """
    if not len(lexicon) or not clusters.ids:
        return [None] * len(clusters.ids)
    space = _space(lexicon, vectors)
    progress(0.1, "words for clusters")
    fit = _fit(space, clusters, own)
    shortlist = np.argsort(-fit, axis=1, kind="stable")[:, :KEPT]
    tried, place = np.unique(shortlist, return_inverse=True)
    shown, overall = _shown(space, clusters, tried, part(progress, 0.2, 0.9))
    proposals: list[Proposal | None] = []
    for number, (words, at) in enumerate(zip(shortlist, place.reshape(shortlist.shape), strict=True)):
        progress(0.9 + 0.1 * number / len(shortlist), "words for clusters")
        size = clusters.sizes[number]
        ranked = [
            Candidate(
                space.word(int(word)), float(shown[number, column] / size), float(shown[number, column] / overall[column])
            )
            for word, column in zip(words, at, strict=True)
            if overall[column] and fit[number, word] > 0
        ]
        proposals.append(_proposal(ranked, clear) or _mixed(space, clusters.rows(number)))
    return proposals


def _space(lexicon: Lexicon, vectors: Float32) -> _Space:
    total = np.zeros(vectors.shape[1], dtype=np.float64)
    for start in range(0, len(vectors), BLOCK):
        total += unit(np.asarray(vectors[start : start + BLOCK], dtype=np.float32)).sum(axis=0)
    center = (total / max(len(vectors), 1)).astype(np.float32)
    words = unit(without_common(lexicon.vectors, lexicon.vectors))
    return _Space(vectors, center, words, lexicon.words.column("word").to_pylist())


def _fit(space: _Space, clusters: Members, own: Collection[str]) -> Scores:
    """Give (clusters, words): how well each word fits each cluster and none of its siblings."""
    by_row = clusters.matrix.tocsc()
    means = np.zeros((len(clusters.ids), space.words.shape[1]))
    for here, rows in space.blocks():
        means += by_row[:, here] @ rows
    fit: Scores = (means / clusters.sizes[:, None]) @ space.words.T
    layers = np.array(clusters.layer_of)
    contrasted = fit.copy()
    for layer in np.unique(layers):
        siblings = np.flatnonzero(layers == layer)
        if len(siblings) > 1:
            first, second = -np.partition(-fit[siblings], 1, axis=0)[:2]
            rival = np.where(fit[siblings] == first, second, first)
            contrasted[siblings] -= CONTRAST * np.maximum(rival, 0)
    favored = {word.casefold() for word in own}
    contrasted[:, [space.word(number).casefold() in favored for number in range(fit.shape[1])]] *= OWN
    return contrasted


def _shown(space: _Space, clusters: Members, words: npt.NDArray[np.int64], progress: Progress) -> tuple[Scores, Scores]:
    """Count the rows that each word shows: (clusters, words) and over all rows (words)."""
    chosen = space.words[words]
    n = len(space.vectors)
    border = _borders(space, chosen, int(clusters.sizes.min()))
    by_row = clusters.matrix.tocsc()
    shown, overall = np.zeros((len(clusters.ids), len(words))), np.zeros(len(words))
    for here, rows in space.blocks():
        progress(here.start / n, "words for clusters")
        found = (rows @ chosen.T >= border).astype(np.float32)
        shown += by_row[:, here] @ found
        overall += found.sum(axis=0)
    return shown, overall


def _borders(space: _Space, words: Float32, smallest: int) -> Float32:
    """Give the cosine from which a row is shown by a word: halfway from the ordinary row to the best ones."""
    n = len(space.vectors)
    sample = space.rows(np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64)))
    # The best rows of a word: ten, but no more than half of the smallest cluster, which may be all that the word shows.
    best = int(np.clip(smallest // 2, 1, min(10, len(sample))))
    borders = np.empty(len(words), dtype=np.float32)
    for start in range(0, len(words), WORDS_BLOCK):
        cosines = sample @ words[start : start + WORDS_BLOCK].T
        top = -np.partition(-cosines, best - 1, axis=0)[:best].mean(axis=0)
        borders[start : start + WORDS_BLOCK] = (np.median(cosines, axis=0) + top) / 2
    return borders


def _proposal(ranked: Sequence[Candidate], clear: float) -> Proposal | None:
    candidates = [candidate for candidate in ranked if candidate.score >= clear]
    if not candidates:
        return None
    hints = [candidate for candidate in ranked if candidate not in candidates]
    return Proposal("joint", candidates, hints)


def _mixed(space: _Space, rows: npt.NDArray[np.int64]) -> Proposal:
    asked = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), VOTERS)).astype(np.int64))]
    votes = Counter(np.argmax(space.rows(asked) @ space.words.T, axis=1).tolist())
    hints = [Candidate(space.word(word), count / len(asked), 0.0) for word, count in votes.most_common(4)]
    return Proposal("joint", (), hints)


@engine
class JointWords:
    """Name clusters by the words that the encoder of the pictures itself places nearest to them, whatever captions say.

    The words are nouns of WordNet, the labels of the data set, and those of a file. It needs an encoder with a text tower (CLIP, SigLIP).
    """

    name: ClassVar[str] = "joint"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("clusters", "vectors", "lexicon")
    uses: ClassVar[tuple[str, ...]] = ("labels",)

    vocabulary: Annotated[str, Doc("a file with further words that clusters may be called by, one a line")] = ""
    fitting: Annotated[float, Range(0.05, 1), Doc("share of a cluster's pictures that a word must show to be its name")] = 0.4

    def vocabulary_of(self, evidence: Evidence) -> list[str]:
        """List the words that are to be placed in the space of the pictures.

        Raises:
            ParameterError: when the file of words cannot be read.
        """
        return vocabulary(evidence.dataset.labels, self.vocabulary)

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Names:
        """Name the clusters of all layers.

        Raises:
            ParameterError: when there are no clusters, or the encoder cannot place words.
        """
        if evidence.clustering is None:
            raise ParameterError("there are no clusters to name", "choose a clusterer")
        if evidence.lexicon is None or evidence.embeddings is None:
            raise ParameterError(
                "the namer joint needs an encoder with a text tower", "choose one such as CLIP with --encoder, or another namer"
            )
        key = chain("name", self, evidence.keys((*self.needs, *self.uses)), name=self.name)
        clusters = members(evidence.clustering.layers)
        own = own_words(evidence.dataset.labels, self.vocabulary)
        found = propose(evidence.lexicon, evidence.embeddings.vectors, clusters, clear=self.fitting, own=own, progress=progress)
        if None in found and evidence.has("labels"):
            given = labels.propose(evidence.dataset.labels, clusters, progress=part(progress, 1.0, 1.0))
            found = [known or other for known, other in zip(found, given, strict=True)]
        return names_of(key, clusters, distinct(clusters, found, evidence.clustering.default_layer))


__all__ = ["JointWords", "propose"]
