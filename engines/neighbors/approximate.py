"""Approximate nearest neighbors for many rows: random partitions whose leaves are compared whole, until a sample says that it is enough."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from engines.artifacts import Embeddings, Float32, Int32, NeighborGraph
from engines.exact_search import Space
from engines.nearest import halves_of
from engines.neighbors.building import RECALL_AT, Truth, graph_of, width
from engines.neighbors.kernels import merge_leaf
from engines.neighbors.partition import Partition
from engines.neighbors.prepare import prepare
from engines.parameters import Doc, Range, engine, speed_only
from engines.protocols import Progress, available_threads, no_progress, part

LEAF = 700
OVERLAP = 4
FINISH = 4_096
LEAVES_AT_ONCE = 8


@engine
class ApproximateNeighbors:
    """Compare every node with the others in its leaves, in partition after partition, until ``recall`` is reached.

    A partition sends each node to the four nearest of 64 random leaders and goes on within each part to the nearest of 64, down to leaves of
    at most 700 nodes, all pairs of which are one matrix product (random hierarchical clusterings as in Munoz, Goncalves, Dias, Torres
    2019, here with overlap and with whole lists in place of trees). Each further partition, with other leaders, mends what the borders of
    the earlier ones cut. The recall is that of 1,000 nodes whose exact neighbors are found first. The distances are measured at the end as
    in the exact search.
    """

    name: ClassVar[str] = "approximate"
    version: ClassVar[int] = 2
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    isolated: ClassVar[bool] = True

    k: Annotated[int | None, Range(1, 1024), Doc("neighbors per row; none = 90 up to 100,000 rows, 30 above")] = None
    metric: Annotated[Literal["cosine", "euclidean"], Doc("cosine of centered vectors, or plain euclidean distance")] = "cosine"
    recall: Annotated[float, Range(0.5, 1.0), Doc("share of the 15 nearest to find, on a sample, before it stops")] = 0.96
    partitions: Annotated[int, Range(1, 200), Doc("partitions at most")] = 30
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers")] = 0
    threads: Annotated[int | None, Range(1), Doc("processor threads; none = all")] = speed_only(None)

    def __call__(self, embeddings: Embeddings, *, progress: Progress = no_progress) -> NeighborGraph:
        """Build the graph; every node gets its k neighbors, and k is clipped to m - 1.

        Raises:
            Cancelled: when ``progress`` asks for it, at the latest after a block of 4,096 rows or some leaves.
        """
        ready = prepare(embeddings.vectors, self.metric, part(progress, 0.0, 0.1))
        space = Space(ready.nodes, self.metric, self.threads or available_threads())
        k = width(self.k, len(space))
        if k == 0:
            nothing = space.exact(np.arange(len(space)), 0, progress)
            return graph_of(self, embeddings, ready, nothing, recall=1.0, notes={"method": "approximate", "partitions": 0})
        truth = Truth(space, k, self.seed, part(progress, 0.1, 0.15))
        indices, rounds = self._search(space, k, truth, part(progress, 0.15, 0.9))
        found = self._finish(space, indices, part(progress, 0.9, 1.0))
        notes = {
            "method": "approximate",
            "partitions": rounds,
            "recall_at": min(RECALL_AT, k),
            "recall_k": round(truth.recall(found[0], k), 4),
            "recall_sample": len(truth.queries),
        }
        progress(1.0, "neighbors found")
        return graph_of(self, embeddings, ready, found, recall=round(truth.recall(found[0]), 4), notes=notes)

    def _search(self, space: Space, k: int, truth: Truth, progress: Progress) -> tuple[Int32, int]:
        """Give the lists of the nearest found, and how many partitions it took."""
        nodes, m, threads = space.nodes, len(space), space.threads
        ids, distances = np.full((m, k), -1, dtype=np.int32), np.full((m, k), np.inf, dtype=np.float32)
        halves = np.empty(m, dtype=np.float32)
        for start in range(0, m, FINISH):
            halves[start : start + FINISH] = halves_of(nodes[start : start + FINISH])
        reached, rounds = 0.0, 0
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(max_workers=threads) as pool:
            while reached < self.recall and rounds < self.partitions:
                said = f"neighbors, partition {rounds + 1}: {reached:.0%} found"
                tick = _ticks(part(progress, *self._share(reached, rounds)), said)
                cut = Partition(nodes=nodes, halves=halves, leaf=LEAF, overlap=OVERLAP, seed=_seed(self.seed, rounds))
                leaves = cut.leaves(pool, tick)
                join = _Join(nodes, leaves, (ids, distances), threads)
                for _ in join.side_by_side(pool):
                    next(tick)
                rounds += 1
                reached = truth.recall(ids)
        return ids, rounds

    def _share(self, reached: float, rounds: int) -> tuple[float, float]:
        """Give where the bar stands before and after a partition: what is still missing shrinks by about half with each."""
        before = min(reached / self.recall, 1.0) ** 2
        return before, min(before + (1 - before) * 0.4, 1.0) if rounds else 0.3

    def _finish(self, space: Space, indices: Int32, progress: Progress) -> tuple[Int32, Float32]:
        """Measure, put in order, and search those nodes exactly whose lists are not full."""
        m, k = indices.shape
        distances = np.empty((m, k), dtype=np.float32)
        for start in range(0, m, FINISH):
            progress(start / m, f"measuring {start:,} of {m:,} rows")
            rows = np.arange(start, min(start + FINISH, m))
            indices[rows], distances[rows] = space.nearest(rows, indices[rows].astype(np.int64), k)
        short = np.flatnonzero((indices < 0).any(axis=1))
        if len(short):
            indices[short], distances[short] = space.exact(short, k, progress)
        return indices, distances


class _Join:
    """Compare all pairs in each leaf; thread t writes the lists of the nodes with number = t modulo the number of threads, and no other."""

    def __init__(self, nodes: Float32, leaves: list[npt.NDArray[np.int64]], lists: tuple[Int32, Float32], threads: int) -> None:
        self._nodes, self._leaves, self._lists, self._threads = nodes, leaves, lists, threads

    def work(self, number: int) -> Iterator[None]:
        """Do the part of one thread, a leaf at a time."""
        for members in self._leaves:
            chosen = members % self._threads == number
            if chosen.any() and len(members) > 1:
                vectors = self._nodes[members]
                vectors -= vectors.mean(axis=0)  # distances stay, and lose fewer digits
                halves = halves_of(vectors)
                both = np.concatenate([halves[chosen], halves])
                merge_leaf(vectors[chosen] @ vectors.T, both, members[chosen], members, self._lists)
            yield

    def side_by_side(self, pool: ThreadPoolExecutor) -> Iterator[None]:
        """Do the parts of all threads together; gives control back every few leaves."""
        works = [self.work(number) for number in range(self._threads)]
        for _ in range(0, len(self._leaves), LEAVES_AT_ONCE):
            for done in [pool.submit(_advance, work, LEAVES_AT_ONCE) for work in works]:
                done.result()
            yield


def _advance(work: Iterator[None], steps: int) -> None:
    for _ in range(steps):
        if next(work, _ENOUGH) is _ENOUGH:
            return


_ENOUGH: Any = object()


def _ticks(progress: Progress, message: str) -> Iterator[None]:
    """Report at every step; how many there will be is not known, so the bar nears its end more and more slowly."""
    steps = 0
    while True:
        progress(steps / (steps + 200), message)
        steps += 1
        yield


def _seed(seed: int, rounds: int) -> int:
    return (seed * 1_000_003 + rounds) % 2**32
