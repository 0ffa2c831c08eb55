"""What all searches share: prepare the vectors, search, and put the graph together with its recall."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Embeddings, Float32, Int32, NeighborGraph
from engines.exact_search import Space
from engines.keys import chain
from engines.neighbors.prepare import Prepared
from engines.protocols import Progress

WIDE_UP_TO = 100_000
WIDE, NARROW = 90, 30
RECALL_AT = 15
SAMPLE = 1_000


def width(k: int | None, m: int) -> int:
    """Choose the neighbors per node: as asked for, else 90 up to 100,000 nodes and 30 above; at most m - 1."""
    return max(min(k or (WIDE if m <= WIDE_UP_TO else NARROW), m - 1), 0)


def graph_of(
    engine: Any, embeddings: Embeddings, ready: Prepared, found: tuple[Int32, Float32], *, recall: float, notes: dict[str, Any]
) -> NeighborGraph:
    """Make the value."""
    return NeighborGraph(
        key=chain("neighbors", engine, [embeddings.key], name=engine.name),
        metric=engine.metric,
        indices=found[0],
        distances=found[1],
        unique_of=ready.unique_of,
        representative=ready.representative,
        center=ready.center,
        nodes=ready.nodes,
        mean_cosine=ready.mean_cosine,
        recall=recall,
        notes={**ready.notes, **notes},
    )


class Truth:
    """The exact neighbors of a seeded sample of nodes, to judge approximate ones by."""

    def __init__(self, space: Space, k: int, seed: int, progress: Progress) -> None:
        m = len(space)
        rng = np.random.default_rng(seed)
        self.queries: npt.NDArray[np.int64] = np.sort(rng.choice(m, min(SAMPLE, m), replace=False)).astype(np.int64)
        self._k = k
        self._truth, _ = space.exact(self.queries, k, progress)

    def recall(self, indices: Int32, at: int = RECALL_AT) -> float:
        """Give the share of the ``at`` nearest that are among the ``at`` first found; -1 counts as not found."""
        at = min(at, self._k)
        if not at:
            return 1.0
        found = indices[self.queries, :at]
        hits = (found[:, :, None] == self._truth[:, None, :at]).any(axis=2)
        return float(hits.mean())
