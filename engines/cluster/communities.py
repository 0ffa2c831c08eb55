"""Communities of a graph of shared neighbors, by igraph's Leiden, seeded."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from engines.artifacts import NeighborGraph
from engines.cluster.layers import Labels
from engines.cluster.shared import SharedNeighbors, shared_neighbors
from engines.protocols import Progress

GRAPH_K = 15

_generator = threading.Lock()
"""igraph draws from one generator per process: who sets it must be alone until the draws are done."""


def communities(m: int, shared: SharedNeighbors, *, resolution: float, iterations: int, seed: int) -> Labels:
    """Give the community 0.. of each of the m nodes (Traag, Waltman, van Eck 2019); the same seed gives the same ones."""
    import igraph

    if not m:
        return np.empty(0, dtype=np.int64)
    network = igraph.Graph(n=m, edges=shared.edges)
    with _seeded(seed):
        found = network.community_leiden(
            objective_function="modularity", weights=shared.weights, resolution=resolution, n_iterations=iterations
        )
    return np.array(found.membership, dtype=np.int64)


def how_many(graph: NeighborGraph, seed: int, progress: Progress) -> int:
    """Count the communities of the 15 nearest neighbors at resolution 1: the number of clusters where nobody names one."""
    shared = shared_neighbors(graph.indices[:, :GRAPH_K], progress)
    return int(communities(graph.m, shared, resolution=1.0, iterations=2, seed=seed).max(initial=-1)) + 1


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Lend igraph a generator of our own, and hand back Python's afterwards."""
    import igraph

    with _generator:
        igraph.set_random_number_generator(random.Random(seed))  # noqa: S311 (a simulation, no secret)
        try:
            yield
        finally:
            igraph.set_random_number_generator(random)
