"""The search of neighbors that fits the size: exact where that takes about a minute at most, else approximate with a stated recall."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from engines.artifacts import Embeddings, NeighborGraph
from engines.exact_search import Space
from engines.keys import chain
from engines.neighbors.approximate import ApproximateNeighbors
from engines.neighbors.building import graph_of, width
from engines.neighbors.cuda import card_neighbors, has_card
from engines.neighbors.exact import ExactNeighbors
from engines.neighbors.prepare import prepare
from engines.parameters import Doc, Range, engine, speed_only
from engines.protocols import Progress, available_threads, no_progress, part

EXACT_UP_TO = 100_000
CARD_FROM = 20_000
EXACT_ON_CARD_UP_TO = 2_000_000


@engine
class AutoNeighbors:
    """Search exactly up to 100,000 rows (on a graphics card up to two million), approximately above.

    On two processors exact search of 100,000 x 512 takes a minute and a question less; at a million it would take more than an
    hour. ``notes["method"]`` says which one it was.
    """

    name: ClassVar[str] = "auto"
    version: ClassVar[int] = 2
    packages: ClassVar[tuple[str, ...]] = ("numba",)

    k: Annotated[int | None, Range(1, 1024), Doc("neighbors per row; none = 90 up to 100,000 rows, 30 above")] = None
    metric: Annotated[Literal["cosine", "euclidean"], Doc("cosine of centered vectors, or plain euclidean distance")] = "cosine"
    exact_up_to: Annotated[int, Range(0), Doc("rows up to which every row is compared with every other")] = EXACT_UP_TO
    recall: Annotated[float, Range(0.5, 1.0), Doc("share of the 15 nearest to find where the search is approximate")] = 0.96
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers")] = 0
    device: Annotated[Literal["auto", "cpu", "cuda", "mps"], Doc("where the comparison runs; mps is not used")] = "auto"
    threads: Annotated[int | None, Range(1), Doc("processor threads; none = all")] = speed_only(None)

    def isolated_for(self, rows: int) -> bool:
        """Tell whether to run in a process of its own: where it is not over in about a second."""
        return rows > CARD_FROM

    def __call__(self, embeddings: Embeddings, *, progress: Progress = no_progress) -> NeighborGraph:
        """Build the graph; k is clipped to m - 1, and may be 0.

        Raises:
            Cancelled: when ``progress`` asks for it, within about a second.
        """
        n = len(embeddings)
        if self._on_card(n):
            return self._card(embeddings, progress)
        given: dict[str, Any] = {"k": self.k, "metric": self.metric, "threads": self.threads}
        if n <= self.exact_up_to:
            graph = ExactNeighbors(**given)(embeddings, progress=progress)
        else:
            graph = ApproximateNeighbors(**given, recall=self.recall, seed=self.seed)(embeddings, progress=progress)
        return graph.with_key(chain("neighbors", self, [embeddings.key], name=self.name))

    def _on_card(self, n: int) -> bool:
        if self.device not in ("auto", "cuda") or not CARD_FROM < n <= EXACT_ON_CARD_UP_TO:
            return False
        return has_card()

    def _card(self, embeddings: Embeddings, progress: Progress) -> NeighborGraph:
        ready = prepare(embeddings.vectors, self.metric, part(progress, 0.0, 0.2))
        space = Space(ready.nodes, self.metric, self.threads or available_threads())
        found = card_neighbors(space, width(self.k, len(space)), part(progress, 0.2, 1.0))
        progress(1.0, "neighbors found")
        return graph_of(self, embeddings, ready, found, recall=1.0, notes={"method": "exact", "device": "cuda"})
