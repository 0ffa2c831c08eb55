"""k-means on the prepared vectors of the nodes."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Clustering, Float32, NeighborGraph
from engines.cluster.communities import GRAPH_K, how_many
from engines.cluster.layers import Labels, assemble, coarser
from engines.cluster.lloyd import centers_of, margins, pool_of
from engines.cluster.stability import described
from engines.keys import chain
from engines.parameters import Doc, Range, engine
from engines.protocols import Progress, no_progress, part

POINTS_PER_CENTER = 1024


@engine
class KMeans:
    """Cut the nodes into ``n_clusters`` compact clusters (Lloyd 1982) from a greedy k-means++ start.

    ``n_clusters`` None takes as many as there are communities in the neighbor graph (Leiden, resolution 1). Strength is the margin
    (b - a) / b between the distance a to the own center and b to the next one: 0 on the border, 1 at the center.
    """

    name: ClassVar[str] = "kmeans"
    version: ClassVar[int] = 4
    packages: ClassVar[tuple[str, ...]] = ("igraph",)
    isolated: ClassVar[bool] = True

    n_clusters: Annotated[int | None, Range(1, 10_000), Doc("number of clusters; none = as many as Leiden finds")] = None
    rounds: Annotated[int, Range(1, 1000), Doc("rounds of assignment and averaging")] = 25
    seed: Annotated[int, Range(0, 2**31 - 2), Doc("seed of the random numbers")] = 0

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster; every node belongs to a cluster, and fewer clusters come out where nodes coincide."""
        made = self.cluster(graph, progress=part(progress, 0.0, 0.7))
        k = 0 if self.n_clusters else GRAPH_K  # neighbors only tell how many clusters there may be
        return described(self, graph, made, k=k, progress=part(progress, 0.7, 1.0))

    def cluster(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster without measuring how stable the layers are."""
        key = chain("cluster", self, [graph.key], name=self.name)
        progress(0.0, "k-means")
        wanted = min(self.n_clusters or how_many(graph, self.seed, part(progress, 0.0, 0.2)), graph.m)
        if wanted < 2:
            labels = np.zeros(graph.m, dtype=np.int64)
            strength = np.ones(graph.m, dtype=np.float32)
        else:
            labels, strength = self._cut(graph, wanted, part(progress, 0.2, 0.9))
        progress(0.9, "coarser layers")
        above = coarser(graph.nodes, labels, part(progress, 0.9, 1.0))
        notes = {"wanted": wanted, "clusters": len(np.unique(labels))}
        return assemble(graph, [*above, labels], len(above), strength, key=key, name=self.name, notes=notes)

    def _cut(self, graph: NeighborGraph, wanted: int, progress: Progress) -> tuple[Labels, Float32]:
        pool = pool_of(graph.nodes, wanted, POINTS_PER_CENTER, np.random.default_rng(self.seed))
        centers = centers_of(pool, wanted, seed=self.seed, rounds=self.rounds, progress=part(progress, 0.0, 0.7))
        return margins(graph.nodes, centers, part(progress, 0.8, 1.0))
