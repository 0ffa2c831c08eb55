"""Plain k-means by matrix products (Lloyd 1982), for many centers and repeated use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32
from engines.protocols import Progress, no_progress, part
from engines.totals import totals_of

Rows = npt.NDArray[np.int64]
BLOCK = 8_192
SCORES = 1 << 24
"""So many products of points and centers are held at a time."""
POOL = 20
POOL_ROWS = 1 << 16
"""The first centers are chosen among 20 points for each of them, or, if those are more, among 65,536 or four for each."""
FEW, MANY = 16, 1 << 18


def assign(points: Float32, centers: Float32, progress: Progress = no_progress) -> tuple[Rows, Float32]:
    """Give the nearest center of each point (m) and the squared distance to it (m)."""
    nearest, squares = np.empty(len(points), dtype=np.int64), np.empty(len(points), dtype=np.float32)
    for rows, block, scores in _scored(points, centers, progress):
        best = scores.argmax(axis=1)
        nearest[rows] = best
        own = np.einsum("ij,ij->i", block, block) - 2.0 * scores[np.arange(len(block)), best]
        squares[rows] = np.maximum(own, 0.0)
    return nearest, squares


def sampled(points: Float32, most: int, rng: np.random.Generator) -> Float32:
    """Give ``most`` points drawn at random, in their order; all where there are no more."""
    return points if len(points) <= most else np.asarray(points[np.sort(rng.choice(len(points), most, replace=False))])


def pool_of(points: Float32, k: int, each: int, rng: np.random.Generator) -> Float32:
    """Choose the points that k centers are found from: ``each`` for one, fewer (at least 16) where those would be more than 262,144."""
    return sampled(points, max(FEW * k, min(each * k, MANY)), rng)


def means_of(points: Float32, labels: Rows, old: Float32) -> Float32:
    """Give the mean of each cluster, float64 inside; an empty one keeps its old center."""
    count = np.bincount(labels, minlength=len(old))[:, None]
    means: Float32 = np.where(count > 0, totals_of(points, labels, len(old)) / np.maximum(count, 1), old).astype(np.float32)
    return means


def centers_of(points: Float32, k: int, *, seed: int, rounds: int = 15, progress: Progress = no_progress) -> Float32:
    """Find at most ``k`` centers (k, d): k-means++ on a sample of points, then at most ``rounds`` rounds, fewer when nothing moves."""
    rng = np.random.default_rng(seed)
    k = min(k, len(points))
    centers = _spread(points, k, rng, part(progress, 0.0, 0.2))
    progress = part(progress, 0.2, 1.0)
    before = np.full(len(points), -1, dtype=np.int64)
    for done in range(rounds):
        labels, _ = assign(points, centers, part(progress, done / rounds, (done + 1) / rounds))
        if np.array_equal(labels, before):
            break
        before = labels
        centers = means_of(points, labels, centers)
    return centers


def margins(nodes: Float32, centers: Float32, progress: Progress = no_progress) -> tuple[Rows, Float32]:
    """Give the nearest center of each node, and (b - a) / b, a and b being the distances to the nearest two centers."""
    if len(centers) < 2:
        return np.zeros(len(nodes), dtype=np.int64), np.ones(len(nodes), dtype=np.float32)
    nearest, margin = np.empty(len(nodes), dtype=np.int64), np.empty(len(nodes), dtype=np.float32)
    for rows, block, scores in _scored(nodes, centers, progress):
        each = np.arange(len(block))
        first = scores.argmax(axis=1)
        best = scores[each, first]
        scores[each, first] = -np.inf
        squares = np.einsum("ij,ij->i", block, block)
        a = np.sqrt(np.maximum(squares - 2.0 * best, 0.0))
        b = np.sqrt(np.maximum(squares - 2.0 * scores.max(axis=1), 0.0))
        nearest[rows] = first
        margin[rows] = (b - a) / np.where(b > 0, b, 1.0)
    return nearest, margin


def _scored(points: Float32, centers: Float32, progress: Progress) -> Iterator[tuple[slice, Float32, Float32]]:
    """Give block by block its rows, the points (b, d), and their scores (b, k): x c - c c / 2, largest at the nearest center."""
    halves = np.einsum("ij,ij->i", centers, centers) * np.float32(0.5)
    step = max(min(BLOCK, SCORES // max(len(centers), 1)), 256)
    for start in range(0, len(points), step):
        progress(start / len(points), "k-means")
        block = np.asarray(points[start : start + step], dtype=np.float32)
        scores = block @ centers.T
        scores -= halves
        yield slice(start, start + step), block, scores


def _spread(points: Float32, k: int, rng: np.random.Generator, progress: Progress) -> Float32:
    """Choose k points by greedy k-means++ (Arthur and Vassilvitskii 2007).

    Each time 2 + ln k candidates are drawn, with a probability that grows with the squared distance to those chosen; the one that leaves least is
    taken.
    """
    pool = np.asarray(sampled(points, min(POOL * k, max(POOL_ROWS, 4 * k)), rng), dtype=np.float32)
    squares = np.einsum("ij,ij->i", pool, pool)
    chosen = [int(rng.integers(len(pool)))]
    away = _squares_to(pool, squares, chosen)[0]
    trials = 2 + int(np.log(k))
    for done in range(k - 1):
        progress(done / k, "k-means: first centers")
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
