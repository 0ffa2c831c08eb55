"""Name every cluster from the best evidence there is: texts or captions, else what the encoder sees, else labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import pyarrow as pa

from engines.artifacts import Dataset, Names
from engines.errors import ParameterError
from engines.keys import chain
from engines.name import captions, joint, labels, texts, wordnet
from engines.name.candidates import Candidate, Members, Proposal, members
from engines.name.distinct import distinct, names_of
from engines.name.vocabulary import own_words, vocabulary
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress, part
from engines.wordnet_classes import VOCABULARY

NO_CAPTION = Proposal("none", [Candidate("without caption", 1.0, 1.0)])


@engine
class BestEvidence:
    """Name clusters by class-based TF-IDF over texts or captions; without them by what the encoder of the pictures sees.

    An encoder with a text tower places words among the pictures (``engines.name.joint``); one with class probabilities speaks through
    the nouns of WordNet above its classes. Captions come first even so: they say what these very rows are called by those who know them,
    in words that no list has to hold. Without all that, a cluster is called by its majority label. Where nothing is clear the name says
    so ("mixed: ball, shoe", "cluster 7") and its source is ``none``.
    """

    name: ClassVar[str] = "evidence"
    version: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ("clusters",)
    uses: ClassVar[tuple[str, ...]] = ("captions", "lexicon", "vectors", "probabilities", "labels")

    mass: Annotated[float, Range(0.05, 1), Doc("share of the encoder's belief that a WordNet noun must hold to be a name")] = (
        0.4
    )
    fitting: Annotated[float, Range(0.05, 1), Doc("share of a cluster's pictures that a word must show to be its name")] = 0.4
    coverage: Annotated[
        float, Range(0.05, 1), Doc("share of a cluster's captions that must hold a word for it to be a name")
    ] = 0.3
    vocabulary: Annotated[str, Doc("a file with further words that clusters may be called by, one a line")] = ""

    def vocabulary_of(self, evidence: Evidence) -> list[str]:
        """List the words that are to be placed in the space of the pictures; none where captions speak.

        Raises:
            ParameterError: when the file of words cannot be read.
        """
        if evidence.has("captions") and _is_rule(_said(evidence.dataset)):
            return []
        return vocabulary(evidence.dataset.labels, self.vocabulary)

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Names:
        """Name the clusters of all layers.

        Raises:
            ParameterError: when the evidence holds no clustering.
        """
        clustering = evidence.clustering
        if clustering is None:
            raise ParameterError("there are no clusters to name", "choose a clusterer")
        key = chain("name", self, evidence.keys((*self.needs, *self.uses)), name=self.name)
        progress(0.0, "names: rows of clusters")
        clusters = members(clustering.layers)
        proposals = self._proposals(evidence, clusters, part(progress, 0.0, 0.95))
        progress(0.95, "names: each its own")
        named = distinct(clusters, proposals, clustering.default_layer)
        progress(1.0, f"{len(named)} names")
        return names_of(key, clusters, named)

    def _proposals(self, evidence: Evidence, clusters: Members, progress: Progress) -> list[Proposal | None]:
        """Ask the sources in order; each cluster takes the first one that has anything to say about it."""
        found: list[Proposal | None] = [None] * len(clusters.ids)
        if not clusters.ids:
            return found
        if evidence.has("captions"):
            said = _said(evidence.dataset)
            source = texts if evidence.has("texts") else captions
            found = source.propose(said, clusters, clear=self.coverage, progress=part(progress, 0.0, 0.5))
            if source is captions and _is_rule(said):
                # Where captions are the rule, their absence is what sets such rows apart; the encoder's words would be of another kind.
                found = [known or NO_CAPTION for known in found]
        if None in found:
            looks = self._looks(evidence, clusters, part(progress, 0.5, 0.9))
            found = [known or look for known, look in zip(found, looks, strict=True)]
        if None in found and evidence.has("labels"):
            given = labels.propose(evidence.dataset.labels, clusters, progress=part(progress, 0.9, 1.0))
            found = [known or other for known, other in zip(found, given, strict=True)]
        return found

    def _looks(self, evidence: Evidence, clusters: Members, progress: Progress) -> Sequence[Proposal | None]:
        """Ask the encoder what it sees."""
        embeddings = evidence.embeddings
        if embeddings is not None and evidence.lexicon is not None and len(evidence.lexicon):
            own = own_words(evidence.dataset.labels, self.vocabulary)
            return joint.propose(evidence.lexicon, embeddings.vectors, clusters, clear=self.fitting, own=own, progress=progress)
        if embeddings is not None and embeddings.vocabulary == VOCABULARY and evidence.has("probabilities"):
            return wordnet.propose(embeddings.probabilities, clusters, mass=self.mass, progress=progress)
        return [None] * len(clusters.ids)


def _is_rule(said: Sequence[str | None]) -> bool:
    """Tell whether more than half of the rows have words of their own."""
    return sum(bool(words) for words in said) > len(said) / 2


def _said(dataset: Dataset) -> list[str | None]:
    """Give what is said about each row: its text, or its caption."""
    said = dataset.media.column("media") if dataset.kind == "texts" else dataset.rows.column("caption")
    plain: list[str | None] = said.cast(pa.string()).to_pylist()
    return plain
