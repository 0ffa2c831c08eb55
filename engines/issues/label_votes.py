"""What the neighbors say about the label of a node: votes that fade with distance, the node's own label left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, NeighborGraph

FADE = 3.0
"""A neighbor at the usual distance of the k-th weighs exp(-3), one right beside the node 1."""


@dataclass(frozen=True)
class Votes:
    """Vote with the ``k`` nearest neighbors; ``label_of`` (m) is the label number of each node, -1 without one."""

    graph: NeighborGraph
    label_of: npt.NDArray[np.int64]
    classes: int
    k: int

    @cached_property
    def _usual(self) -> float:
        """Give the usual distance of the k-th neighbor."""
        return max(float(np.median(self.graph.distances[:, min(self.k, self.graph.k) - 1])), 1e-12)

    def shares(self, nodes: npt.NDArray[np.int64]) -> Float32:
        """Give the share of each class among the votes (b, classes); zeros where no neighbor has a label."""
        k = min(self.k, self.graph.k)
        votes = np.zeros((len(nodes), self.classes), dtype=np.float32)
        if k == 0:
            return votes
        weight = np.exp(-FADE * self.graph.distances[nodes, :k] / self._usual)
        label = self.label_of[self.graph.indices[nodes, :k]]
        place = np.arange(len(nodes))[:, None] * self.classes + label
        known = label >= 0
        flat = np.bincount(place[known], weights=weight[known], minlength=votes.size)
        votes = flat.reshape(votes.shape).astype(np.float32)
        total = votes.sum(axis=1, keepdims=True)
        np.divide(votes, total, out=votes, where=total > 0)
        return votes

    def count(self, node: int) -> dict[int, int]:
        """Count the labels among the ``k`` nearest neighbors of a node, for the words of a reason."""
        labels, counts = np.unique(self.label_of[self.graph.indices[node, : self.k]], return_counts=True)
        return {int(label): int(count) for label, count in zip(labels, counts, strict=True) if label >= 0}
