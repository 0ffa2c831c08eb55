"""Distances of a node to its neighbors in one geometry, duplicates counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.artifacts import NeighborGraph

Float64 = npt.NDArray[np.float64]
K = 15


def chords(graph: NeighborGraph, k: int) -> Float64:
    """Give euclidean distances (m, min(k, graph.k)): for cosine the chord sqrt(2 d) between unit vectors, which scales like a distance."""
    distances = graph.distances[:, :k].astype(np.float64)
    return np.sqrt(2.0 * distances) if graph.metric == "cosine" else distances


def radius(graph: NeighborGraph, k: int = K) -> Float64:
    """Give (m) how far one has to go from a row of a node to have ``k`` other rows around; NaN without neighbors.

    Rows of the same node count, at distance 0; those of further nodes count as one each.
    """
    m = graph.m
    if not graph.k:
        return np.full(m, np.nan)
    twins = np.bincount(graph.unique_of[graph.unique_of >= 0], minlength=m)[:m] - 1
    away = chords(graph, k)
    wanted = np.minimum(k - twins, away.shape[1])
    return np.where(wanted > 0, away[np.arange(m), np.maximum(wanted, 1) - 1], 0.0)


def log_density(graph: NeighborGraph, k: int = K) -> Float64:
    """Give (m) ln(median radius / radius), bounded to -7..7; NaN without neighbors."""
    around = radius(graph, k)
    known = around[np.isfinite(around) & (around > 0)]
    middle = float(np.median(known)) if len(known) else 1.0
    with np.errstate(divide="ignore"):
        density: Float64 = np.clip(-np.log(around / middle), -7.0, 7.0)
    return density
