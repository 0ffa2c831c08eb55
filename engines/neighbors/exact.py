"""Exact nearest neighbors: faiss finds the candidates, their distances are then computed once more in a fixed way."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from engines.artifacts import Embeddings, Float32, Int32, NeighborGraph
from engines.keys import chain
from engines.neighbors.prepare import Prepared, prepare
from engines.parameters import Doc, Range, engine, speed_only
from engines.protocols import Progress, available_threads, no_progress, part

WIDE_UP_TO = 100_000
QUERIES = 1024
SPARE = 8
"""Candidates beyond k: ties and the last bit of faiss, which depend on its threads, then cannot change who is among the k nearest."""


@engine
class ExactNeighbors:
    """Compare every node with every other (faiss.knn); recall is 1 by construction.

    ``k`` None: 90 up to 100,000 nodes (t-SNE with perplexity 30 needs 90; they cost 9 % more than 15), 30 above.
    """

    name: ClassVar[str] = "exact"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ("faiss-cpu",)

    k: Annotated[int | None, Range(1, 1024), Doc("neighbors per row; none = 90 up to 100,000 rows, 30 above")] = None
    metric: Annotated[Literal["cosine", "euclidean"], Doc("cosine of centered vectors, or plain euclidean distance")] = "cosine"
    threads: Annotated[int | None, Range(1), Doc("processor threads; none = all")] = speed_only(None)

    def __call__(self, embeddings: Embeddings, *, progress: Progress = no_progress) -> NeighborGraph:
        """Build the graph; k is clipped to m - 1, and may be 0.

        Raises:
            Cancelled: when ``progress`` asks for it, at the latest after a block of 1,024 queries.
        """
        ready = prepare(embeddings.vectors, self.metric, part(progress, 0.0, 0.1))
        m = len(ready.nodes)
        k = max(min(self.k or (90 if m <= WIDE_UP_TO else 30), m - 1), 0)
        indices, distances = self._search(ready, k, part(progress, 0.1, 1.0))
        progress(1.0, "neighbors found")
        return NeighborGraph(
            key=chain("neighbors", self, [embeddings.key], name=self.name),
            metric=self.metric,
            indices=indices,
            distances=distances,
            unique_of=ready.unique_of,
            representative=ready.representative,
            center=ready.center,
            nodes=ready.nodes,
            mean_cosine=ready.mean_cosine,
            recall=1.0,
            notes=ready.notes,
        )

    def _search(self, ready: Prepared, k: int, progress: Progress) -> tuple[Int32, Float32]:
        m = len(ready.nodes)
        indices, distances = np.empty((m, k), dtype=np.int32), np.empty((m, k), dtype=np.float32)
        if not k:
            return indices, distances
        at_center = np.flatnonzero(~ready.nodes.any(axis=1)) if self.metric == "cosine" else np.empty(0, dtype=np.int64)
        search = _searcher(ready.nodes, min(k + 1 + SPARE, m), self.metric, self.threads or available_threads())
        for start in range(0, m, QUERIES):
            progress(start / m, f"neighbors of {start:,} of {m:,} rows")
            queries = np.arange(start, min(start + QUERIES, m))
            candidates = search(queries)
            measured = measure(ready.nodes, queries, candidates, self.metric)
            if len(at_center):  # cos = 0 between the zero vector and any other
                measured[np.isin(queries, at_center)] = 1.0
                measured[np.isin(candidates, at_center)] = 1.0
            rows = slice(start, start + len(queries))
            indices[rows], distances[rows] = nearest(queries, candidates, measured, k)
        return indices, distances


def _searcher(nodes: Float32, wanted: int, metric: str, threads: int) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.int64]]:
    """Give a function that finds ``wanted`` candidates, itself mostly among them, for some nodes."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # idle threads must not spin beside other work; read when OpenMP loads
    import faiss

    kind = faiss.METRIC_INNER_PRODUCT if metric == "cosine" else faiss.METRIC_L2

    def search(queries: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(threads)
        try:
            _, found = faiss.knn(nodes[queries], nodes, wanted, metric=kind)
        finally:
            faiss.omp_set_num_threads(before)
        candidates: npt.NDArray[np.int64] = found
        return candidates

    return search


def measure(nodes: Float32, queries: npt.NDArray[Any], candidates: npt.NDArray[Any], metric: str) -> Float32:
    """Compute the distances (b, c) from differences, never from products.

    For unit vectors 1 - cos = |x - y|^2 / 2, which keeps its digits where vectors nearly coincide, is symmetric to the last bit, never
    negative, and does not depend on threads or blocks.
    """
    distances = np.empty(candidates.shape, dtype=np.float32)
    step = max(1, (1 << 22) // max(nodes.shape[1] * candidates.shape[1], 1))
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        difference = nodes[candidates[rows]]
        difference -= nodes[queries[rows]][:, None, :]
        distances[rows] = np.einsum("ijk,ijk->ij", difference, difference)
    return np.sqrt(distances) if metric == "euclidean" else distances * np.float32(0.5)


def nearest(queries: npt.NDArray[Any], candidates: npt.NDArray[np.int64], distances: Float32, k: int) -> tuple[Int32, Float32]:
    """Keep the k nearest candidates, ascending by distance, then by index; the query itself is never one of them."""
    order = np.lexsort((candidates, np.where(candidates == queries[:, None], np.inf, distances)), axis=1)[:, :k]
    return (
        np.take_along_axis(candidates, order, axis=1).astype(np.int32),
        np.take_along_axis(distances, order, axis=1),
    )
