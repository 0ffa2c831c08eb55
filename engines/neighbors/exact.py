"""Exact nearest neighbors: matrix products find the candidates, their distances are then computed once more in a fixed way."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from engines.artifacts import Embeddings, NeighborGraph
from engines.exact_search import Space
from engines.neighbors.building import graph_of, width
from engines.neighbors.prepare import prepare
from engines.parameters import Doc, Range, engine, speed_only
from engines.protocols import Progress, available_threads, no_progress, part


@engine
class ExactNeighbors:
    """Compare every node with every other (``engines.nearest``); recall is 1 by construction.

    ``k`` None: 90 up to 100,000 nodes (t-SNE with perplexity 30 needs 90; they cost 9 % more than 15), 30 above.
    """

    name: ClassVar[str] = "exact"
    version: ClassVar[int] = 3
    packages: ClassVar[tuple[str, ...]] = ("numba",)

    k: Annotated[int | None, Range(1, 1024), Doc("neighbors per row; none = 90 up to 100,000 rows, 30 above")] = None
    metric: Annotated[Literal["cosine", "euclidean"], Doc("cosine of centered vectors, or plain euclidean distance")] = "cosine"
    threads: Annotated[int | None, Range(1), Doc("processor threads; none = all")] = speed_only(None)

    def __call__(self, embeddings: Embeddings, *, progress: Progress = no_progress) -> NeighborGraph:
        """Build the graph; k is clipped to m - 1, and may be 0.

        Raises:
            Cancelled: when ``progress`` asks for it, at the latest after two blocks of 2,048 rows.
        """
        ready = prepare(embeddings.vectors, self.metric, part(progress, 0.0, 0.1))
        space = Space(ready.nodes, self.metric, self.threads or available_threads())
        found = space.exact(None, width(self.k, len(space)), part(progress, 0.1, 1.0))
        progress(1.0, "neighbors found")
        return graph_of(self, embeddings, ready, found, recall=1.0, notes={"method": "exact"})
