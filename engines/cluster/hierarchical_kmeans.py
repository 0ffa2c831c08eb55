"""Hierarchical k-means: clusters of clusters, so that dense regions do not take all centers."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Clustering, Float32, NeighborGraph
from engines.cluster.communities import GRAPH_K, how_many
from engines.cluster.layers import Labels, assemble
from engines.cluster.lloyd import assign, centers_of, margins, pool_of
from engines.cluster.stability import described
from engines.keys import chain
from engines.parameters import Doc, Range, engine
from engines.protocols import Progress, no_progress, part

POINTS_PER_CENTER = 64
COARSEST = 2


@engine
class HierarchicalKMeans:
    """Cluster the nodes, then the centers of the clusters, and so on (Vo et al. 2024, Automatic data curation for self-supervised learning).

    The finest level has ``finest`` clusters, each further one a ``ratio``-th of them, down to two. Higher levels see each center once, whatever
    its size: that is what evens out density. In each level k-means is run ``resamples`` times again on the points that lie nearest to each
    center, half of the mean size of a cluster. The default layer is the one whose number of clusters is nearest to the number of communities in
    the neighbor graph. Strength is the margin between the own center and the next one, as in k-means.
    """

    name: ClassVar[str] = "hierarchical_kmeans"
    version: ClassVar[int] = 3
    packages: ClassVar[tuple[str, ...]] = ("igraph",)
    isolated: ClassVar[bool] = True

    finest: Annotated[
        int | None, Range(2, 20_000), Doc("clusters of the finest layer; none = one per 30 rows, at most 1,000")
    ] = None
    ratio: Annotated[float, Range(1.5, 100), Doc("how many times fewer clusters a coarser layer has")] = 4.0
    resamples: Annotated[int, Range(0, 20), Doc("repetitions on the points nearest to the centers")] = 3
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers")] = 0

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster; every node belongs to a cluster."""
        made = self.cluster(graph, progress=part(progress, 0.0, 0.7))
        return described(self, graph, made, k=GRAPH_K, progress=part(progress, 0.7, 1.0))

    def cluster(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster without measuring how stable the layers are."""
        key = chain("cluster", self, [graph.key], name=self.name)
        progress(0.0, "hierarchical k-means")
        if graph.m < 4:
            labels = np.zeros(graph.m, dtype=np.int64)
            return assemble(graph, [labels], 0, np.ones(graph.m, np.float32), key=key, name=self.name, notes={"clusters": 1})
        wanted = self._counts(graph.m)
        levels: list[Labels] = []
        points: Float32 = graph.nodes
        strength: Float32 = np.ones(graph.m, dtype=np.float32)
        for number, count in enumerate(wanted):
            step = part(progress, 0.8 * number / len(wanted), 0.8 * (number + 1) / len(wanted))
            centers = self._level(points, count, self.seed + 100 * number, part(step, 0.0, 0.7))
            if levels:
                levels.append(assign(points, centers)[0][levels[-1]])
            else:
                labels, strength = margins(points, centers, part(step, 0.7, 1.0))
                levels.append(labels)
            points = centers
        layers = levels[::-1]
        progress(0.8, "how many there may be")
        numbers = [len(np.unique(layer)) for layer in layers]
        near = how_many(graph, self.seed, part(progress, 0.8, 0.9))
        default = int(np.argmin([abs(np.log(count / max(near, 1))) for count in numbers]))
        notes = {"levels": numbers, "clusters": numbers[default]}
        progress(1.0, "hierarchical k-means")
        return assemble(graph, layers, default, strength, key=key, name=self.name, notes=notes)

    def _counts(self, m: int) -> list[int]:
        """Give the numbers of clusters, finest first."""
        count = min(self.finest or min(m // 30, 1_000), m)
        counts = [max(count, COARSEST)]
        while counts[-1] / self.ratio > COARSEST:
            counts.append(max(round(counts[-1] / self.ratio), COARSEST))
        if counts[-1] > COARSEST:
            counts.append(COARSEST)
        return counts

    def _level(self, points: Float32, count: int, seed: int, progress: Progress) -> Float32:
        """Find the centers of one level."""
        pool = pool_of(points, count, POINTS_PER_CENTER, np.random.default_rng(seed))
        turns = self.resamples + 1
        centers = centers_of(pool, count, seed=seed, progress=part(progress, 0.0, 0.8 / turns))
        for turn in range(1, turns):
            labels, squares = assign(pool, centers, part(progress, (turn - 0.2) / turns, turn / turns))
            each = max(len(pool) // (2 * len(centers)), 1)
            near = _nearest_members(labels, squares, each)
            if len(near) <= len(centers):
                break
            step = part(progress, turn / turns, (turn + 0.8) / turns)
            centers = centers_of(pool[near], count, seed=seed + turn, progress=step)
        return centers


def _nearest_members(labels: Labels, squares: Float32, each: int) -> Labels:
    """List, ascending, the up to ``each`` points of every cluster that lie nearest to its center."""
    order = np.lexsort((squares, labels))
    ordered = labels[order]
    first = np.r_[0, np.flatnonzero(np.diff(ordered)) + 1]
    place = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    chosen: Labels = np.sort(order[place < each])
    return chosen
