"""What the sources of names propose for a cluster, before names are made distinct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """One possible name: ``score`` = how much of the cluster it covers, ``found`` = how much of all that it covers lies in the cluster.

    Both lie in 0..1, as precision and recall do.
    """

    name: str
    score: float
    found: float

    @property
    def fit(self) -> float:
        """Give the harmonic mean of both: how well name and cluster mean the same rows."""
        both = self.score + self.found
        return 2 * self.score * self.found / both if both > 0 else 0.0


@dataclass(frozen=True)
class Proposal:
    """What one source says about a cluster.

    ``candidates``: clear names, best first; any of them may stand alone. ``hints``: words that are true of a part of the cluster only;
    they qualify a name that is taken or say what a mixed cluster holds. ``second``: the second name, empty for "take the next".
    ``mixed`` is what an unclear cluster holds most of, empty for "the first two hints".
    """

    source: str
    candidates: Sequence[Candidate] = ()
    hints: Sequence[Candidate] = ()
    second: str = ""
    mixed: str = ""


def cover(held: Counts, words: Sequence[Candidate]) -> Candidate | None:
    """Join the first word and the one that covers most of what it leaves to one name: "fruit, flower".

    ``held`` 0/1 (rows of the cluster, words). None where there is no second word that adds a twentieth of the rows.
    """
    if not words or not len(held):
        return None
    covered = held[:, 0] > 0
    gains = (held[~covered] > 0).sum(axis=0) / len(held)
    best = int(np.argmax(gains))
    if gains[best] < 0.05:
        return None
    score = float(covered.mean() + gains[best])
    return Candidate(f"{words[0].name}, {words[best].name}", score, min(words[0].found, words[best].found))


@dataclass(frozen=True)
class Members:
    """The rows of each cluster: ``ids`` of all clusters of all layers and a 0/1 matrix (clusters, rows)."""

    ids: list[int]
    layer_of: list[int]
    matrix: csr_array = field(repr=False)

    def rows(self, number: int) -> npt.NDArray[np.int64]:
        """List the rows of the ``number``-th cluster."""
        found: npt.NDArray[np.int64] = self.matrix.indices[self.matrix.indptr[number] : self.matrix.indptr[number + 1]]
        return found

    @property
    def sizes(self) -> npt.NDArray[np.float64]:
        """Count the rows per cluster."""
        sizes: npt.NDArray[np.float64] = np.asarray(self.matrix.sum(axis=1), dtype=np.float64).ravel()
        return sizes


def members(layers: npt.NDArray[np.int32]) -> Members:
    """Gather the rows of every cluster of every layer (``layers`` as in ``Clustering``); noise belongs to none."""
    layer, row = np.nonzero(layers >= 0)
    cluster = layers[layer, row]
    ids, first, place = np.unique(cluster, return_index=True, return_inverse=True)
    matrix = csr_array(
        (np.ones(len(cluster), dtype=np.float32), (place, row)), shape=(len(ids), layers.shape[1]), dtype=np.float32
    )
    return Members(ids.tolist(), layer[first].tolist(), matrix)
