"""Exact search of the nearest nodes, and the last step of every search: measure the candidates and put them in order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, Int32
from engines.nearest import all_nearest, nearest_to, squared_distances
from engines.protocols import Progress, part

Metric = Literal["cosine", "euclidean"]
BLOCK = 16_384
MEASURED = 2_048
"""Nodes whose candidates are measured between two reports of progress."""
SPARE = 8
"""Candidates beyond k: ties and the last bits of the products, which depend on threads, then cannot change who is among the k nearest."""


@dataclass(frozen=True)
class Space:
    """Where neighbors are looked for: prepared nodes (m, d), how they are compared, and on how many threads."""

    nodes: Float32
    metric: Metric
    threads: int

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def at_center(self) -> npt.NDArray[np.int64]:
        """List the nodes without a direction, which under cosine lie at distance 1 from every other."""
        if self.metric != "cosine":
            return np.empty(0, dtype=np.int64)
        blocks = range(0, len(self.nodes), BLOCK)
        found = [start + np.flatnonzero(~self.nodes[start : start + BLOCK].any(axis=1)) for start in blocks]
        return np.concatenate([np.empty(0, dtype=np.int64), *found])

    def exact(self, queries: npt.NDArray[Any] | None, k: int, progress: Progress) -> tuple[Int32, Float32]:
        """Find the k nearest of some nodes, or of all (None), ascending; reports at least after every 2,048 x 2,048 comparisons."""
        asked = np.arange(len(self)) if queries is None else queries
        indices, distances = np.empty((len(asked), k), dtype=np.int32), np.empty((len(asked), k), dtype=np.float32)
        if not k:
            return indices, distances
        wanted, finding = min(k + 1 + SPARE, len(self)), part(progress, 0.0, 0.9)
        if queries is None:
            lists = all_nearest(self.nodes, min(wanted, len(self) - 1), threads=self.threads, progress=finding)
        else:
            middle = self.nodes[:BLOCK].mean(axis=0)
            lists = nearest_to(
                self.nodes[queries] - middle,
                lambda start, stop: self.nodes[start:stop] - middle,
                len(self),
                wanted,
                threads=self.threads,
                progress=finding,
            )
        for start in range(0, len(asked), MEASURED):
            progress(0.9 + 0.1 * start / len(asked), f"measuring {start:,} of {len(asked):,} rows")
            rows = slice(start, start + MEASURED)
            indices[rows], distances[rows] = self.nearest(asked[rows], lists.ids[rows].astype(np.int64), k)
        return indices, distances

    def nearest(self, queries: npt.NDArray[Any], candidates: npt.NDArray[Any], k: int) -> tuple[Int32, Float32]:
        """Measure candidates (b, c) and keep the k nearest, ascending by distance, then by index; never the query itself, never -1.

        For unit vectors 1 - cos = |x - y|^2 / 2.
        """
        squares = squared_distances(self.nodes, queries, np.maximum(candidates, 0), self.threads)
        measured = np.sqrt(squares) if self.metric == "euclidean" else squares * np.float32(0.5)
        if len(self.at_center):
            measured[np.isin(queries, self.at_center)] = 1.0
            measured[np.isin(candidates, self.at_center)] = 1.0
        ranked = np.where((candidates == queries[:, None]) | (candidates < 0), np.inf, measured)
        order = np.lexsort((candidates, ranked), axis=1)[:, :k]
        return np.take_along_axis(candidates, order, axis=1).astype(np.int32), np.take_along_axis(measured, order, axis=1)
