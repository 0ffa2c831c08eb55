"""Leiden communities of the graph of shared neighbors (igraph)."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Clustering, Float32, NeighborGraph
from engines.cluster.communities import communities
from engines.cluster.layers import Labels, assemble, coarser
from engines.cluster.shared import SharedNeighbors, shared_neighbors
from engines.cluster.stability import described
from engines.keys import chain
from engines.parameters import Doc, Range, engine
from engines.protocols import Progress, no_progress, part

SPLIT_FROM = 12
"""Clusters of fewer nodes are not split any further in the finer layer."""


@engine
class Leiden:
    """Find communities by the Leiden algorithm (Traag, Waltman, van Eck 2019), maximizing modularity.

    The number of clusters follows from the data. The layers are the result at ``resolution``, mergers of it, and one finer layer: Leiden once more inside each cluster.
    Strength is the share of a node's edge weight that stays inside its own cluster.
    """

    name: ClassVar[str] = "leiden"
    version: ClassVar[int] = 4
    packages: ClassVar[tuple[str, ...]] = ("igraph",)
    isolated: ClassVar[bool] = True

    resolution: Annotated[float, Range(0.01, 100), Doc("more = more and smaller clusters")] = 1.0
    k: Annotated[int, Range(2, 200), Doc("neighbors per row that make the graph")] = 15
    iterations: Annotated[int, Range(1, 100), Doc("passes; each can only improve")] = 4
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers")] = 0

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster; every node belongs to a cluster, only rows without a node are noise."""
        made = self.cluster(graph, progress=part(progress, 0.0, 0.7))
        return described(self, graph, made, k=self.k, progress=part(progress, 0.7, 1.0))

    def cluster(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster without measuring how stable the layers are."""
        key = chain("cluster", self, [graph.key], name=self.name)
        shared = shared_neighbors(graph.indices[:, : self.k], part(progress, 0.0, 0.3))
        progress(0.3, "communities")
        labels = self._communities(graph.m, shared)
        progress(0.7, "communities inside the clusters")
        finer = self._split(shared, labels)
        progress(0.9, "coarser layers")
        above = coarser(graph.nodes, labels, part(progress, 0.9, 1.0))
        return assemble(
            graph,
            [*above, labels, finer],
            len(above),
            _inside(shared, labels),
            key=key,
            name=self.name,
            notes={"resolution": self.resolution, "clusters": len(np.unique(labels))},
        )

    def _communities(self, m: int, shared: SharedNeighbors) -> Labels:
        return communities(m, shared, resolution=self.resolution, iterations=self.iterations, seed=self.seed)

    def _split(self, shared: SharedNeighbors, labels: Labels) -> Labels:
        """Run Leiden inside each cluster on its own."""
        finer = np.zeros_like(labels)
        position = np.zeros_like(labels)
        next_label = 0
        inside = labels[shared.edges[:, 0]] == labels[shared.edges[:, 1]]
        edges, weights = shared.edges[inside], shared.weights[inside]
        by_cluster = np.argsort(labels[edges[:, 0]], kind="stable")
        edges, weights = edges[by_cluster], weights[by_cluster]
        starts = np.searchsorted(labels[edges[:, 0]], np.arange(labels.max(initial=-1) + 2))
        for cluster in range(labels.max(initial=-1) + 1):
            members = np.flatnonzero(labels == cluster)
            position[members] = np.arange(len(members))
            own = slice(starts[cluster], starts[cluster + 1])
            if len(members) < SPLIT_FROM:
                parts = np.zeros(len(members), dtype=np.int64)
            else:
                small = SharedNeighbors(edges=position[edges[own]], weights=weights[own])
                parts = self._communities(len(members), small)
            finer[members] = next_label + parts
            next_label += int(parts.max(initial=-1)) + 1
        return finer


def _inside(shared: SharedNeighbors, labels: Labels) -> Float32:
    """Give each node's share of edge weight that stays in its cluster; 1 without edges."""
    m = len(labels)
    same = labels[shared.edges[:, 0]] == labels[shared.edges[:, 1]]
    whole, own = np.zeros(m), np.zeros(m)
    for end in (0, 1):
        whole += np.bincount(shared.edges[:, end], weights=shared.weights, minlength=m)
        own += np.bincount(shared.edges[:, end], weights=shared.weights * same, minlength=m)
    share: Float32 = np.where(whole > 0, own / np.where(whole > 0, whole, 1.0), 1.0).astype(np.float32)
    return share
