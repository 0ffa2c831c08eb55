"""Communities of a graph of shared neighbors, by igraph's Leiden, seeded."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from engines.cluster.layers import Labels
from engines.cluster.shared import SharedNeighbors

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
            objective_function="modularity", weights=shared.weights.tolist(), resolution=resolution, n_iterations=iterations
        )
    return np.array(found.membership, dtype=np.int64)


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
