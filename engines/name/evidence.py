"""Name every cluster from the best evidence there is: captions, else what the encoder sees, else labels."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa

from engines.artifacts import Names
from engines.errors import ParameterError
from engines.keys import chain
from engines.name import captions, labels, wordnet
from engines.name.candidates import Candidate, Members, Proposal, members
from engines.name.distinct import distinct
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress, part

NO_CAPTION = Proposal("none", [Candidate("without caption", 1.0, 1.0)])


@engine
class BestEvidence:
    """Name clusters by class-based TF-IDF over captions; without captions by the nouns of WordNet above the encoder's classes.

    Without both, a cluster is called by its majority label. Where nothing is clear the name says so ("mixed: ball, shoe", "cluster 7")
    and its source is ``none``.
    """

    name: ClassVar[str] = "evidence"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("clusters",)
    uses: ClassVar[tuple[str, ...]] = ("captions", "probabilities", "labels")

    mass: Annotated[float, Range(0.05, 1), Doc("share of the encoder's belief that a WordNet noun must hold to be a name")] = (
        0.4
    )
    coverage: Annotated[
        float, Range(0.05, 1), Doc("share of a cluster's captions that must hold a word for it to be a name")
    ] = 0.3

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Names:
        """Name the clusters of all layers.

        Raises:
            ParameterError: when the evidence holds no clustering.
        """
        clustering = evidence.clustering
        if clustering is None:
            raise ParameterError("there are no clusters to name", "choose a clusterer")
        key = chain("name", self, evidence.keys((*self.needs, *self.uses)), name=self.name)
        clusters = members(clustering.layers)
        proposals = self._proposals(evidence, clusters, progress)
        named = distinct(clusters, proposals, clustering.default_layer)
        progress(1.0, f"{len(named)} names")
        table = {
            "cluster": np.array(clusters.ids, dtype=np.int32),
            "name": [one.name for one in named],
            "second_name": [one.second for one in named],
            "source": [one.source for one in named],
            "score": np.array([one.score for one in named], dtype=np.float32),
        }
        return Names(key=key, table=pa.table(table, schema=Names.SCHEMA))

    def _proposals(self, evidence: Evidence, clusters: Members, progress: Progress) -> list[Proposal | None]:
        """Ask the sources in order; each cluster takes the first one that has anything to say about it."""
        found: list[Proposal | None] = [None] * len(clusters.ids)
        if not clusters.ids:
            return found
        rows = evidence.dataset.rows
        if evidence.has("captions"):
            texts = rows.column("caption").cast(pa.string()).to_pylist()
            found = captions.propose(texts, clusters, clear=self.coverage, progress=part(progress, 0.0, 0.5))
            if sum(bool(text) for text in texts) > len(texts) / 2:
                # Where captions are the rule, their absence is what sets such rows apart; the encoder's words would be of another kind.
                found = [known or NO_CAPTION for known in found]
        embeddings = evidence.embeddings
        seen = embeddings is not None and embeddings.vocabulary == wordnet.VOCABULARY and evidence.has("probabilities")
        if None in found and seen and embeddings is not None:
            looks = wordnet.propose(embeddings.probabilities, clusters, mass=self.mass, progress=part(progress, 0.5, 0.9))
            found = [known or look for known, look in zip(found, looks, strict=True)]
        if None in found and evidence.has("labels"):
            given = labels.propose(evidence.dataset.labels, clusters)
            found = [known or other for known, other in zip(found, given, strict=True)]
        return found
