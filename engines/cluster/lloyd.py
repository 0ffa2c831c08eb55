"""Plain k-means by matrix products (Lloyd 1982), for many centers and repeated use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32
from engines.protocols import Progress, no_progress, part

Rows = npt.NDArray[np.int64]
BLOCK = 8_192
POOL = 20


def assign(points: Float32, centers: Float32, progress: Progress = no_progress) -> tuple[Rows, Float32]:
    """Give the nearest center of each point (m) and the squared distance to it (m)."""
    halves = np.einsum("ij,ij->i", centers, centers) * np.float32(0.5)
    nearest, squares = np.empty(len(points), dtype=np.int64), np.empty(len(points), dtype=np.float32)
    for start in range(0, len(points), BLOCK):
        progress(start / len(points), "k-means")
        block = np.asarray(points[start : start + BLOCK], dtype=np.float32)
        scores = block @ centers.T - halves
        best = scores.argmax(axis=1)
        nearest[start : start + BLOCK] = best
        own = np.einsum("ij,ij->i", block, block) - 2.0 * scores[np.arange(len(block)), best]
        squares[start : start + BLOCK] = np.maximum(own, 0.0)
    return nearest, squares


def totals_of(points: Float32, rows: Rows, cluster: Rows, count: int) -> npt.NDArray[np.float64]:
    """Give the sum (count, d) of the points ``rows`` by cluster (as many as rows, 0..count - 1), float64, read in blocks."""
    total = np.zeros((count, points.shape[1]))
    for start in range(0, len(rows), BLOCK):
        own = cluster[start : start + BLOCK]
        order = np.argsort(own, kind="stable")
        there, first = np.unique(own[order], return_index=True)
        total[there] += np.add.reduceat(points[rows[start : start + BLOCK][order]].astype(np.float64), first, axis=0)
    return total


def means_of(points: Float32, labels: Rows, old: Float32) -> Float32:
    """Give the mean of each cluster; an empty one keeps its old center."""
    count = np.bincount(labels, minlength=len(old))[:, None]
    total = totals_of(points, np.arange(len(points)), labels, len(old))
    means: Float32 = np.where(count > 0, total / np.maximum(count, 1), old).astype(np.float32)
    return means


def sampled(points: Float32, most: int, rng: np.random.Generator) -> Float32:
    """Give ``most`` points drawn at random, in their order; all where there are no more."""
    if len(points) <= most:
        return points
    return np.asarray(points[np.sort(rng.choice(len(points), most, replace=False))])


def centers_of(points: Float32, k: int, *, seed: int, rounds: int = 15, progress: Progress = no_progress) -> Float32:
    """Find at most ``k`` centers (k, d): k-means++ on a sample of points, then at most ``rounds`` rounds, fewer when nothing moves."""
    rng = np.random.default_rng(seed)
    k = min(k, len(points))
    centers = _spread(points, k, rng)
    before = np.full(len(points), -1, dtype=np.int64)
    for done in range(rounds):
        labels, _ = assign(points, centers, part(progress, done / rounds, (done + 1) / rounds))
        if np.array_equal(labels, before):
            break
        before = labels
        centers = means_of(points, labels, centers)
    return centers


def margins(nodes: Float32, centers: Float32, progress: Progress = no_progress) -> tuple[Rows, Float32]:
    """Give the nearest center of each node (m), and (b - a) / b (m), a and b being the distances to the nearest two; 1 with one center."""
    halves = np.einsum("ij,ij->i", centers, centers) * np.float32(0.5)
    nearest, margin = np.zeros(len(nodes), dtype=np.int64), np.ones(len(nodes), dtype=np.float32)
    if len(centers) < 2:
        return nearest, margin
    for start in range(0, len(nodes), BLOCK):
        progress(start / len(nodes), "k-means")
        block = np.asarray(nodes[start : start + BLOCK], dtype=np.float32)
        lacks = halves - block @ centers.T
        nearest[start : start + BLOCK] = lacks.argmin(axis=1)
        scores = -np.partition(lacks, 1, axis=1)[:, :2]
        squares = np.maximum(np.einsum("ij,ij->i", block, block)[:, None] - 2.0 * scores, 0.0)
        away = np.sqrt(squares)
        margin[start : start + BLOCK] = (away[:, 1] - away[:, 0]) / np.where(away[:, 1] > 0, away[:, 1], 1.0)
    return nearest, margin


def _spread(points: Float32, k: int, rng: np.random.Generator) -> Float32:
    """Choose k points by greedy k-means++ (Arthur and Vassilvitskii 2007).

    Each time 2 + ln k candidates are drawn, with a probability that grows with the squared distance to those chosen; the one that leaves least is
    taken.
    """
    pool = np.asarray(sampled(points, POOL * k, rng), dtype=np.float32)
    squares = np.einsum("ij,ij->i", pool, pool)
    chosen = [int(rng.integers(len(pool)))]
    away = _squares_to(pool, squares, chosen)[0]
    trials = 2 + int(np.log(k))
    for _ in range(k - 1):
        total = np.cumsum(away, dtype=np.float64)
        if total[-1] <= 0:
            chosen.append(int(rng.integers(len(pool))))
            continue
        drawn = np.minimum(np.searchsorted(total, rng.random(trials) * total[-1]), len(pool) - 1)
        left = np.minimum(away, _squares_to(pool, squares, drawn))
        best = int(left.sum(axis=1, dtype=np.float64).argmin())
        chosen.append(int(drawn[best]))
        away = left[best]
    return pool[chosen].copy()


def _squares_to(pool: Float32, squares: Float32, some: Rows | list[int]) -> Float32:
    """Give the squared distances (s, m) of some points to all."""
    apart: Float32 = np.maximum(squares[None, :] + squares[some][:, None] - 2.0 * (pool[some] @ pool.T), 0.0)
    return apart
