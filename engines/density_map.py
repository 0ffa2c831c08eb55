"""The force that makes the local radii of a map go with those in the space (densMAP), for the descent of ``engines.layout``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import Float32, NeighborGraph
from engines.layout import Force, curve, look_up, tabled
from engines.protocols import Progress
from engines.sharing import share

Float64 = npt.NDArray[np.float64]

SMALLEST = 1e-6
"""Of the median of the squared local radii in the space: smaller ones count as this."""
SHIFT = 0.1
"""Added to the variance on the map: where all radii are nearly equal there, their correlation is not worth having."""
LEAST = 1e-6
"""Added to the squared local radii on the map."""
DAMPING = 2.0
"""A node moves by F / (1 + 2 K), K being the sum of what its differences to the others are multiplied with in F: it moves onto the mean of its neighbors
or away from it, and not beyond. 2, since they move as well."""
SAME = 1e-6
"""Standard deviation of the logarithms from which on the radii in the space differ at all."""
BLOCK = 50_000


def density_force(
    weights: Any, graph: NeighborGraph, *, strength: float, min_dist: float, threads: int, progress: Progress
) -> Force | None:
    """Give the force by which ``strength`` times the correlation of the logarithms of local radii enters what the descent minimizes.

    Narayan, Berger, Cho 2021. The squared local radius of a node is the mean of the squared lengths of its edges: in the space weighted by
    the memberships ``weights`` (m, m), on the map by q = 1 / (1 + a d^(2 b)) of the length d there. The correlation is multiplied with the
    mean sum of memberships of a node (largest membership 1), since the other part of the loss is a sum over the edges. There the force acts
    on an edge when it is pulled; here on all edges after each epoch, without random numbers. None where all radii in the space are equal.
    """
    edges = weights.tocsr()
    bounds, heads = edges.indptr.astype(np.int64), edges.indices.astype(np.int32, copy=False)
    squares = _squares_in_space(edges, graph, threads, progress)
    wanted = _standardized(squares)
    if wanted is None:
        return None
    scale = strength * float(edges.data.sum(dtype=np.float64)) / (len(wanted) * float(edges.data.max()))
    close, slope = _tables(*curve(min_dist))
    spread, sums, gains = np.zeros(len(wanted)), np.zeros(len(wanted)), np.zeros(len(wanted))

    def force(run: Callable[..., None], old: Float32, new: Float32, rate: float) -> None:
        run(_measure, bounds, heads, old, close, spread, sums)
        _gains(wanted, spread, sums, gains)
        run(_move, bounds, heads, old, new, close, slope, spread, gains, rate * scale)

    return force


def _squares_in_space(edges: Any, graph: NeighborGraph, threads: int, progress: Progress) -> Float64:
    """Give the squared local radii (m); NaN for a node without an edge."""
    squares, euclidean = np.empty(graph.m), graph.metric == "euclidean"
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for start in range(0, graph.m, BLOCK):
            progress(start / graph.m, f"local radii of {start:,} of {graph.m:,} rows")
            given = (edges.indptr, edges.indices, edges.data, graph.indices, graph.distances, euclidean, squares)
            share(pool, threads, _measure_space, start, min(start + BLOCK, graph.m), *given)
    return squares


def _standardized(squares: Float64) -> Float64 | None:
    """Give the logarithms with mean 0 and variance 1 (0 for NaN); None where they are all the same."""
    known = np.isfinite(squares)
    positive = squares[known & (squares > 0)]
    if not len(positive):
        return None
    logs = np.log(np.maximum(squares[known], SMALLEST * np.median(positive)))
    deviation = float(logs.std())
    if not deviation > SAME:
        return None
    wanted = np.zeros(len(squares))
    wanted[known] = (logs - logs.mean()) / deviation
    return wanted


def _tables(a: float, b: float) -> tuple[Float32, Float32]:
    """Give q = 1 / (1 + a s^b) and dq / ds by the squared distance s."""
    squares = tabled()
    q = 1.0 / (1.0 + a * squares**b)
    return q.astype(np.float32), (-a * b * squares ** (b - 1.0) * q * q).astype(np.float32)


@njit(cache=True, nogil=True)
def _measure_space(low, high, bounds, heads, weights, near, away, euclidean, squares):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write the squared local radii in the space; an edge has the distance that either of its ends knows (cosine: of the chord)."""
    for node in range(low, high):
        total, moment = 0.0, 0.0
        for edge in range(bounds[node], bounds[node + 1]):
            head, distance = heads[edge], -1.0
            for place in range(near.shape[1]):
                if near[node, place] == head:
                    distance = np.float64(away[node, place])
                    break
                if near[head, place] == node:
                    distance = np.float64(away[head, place])
                    break
            if distance >= 0.0:
                total += weights[edge]
                moment += weights[edge] * (distance * distance if euclidean else 2.0 * distance)
        squares[node] = moment / total if total > 0.0 else np.nan


@njit(inline="always")
def _square(places, one, other):  # type: ignore[no-untyped-def]  # numba infers the types
    square = np.float32(0.0)
    for axis in range(places.shape[1]):
        square += (places[one, axis] - places[other, axis]) ** 2
    return square


@njit(cache=True, nogil=True)
def _measure(low, high, bounds, heads, places, close, spread, sums):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write the squared local radii on the map, and the sums of q."""
    for node in range(low, high):
        total, moment = 0.0, 0.0
        for edge in range(bounds[node], bounds[node + 1]):
            square = _square(places, node, heads[edge])
            q = np.float64(look_up(square, close))
            total += q
            moment += q * square
        sums[node] = total
        spread[node] = moment / total if total > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _gains(wanted, spread, sums, gains):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write m times the derivative of the correlation by the squared local radius of each node on the map, over its sum of q.

    In one thread: sums in one order are the same to the bit.
    """
    m, mean, variance, covariance = 0, 0.0, 0.0, 0.0
    for node in range(len(wanted)):
        gains[node] = np.log(spread[node] + LEAST)
        if sums[node] > 0.0:
            m += 1
            mean += gains[node]
    mean /= max(m, 1)
    for node in range(len(wanted)):
        if sums[node] > 0.0:
            variance += (gains[node] - mean) ** 2
            covariance += (gains[node] - mean) * wanted[node]
    variance, covariance = variance / max(m, 1) + SHIFT, covariance / max(m, 1)
    for node in range(len(wanted)):
        slope = (wanted[node] - covariance * (gains[node] - mean) / variance) / np.sqrt(variance)
        gains[node] = slope / (sums[node] * (spread[node] + LEAST)) if sums[node] > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _move(low, high, bounds, heads, old, new, close, slope, spread, gains, rate):  # type: ignore[no-untyped-def]  # numba infers the types
    """Move nodes up the gradient: an edge changes the radii R of both of its ends, each by its gain times d(q s) / ds - R dq / ds."""
    step = np.empty(old.shape[1])
    for node in range(low, high):
        step[:] = 0.0
        stiff = 0.0
        for edge in range(bounds[node], bounds[node + 1]):
            head = heads[edge]
            square = _square(old, node, head)
            q, down = np.float64(look_up(square, close)), np.float64(look_up(square, slope))
            here = gains[node] * (q + (square - spread[node]) * down)
            there = gains[head] * (q + (square - spread[head]) * down)
            factor = 2.0 * rate * (here + there)
            stiff += abs(factor)
            for axis in range(len(step)):
                step[axis] += factor * np.float64(old[node, axis] - old[head, axis])
        for axis in range(len(step)):
            new[node, axis] = old[node, axis] + np.float32(step[axis] / (1.0 + DAMPING * stiff))
