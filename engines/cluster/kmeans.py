"""k-means on the prepared vectors of the nodes (faiss); spherical for cosine."""

from __future__ import annotations

import os
from typing import Annotated, Any, ClassVar

import numpy as np

from engines.artifacts import Clustering, Float32, NeighborGraph
from engines.cluster.communities import communities
from engines.cluster.layers import Labels, assemble, coarser
from engines.cluster.shared import shared_neighbors
from engines.keys import chain
from engines.parameters import Doc, Range, engine
from engines.protocols import Progress, no_progress, part

POINTS_PER_CENTER = 1024
ROUNDS_PER_CALL = 5
STARTS = 4
"""Random starts, of which the best after the first rounds goes on."""
GRAPH_K = 15


@engine
class KMeans:
    """Cut the nodes into ``n_clusters`` compact clusters (Lloyd 1982; Dhillon and Modha 2001 on the sphere).

    ``n_clusters`` None takes as many as there are communities in the neighbor graph (Leiden, resolution 1). Strength is the margin
    (b - a) / b between the distance a to the own center and b to the next one: 0 on the border, 1 at the center.
    """

    name: ClassVar[str] = "kmeans"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ("faiss-cpu", "igraph")
    isolated: ClassVar[bool] = True

    n_clusters: Annotated[int | None, Range(1, 10_000), Doc("number of clusters; none = as many as Leiden finds")] = None
    rounds: Annotated[int, Range(1, 1000), Doc("rounds of assignment and averaging")] = 25
    seed: Annotated[int, Range(0, 2**31 - 2), Doc("seed of the random numbers")] = 0

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster; every node belongs to a cluster, and fewer clusters come out where nodes coincide."""
        key = chain("cluster", self, [graph.key], name=self.name)
        progress(0.0, "k-means")
        wanted = min(self.n_clusters or self._automatic(graph, part(progress, 0.0, 0.2)), graph.m)
        if wanted < 2:
            labels = np.zeros(graph.m, dtype=np.int64)
            strength = np.ones(graph.m, dtype=np.float32)
        else:
            labels, strength = self._cut(graph, wanted, part(progress, 0.2, 0.9))
        progress(0.9, "coarser layers")
        above = coarser(graph.nodes, labels)
        notes = {"wanted": wanted, "clusters": len(np.unique(labels))}
        return assemble(graph, [*above, labels], len(above), strength, key=key, name=self.name, notes=notes)

    def _automatic(self, graph: NeighborGraph, progress: Progress) -> int:
        shared = shared_neighbors(graph.indices[:, :GRAPH_K], progress)
        found = communities(graph.m, shared, resolution=1.0, iterations=2, seed=self.seed)
        return int(found.max(initial=-1)) + 1

    def _cut(self, graph: NeighborGraph, wanted: int, progress: Progress) -> tuple[Labels, Float32]:
        os.environ.setdefault(
            "OMP_WAIT_POLICY", "passive"
        )  # idle threads must not spin beside other work; read when OpenMP loads
        import faiss

        nodes = np.ascontiguousarray(graph.nodes)
        centers: Any = None
        model: Any = None
        for done in range(0, self.rounds, ROUNDS_PER_CALL):
            progress(done / self.rounds, f"k-means, round {done} of {self.rounds}")
            model = faiss.Kmeans(
                nodes.shape[1],
                wanted,
                niter=min(ROUNDS_PER_CALL, self.rounds - done),
                nredo=STARTS if centers is None else 1,
                seed=self.seed + 1,
                spherical=graph.metric == "cosine",
                min_points_per_centroid=1,
                max_points_per_centroid=POINTS_PER_CENTER,
            )
            model.train(nodes, init_centroids=centers)
            centers = model.centroids
        near, found = model.index.search(nodes, 2)
        distances = np.sqrt(np.maximum(2.0 - 2.0 * near if graph.metric == "cosine" else near, 0.0))
        own, other = distances[:, 0], distances[:, 1]
        return found[:, 0].astype(np.int64), np.where(other > 0, (other - own) / np.where(other > 0, other, 1.0), 0.0)
