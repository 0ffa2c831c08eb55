"""Cut nodes into overlapping leaves of near ones, by randomly drawn leaders; another seed cuts elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32

Rows = npt.NDArray[np.int64]

LEADERS = 64
BLOCK = 4_096
STUCK = 0.95


@dataclass(frozen=True, kw_only=True)
class Partition:
    """How to cut ``nodes`` (m, d): every node joins the ``overlap`` nearest of up to 64 random leaders, then, in each part, the nearest one only.

    Parts of at most ``leaf`` nodes are leaves. ``halves`` (m): half the squared length of each node.
    """

    nodes: Float32
    halves: Float32
    leaf: int
    overlap: int
    seed: int

    def leaves(self, pool: Executor, tick: Iterator[None]) -> list[Rows]:
        """Cut once; ``tick`` is advanced while it goes on, and may raise."""
        found: list[Rows] = []
        rows = np.arange(len(self.nodes))
        for part in self._split(rows, (0,), self.overlap, pool, tick):
            self._cut(part[1], part[0], pool, tick, found)
        return found

    def _cut(self, rows: Rows, path: tuple[int, ...], pool: Executor, tick: Iterator[None], found: list[Rows]) -> None:
        if len(rows) <= self.leaf:
            found.append(rows)
            return
        for inner, part in self._split(rows, path, 1, pool, tick):
            if len(part) > STUCK * len(rows):  # nodes so near to each other that leaders do not tell them apart
                found.extend(part[start : start + self.leaf] for start in range(0, len(part), self.leaf))
            else:
                self._cut(part, inner, pool, tick, found)

    def _split(
        self, rows: Rows, path: tuple[int, ...], overlap: int, pool: Executor, tick: Iterator[None]
    ) -> Iterator[tuple[tuple[int, ...], Rows]]:
        """Give the parts around the leaders, each with its path."""
        if len(rows) <= self.leaf:
            yield (*path, 0), rows
            return
        count = min(LEADERS, max(2, -(-2 * len(rows) // self.leaf)))
        leaders = np.random.default_rng([self.seed, *path]).choice(rows, count, replace=False)
        overlap = min(overlap, count)
        table, offsets = self.nodes[leaders].T, self.halves[leaders]

        def nearest(start: int) -> npt.NDArray[np.int16]:
            scores = self.nodes[rows[start : start + BLOCK]] @ table - offsets
            if overlap == 1:
                return np.asarray(scores.argmax(axis=1), dtype=np.int16)[:, None]
            best: npt.NDArray[np.int16] = np.argpartition(scores, -overlap, axis=1)[:, -overlap:].astype(np.int16)
            return best

        chosen = []
        for block in pool.map(nearest, range(0, len(rows), BLOCK)):
            next(tick)
            chosen.append(block)
        leader_of = np.concatenate(chosen).ravel()
        order = np.argsort(leader_of, kind="stable")
        cuts = np.searchsorted(leader_of[order], np.arange(count + 1))
        for number in range(count):
            part = rows[order[cuts[number] : cuts[number + 1]] // overlap]
            if len(part):
                yield (*path, number + 1), part
