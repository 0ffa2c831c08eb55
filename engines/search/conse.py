"""Search pictures by words without an encoder that knows both: through the classes that the offline encoder believes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32
from engines.errors import ParameterError
from engines.parameters import engine
from engines.prompts import Embed, unit
from engines.protocols import Progress, Ranking, SearchSpace, no_progress, part
from engines.search.found import Placed, above, cleaned, cut_of, shortened
from engines.wordnet_classes import VOCABULARY, wordnet

BLOCK = 16384
LEMMAS = 3
"""Names of a noun that are looked at; later ones are rarely said."""
SHARP = 0.02
"""Temperature of the softmax over nouns: a name that is 0.02 nearer to the query counts e times as much."""
KNOWN = 0.5
"""Cosine of a query with the nearest noun below which the encoder has no word for it."""
NAMED = 0.9
CALLED = 0.75
"""The same from which that noun is what is meant; exact words give 1, and from 0.9 on every word of the query belongs to the name."""
FLOOR = 0.4
"""Score below which no row counts as found; what is in no picture rarely reaches it."""
SEEN = "Only what the 1000 classes of the offline encoder and words near them tell; it knows no colors, numbers, actions, places or names."
_COLORS = (
    "black white gray grey red green blue yellow orange purple violet pink brown golden silver dark bright colorful transparent"
)
_COUNTS = "one two three four five six seven eight nine ten many several few single pair couple dozens empty full"
_ADJECTIVES = (
    "big large small little tiny huge old new young happy sad open closed left right front behind above below inside outside"
)
UNSEEN = frozenset(f"{_COLORS} {_COUNTS} {_ADJECTIVES}".split())
_classes, _nouns = Placed(), Placed()


@dataclass(frozen=True, eq=False)
class _Texts:
    """What is embedded: ``classes`` (1000) names and gloss of each class; ``lemmas`` the names of all nouns, one after the other.

    ``nodes`` int64: the node of each noun; ``starts`` int64: where its names begin among the lemmas.
    """

    classes: list[str]
    lemmas: list[str]
    nodes: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]


@engine
class ConSE:
    """Rank pictures by class probabilities and the meaning of class names.

    Two scores are added. The convex combination of semantic embeddings (Norouzi et al. 2014, arXiv:1312.5650, eq. 2): the vectors of the
    class names, weighted by a picture's class probabilities (all of them, not the ten best: it makes no difference and saves a sort), by
    cosine to the query's vector. And, from the side of the query, how probable the nouns that it may mean are in the picture: a softmax
    over all 1608 nouns of WordNet that are classes or lie above them says which are meant, and the probability of a noun is that of all
    classes below it. The first finds what has no class (helicopter: near the airliner and the warplane), the second is sure of what has.

    A class is embedded as its names and the first words of its gloss, a noun as each of its names, the most similar of which counts.
    """

    name: ClassVar[str] = "conse"

    @classmethod
    def fits(cls, space: SearchSpace) -> bool:
        """Tell whether rows have probabilities of ImageNet's classes, and there is a text encoder."""
        embeddings = space.embeddings
        return space.embed_words is not None and embeddings.vocabulary == VOCABULARY and embeddings.probabilities.shape[1] > 0

    def __call__(self, query: str, space: SearchSpace, *, progress: Progress = no_progress) -> Ranking:
        """Score every row against the query; the first call embeds the names of all classes, which takes some seconds.

        Raises:
            ParameterError: when there are no class probabilities or no text encoder.
        """
        if not self.fits(space) or space.embed_words is None:
            raise ParameterError(
                "pictures without class probabilities cannot be searched by class names", "use another encoder"
            )
        asked = cleaned(query)
        probabilities = space.embeddings.probabilities
        if not asked or not len(probabilities):
            nothing = np.zeros(len(probabilities), dtype=np.float32)
            return Ranking(scores=nothing, cut=above(nothing), engine=self.name, notes=("There are no words to search for.",))
        texts = _texts()
        classes = unit(_classes(texts.classes, space.embed_words, part(progress, 0.0, 0.4)))
        lemmas = unit(_nouns(texts.lemmas, space.embed_words, part(progress, 0.4, 0.8)))
        wanted, near, lost = _understood(asked, lemmas, texts.starts, space.embed_words)
        meant = np.exp((near - near.max()) / SHARP)
        meant /= meant.sum()
        by_class = (wordnet().spread[:, texts.nodes] @ meant).astype(np.float32)
        scores = _scores(probabilities, classes, wanted, by_class, part(progress, 0.8, 1.0))
        known = float(near.max()) >= KNOWN
        cut = cut_of(scores, FLOOR) if known else above(scores)
        notes = _notes(asked, near, meant, texts.nodes)
        if lost:
            notes.append(f"Not taken into account: {', '.join(lost)}.")
        return Ranking(scores=scores, cut=cut, engine=self.name, notes=(*notes, SEEN))


def _understood(
    asked: str, lemmas: Float32, starts: npt.NDArray[np.int64], embed: Embed
) -> tuple[Float32, npt.NDArray[np.float64], list[str]]:
    """Place the query: its vector, its cosine with each noun, and the words that were left out since no class tells of them.

    "red" is left out of "a red butterfly" and not of "red panda", which is the name of a class.
    """
    words = asked.split()
    lost = [word for word in words if word.lower().strip(",.!?") in UNSEEN or word.isdigit()]
    kept = [word for word in words if word not in lost]
    choices = [asked, " ".join(kept)] if lost and kept else [asked]
    vectors = unit(np.asarray(embed(choices), dtype=np.float32))
    near = np.maximum.reduceat(vectors @ lemmas.T, starts, axis=1).astype(np.float64)
    whole = len(choices) == 1 or float(near[0].max()) >= NAMED
    return (vectors[0], near[0], []) if whole else (vectors[1], near[1], list(dict.fromkeys(lost)))


def _scores(
    probabilities: npt.NDArray[np.float16], classes: Float32, wanted: Float32, by_class: Float32, progress: Progress
) -> Float32:
    scores = np.empty(len(probabilities), dtype=np.float32)
    for start in range(0, len(probabilities), BLOCK):
        progress(start / len(probabilities), "comparing pictures")
        block = np.asarray(probabilities[start : start + BLOCK], dtype=np.float32)
        scores[start : start + BLOCK] = unit(block @ classes) @ wanted + 0.5 * (block @ by_class)
    return scores


def _notes(
    asked: str, near: npt.NDArray[np.float64], meant: npt.NDArray[np.float64], nodes: npt.NDArray[np.int64]
) -> list[str]:
    """Say what was understood."""
    if float(near.max()) < KNOWN:
        return [f"The offline encoder has no word near “{shortened(asked)}”; nothing counts as found."]
    net = wordnet()
    best = [int(nodes[at]) for at in np.argsort(-meant, kind="stable")[:3] if meant[at] >= 0.1 * meant.max()]
    names = ", ".join(net.names[node] or net.lemmas[node][0] for node in best)
    if float(near.max()) < CALLED:
        return [f"It knows no “{shortened(asked)}”; the nearest word that it knows: {names}."]
    return [f"Understood as: {names}."]


@cache
def _texts() -> _Texts:
    net = wordnet()
    classes = [f"{', '.join(net.lemmas[node][:LEMMAS])}: {net.glosses[node]}" for node in net.classes]
    nodes = [node for node, name in enumerate(net.names) if name]
    names: list[Sequence[str]] = [net.lemmas[node][:LEMMAS] for node in nodes]
    starts = np.cumsum([0, *(len(one) for one in names[:-1])])
    return _Texts(classes, [lemma for one in names for lemma in one], np.array(nodes, dtype=np.int64), starts)


__all__ = ["ConSE"]
