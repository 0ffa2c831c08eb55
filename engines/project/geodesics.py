"""Distances along the data: how slowly heat comes from one place to another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from engines.protocols import Progress, no_progress, part

Float64 = npt.NDArray[np.float64]
COLDEST = 13.0
"""The time doubles until the coldest pair is above exp(-13): heat has then spread over about a sixth of the longest way. A shorter time is more
exact and follows a wrong edge sooner."""
DOUBLINGS = 40
CLOSEST = 0.2
"""No cell counts as nearer to those around it than this times the median: the step of time follows the densest."""
LEAVES = 0.25
"""At most this much of a cell's heat leaves it in a step."""
SHORTEST = 1e-6
BLOCK = 128


def heat_distances(flow: Float64, points: Float64, *, threads: int, progress: Progress = no_progress) -> Float64:
    """Give distances (c, c) along the data between cells at ``points`` (c, d): finite, symmetric, 0 on the diagonal alone.

    Varadhan 1967: d(x, y)^2 is the limit of -4 t log h_t(x, y) for small t, h_t being the heat that comes from x to y in the time t; here
    relative to what stays, sqrt(h_t(x, x) h_t(y, y)). Heat takes all paths, so that a few wrong edges, which would make the shortest path
    short, count less. It passes at the rate w / sqrt(out_x out_y) / (s_x s_y), w being the root of the flow, which evens out
    bottlenecks that chance makes, out its sum, and s the mean distance of a cell to those around it: a random walk whose steps are long where
    the data are thin, so that distances depend little on the density.

    h_t is the power of a matrix without negative entries, by repeated squaring: entries of 1e-100 keep their relative precision, which they
    would not in a series or from eigenvectors. Each connected part has a time of its own, and distances in units of ``points``: the
    median edge is as long as in space. Parts are joined where they are nearest in space, as Prim's tree would.
    """
    from scipy.sparse.csgraph import connected_components

    count = len(flow)
    if not count:
        return np.zeros((0, 0))
    pieces, piece = connected_components(flow > 0, directed=False)
    largest = max(float(np.abs(points).max(initial=0.0)), 1e-300)
    along = np.zeros((count, count))
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(max_workers=threads) as pool:
        apart = _apart(points / largest)
        for number in range(pieces):
            own = np.flatnonzero(piece == number)
            block = np.ix_(own, own)
            along[block] = _within(flow[block], apart[block], pool, part(progress, number / pieces, (number + 1) / pieces))
    progress(1.0, "heat")
    along = np.maximum(along, SHORTEST * max(float(along.max()), float(apart.max()), SHORTEST))
    np.fill_diagonal(along, 0.0)
    return _joined(along, piece, apart) * largest


def _apart(points: Float64) -> Float64:
    """Give the distances (c, c) of points in space."""
    centered = points - points.mean(axis=0)
    squares = np.einsum("ij,ij->i", centered, centered)
    apart: Float64 = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * (centered @ centered.T), 0.0))
    apart = (apart + apart.T) / 2
    np.fill_diagonal(apart, 0.0)
    return apart


def _within(flow: Float64, apart: Float64, pool: ThreadPoolExecutor, progress: Progress) -> Float64:
    """Give the distances (c, c) in a connected part."""
    heat, cold = _step(flow, apart), np.zeros_like(flow)
    for done in range(DOUBLINGS):
        warmth = np.sqrt(np.diag(heat))
        cold = -np.log(np.maximum(heat / warmth[:, None] / warmth[None, :], 1e-300))
        if cold.max() <= COLDEST:
            break
        heat = _squared(heat, pool, part(progress, done / (done + 6), (done + 1) / (done + 7)), f"heat, {2**done:,} steps")
    along: Float64 = np.sqrt(np.maximum(cold, 0.0))
    known = (flow > 0) & (along > 0)
    if known.any():
        along *= float(np.median(apart[known] / along[known]))
    return along


def _step(flow: Float64, apart: Float64) -> Float64:
    """Give what a short time does to heat (c, c): symmetric, no entry negative, every row sums to 1."""
    weight = np.sqrt(flow)
    out = weight.sum(axis=1)
    out = np.where(out > 0, out, 1.0)
    around = (weight * apart).sum(axis=1) / out
    usual = float(np.median(around))
    around = np.maximum(around / usual, CLOSEST) if usual > 0 else np.ones_like(around)
    resistance = np.sqrt(out) * around
    rate = weight / resistance[:, None] / resistance[None, :]
    step: Float64 = rate * (LEAVES / max(float(rate.sum(axis=1).max()), 1e-300))
    np.fill_diagonal(step, 1.0 - step.sum(axis=1))
    return step


def _squared(heat: Float64, pool: ThreadPoolExecutor, progress: Progress, message: str) -> Float64:
    """Multiply a symmetric matrix by itself, in blocks of rows that are the same on any number of threads."""
    product = np.empty_like(heat)
    starts = range(0, len(heat), BLOCK)

    def rows(start: int) -> int:
        np.matmul(heat[start : start + BLOCK], heat, out=product[start : start + BLOCK])
        return start

    for start in pool.map(rows, starts):
        progress(start / len(heat), message)
    both: Float64 = (product + product.T) / 2
    return both


def _joined(along: Float64, piece: npt.NDArray[np.int32], apart: Float64) -> Float64:
    """Join the parts to the largest, nearest first: the way between two of them leads over their two points nearest in space."""
    sizes = np.bincount(piece)
    known = piece == sizes.argmax()
    inside = np.flatnonzero(known)
    gap, gate = apart[inside].min(axis=0), inside[apart[inside].argmin(axis=0)]
    for _ in range(len(sizes) - 1):
        new = int(np.where(known, np.inf, gap).argmin())
        own, old = np.flatnonzero(piece == piece[new]), np.flatnonzero(known)
        way = along[old, gate[new]][:, None] + gap[new] + along[new, own][None, :]
        along[np.ix_(old, own)], along[np.ix_(own, old)] = way, way.T
        known[own] = True
        nearest = apart[own].argmin(axis=0)
        better = apart[own[nearest], np.arange(len(gap))] < gap
        gap = np.where(better, apart[own[nearest], np.arange(len(gap))], gap)
        gate = np.where(better, own[nearest], gate)
    return along
