"""A graph of few cells in place of one of many nodes: which landmark each node belongs to, and how much flows between the cells."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import Float32, NeighborGraph
from engines.nearest import nearest_to
from engines.protocols import Progress, no_progress, part
from engines.sharing import share
from engines.totals import totals_of

Float64 = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
BLOCK = 16_384
PARALLEL_FROM = 10_000


@dataclass(frozen=True, kw_only=True)
class Cells:
    """``owner`` (m): the cell of each node; ``points`` (c, d): the mean of each cell; ``flow`` (c, c): symmetric, the diagonal 0."""

    owner: Rows
    points: Float64
    flow: Float64


def cells_of(
    graph: NeighborGraph, weights: Any, k: int, most: int, *, seed: int, threads: int, progress: Progress = no_progress
) -> Cells:
    """Give each node to the one of ``most`` landmarks that is nearest along its ``k`` nearest neighbors and theirs.

    ``weights`` (m, m) is symmetric; what flows between two cells is the sum over the pairs of their nodes. Landmarks are drawn from the nodes
    that some other one names. Nodes from which no path leads to one go to the cell with the nearest mean, and do not move that. Where there
    are at most ``most`` nodes each is a cell.
    """
    if graph.m <= most:
        points = np.asarray(graph.nodes, dtype=np.float64)
        return Cells(owner=np.arange(graph.m), points=points, flow=weights.toarray().astype(np.float64))
    named = np.flatnonzero(np.bincount(graph.indices[:, :k].ravel(), minlength=graph.m))
    landmarks = np.sort(np.random.default_rng(seed).choice(named, min(most, len(named)), replace=False))
    owner = _along(graph, landmarks, k, threads, part(progress, 0.0, 0.4))
    sizes = np.bincount(owner[owner >= 0], minlength=len(landmarks))
    points = totals_of(graph.nodes, owner, len(landmarks), part(progress, 0.4, 0.7)) / np.maximum(sizes, 1)[:, None]
    lost = np.flatnonzero(owner < 0)
    centers = points.astype(np.float32)
    for start in range(0, len(lost), BLOCK):
        progress(0.7, f"cells of {start:,} of {len(lost):,} rows")
        rows = np.ascontiguousarray(graph.nodes[lost[start : start + BLOCK]])
        near = nearest_to(rows, lambda low, high: centers[low:high], len(centers), 1, threads=threads, progress=no_progress)
        owner[lost[start : start + BLOCK]] = near.ids[:, 0]
    return Cells(owner=owner, points=points, flow=_flow(weights, owner, len(landmarks), part(progress, 0.75, 1.0)))


def _along(graph: NeighborGraph, landmarks: Rows, k: int, threads: int, progress: Progress) -> Rows:
    """Give the number of the nearest landmark (m), -1 where no path leads to one: rounds of Bellman and Ford, all nodes at once."""
    indices = np.ascontiguousarray(graph.indices[:, :k])
    lengths = lengths_of(graph.distances[:, :k], graph.metric)
    away, owner = np.full(graph.m, np.inf, dtype=np.float32), np.full(graph.m, -1, dtype=np.int64)
    away[landmarks], owner[landmarks] = 0.0, np.arange(len(landmarks))
    parts = threads if graph.m >= PARALLEL_FROM else 1
    with ThreadPoolExecutor(max_workers=parts) as pool:
        for done in range(graph.m):
            progress(done / (done + 10), "cells around landmarks")
            nearer, theirs = away.copy(), owner.copy()
            share(pool, parts, _step, 0, graph.m, indices, lengths, away, owner, nearer, theirs)
            still = np.array_equal(owner, theirs) and np.array_equal(away, nearer)
            away, owner = nearer, theirs
            if still:
                break
    return owner


def lengths_of(distances: Float32, metric: str) -> Float32:
    """Give lengths: cosine distances d as chords sqrt(2 d)."""
    return np.sqrt(2 * distances) if metric == "cosine" else np.ascontiguousarray(distances)


def _flow(weights: Any, owner: Rows, count: int, progress: Progress) -> Float64:
    flow = np.zeros(count * count)
    for start in range(0, len(owner), BLOCK):
        progress(start / len(owner), "flow between cells")
        stop = min(start + BLOCK, len(owner))
        low, high = weights.indptr[start], weights.indptr[stop]
        rows = np.repeat(owner[start:stop], np.diff(weights.indptr[start : stop + 1]))
        flow += np.bincount(rows * count + owner[weights.indices[low:high]], weights.data[low:high], minlength=count * count)
    both = flow.reshape(count, count)
    both = (both + both.T) / 2
    np.fill_diagonal(both, 0.0)
    return both


@njit(cache=True, nogil=True)
def _step(low, high, indices, lengths, away, owner, nearer, theirs):  # type: ignore[no-untyped-def]  # numba infers the types
    """Let the nodes low..high take over the landmark of the neighbor by which it is nearest; of equals the first."""
    for node in range(low, high):
        for column in range(indices.shape[1]):
            other = indices[node, column]
            length = away[other] + lengths[node, column]
            if length < nearer[node]:
                nearer[node], theirs[node] = length, owner[other]
