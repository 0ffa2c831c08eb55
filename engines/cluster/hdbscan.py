"""HDBSCAN on the neighbor graph: its mutual-reachability spanning tree, condensed and cut."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np

from engines.artifacts import NO_CLUSTER, Clustering, NeighborGraph
from engines.cluster.condensed import condense, select
from engines.cluster.layers import assemble, coarser
from engines.cluster.spanning import spanning_tree
from engines.cluster.stability import described
from engines.cluster.umap_space import umap_space
from engines.keys import chain
from engines.parameters import Doc, Range, engine, speed_only
from engines.protocols import Progress, no_progress, part

UMAP_MIN_SAMPLES, UMAP_K = 15, 30
"""In the even neighborhoods of a UMAP the first neighbor's distance is chance."""

KEPT = 0.5


@engine
class Hdbscan:
    """Find dense regions (Campello, Moulavi, Sander 2013; McInnes and Healy 2017); what lies between them is noise.

    The tree is built on the k nearest neighbors (see ``spanning``), either those of the vectors, or (``space`` umap) those in a UMAP of
    ten dimensions that is laid out for this purpose: there clusters are denser and next to nothing is noise, at the price that nothing is
    said about outliers any more. ``min_cluster_size`` is clipped to a tenth of the nodes. The finer layer holds the leaves of the same
    tree, unless they leave out half of what the clusters hold. Strength is HDBSCAN's probability of membership.
    """

    name: ClassVar[str] = "hdbscan"
    version: ClassVar[int] = 4
    packages: ClassVar[tuple[str, ...]] = ("numba", "scipy")
    isolated: ClassVar[bool] = True

    space: Annotated[
        Literal["graph", "umap"], Doc("graph = the vectors' own neighbors, umap = those in a UMAP of ten dimensions")
    ] = "graph"
    min_cluster_size: Annotated[int, Range(2, 100_000), Doc("rows that make a cluster")] = 15
    min_samples: Annotated[int, Range(1, 200), Doc("more = more rows are noise")] = 1
    k: Annotated[int, Range(2, 200), Doc("neighbors per row that make the graph")] = 15
    cluster_selection_method: Annotated[Literal["eom", "leaf"], Doc("eom = most persistent clusters, leaf = smallest ones")] = (
        "eom"
    )
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers of the umap space")] = 0
    threads: Annotated[int | None, Range(1), Doc("processor threads; none = all")] = speed_only(None)

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster; fewer than four nodes, and data without any denser region, are all noise."""
        k = max(self.k, UMAP_K if self.space == "umap" else self.min_samples)
        made = self.cluster(graph, progress=part(progress, 0.0, 0.7))
        return described(self, graph, made, k=k, progress=part(progress, 0.7, 1.0))

    def cluster(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster without measuring how stable the layers are."""
        key = chain("cluster", self, [graph.key], name=self.name)
        progress(0.0, "spanning tree")
        if graph.m < 4:
            labels = np.full(graph.m, NO_CLUSTER, dtype=np.int64)
            strength = np.zeros(graph.m, dtype=np.float32)
            return assemble(graph, [labels], 0, strength, key=key, name=self.name, notes={"clusters": 0})
        where, min_samples = graph, self.min_samples
        if self.space == "umap":
            where = umap_space(graph, seed=self.seed, threads=self.threads, progress=part(progress, 0.0, 0.4))
            min_samples = max(self.min_samples, UMAP_MIN_SAMPLES)
        progress(0.4, "spanning tree")
        tree = spanning_tree(where, max(self.k, min(where.k, UMAP_K)) if self.space == "umap" else self.k, min_samples)
        progress(0.5, "condensing the tree")
        size = max(2, min(self.min_cluster_size, graph.m // 10))
        condensed = condense(tree, size)
        labels, strength = select(condensed, self.cluster_selection_method)
        progress(0.8, "finer and coarser layers")
        above = coarser(where.nodes, labels, part(progress, 0.8, 0.9))
        leaves = select(condensed, "leaf")[0]
        below = [leaves] if (leaves >= 0).sum() >= KEPT * (labels >= 0).sum() else []
        return assemble(
            graph,
            [*above, labels, *below],
            len(above),
            strength,
            key=key,
            name=self.name,
            notes={"min_cluster_size": size, "clusters": int(labels.max(initial=-1)) + 1, "noise": float((labels < 0).mean())},
        )
