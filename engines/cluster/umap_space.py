"""A UMAP of a few dimensions as a space to cluster in: neighbors become dense, and gaps wide."""

from __future__ import annotations

import dataclasses

import numpy as np

from engines.artifacts import Float32, Int32, NeighborGraph
from engines.axes import oriented, scattered
from engines.layout import optimize
from engines.memberships import memberships
from engines.nearest import others_of
from engines.protocols import Progress, available_threads, part

DIMENSIONS = 10
NEIGHBORS = 30
"""Ten dimensions and 30 neighbors: see docs/decisions/0010."""
EPOCHS_UP_TO = 10_000
BLOCK = 65_536


def umap_space(graph: NeighborGraph, *, seed: int, threads: int | None, progress: Progress) -> NeighborGraph:
    """Give the same nodes with ten UMAP coordinates (min_dist 0) as their vectors, and their 30 nearest neighbors in that space."""
    threads = threads or available_threads()
    width = min(NEIGHBORS - 1, graph.k)
    places = optimize(
        memberships(graph.indices[:, :width], graph.distances[:, :width]),
        _start(graph.nodes, seed),
        min_dist=0.0,
        epochs=300 if graph.m <= EPOCHS_UP_TO else 150,
        rate=1.0,
        seed=seed,
        threads=threads,
        progress=part(progress, 0.0, 0.8),
    )
    indices, distances = _neighbors(places, min(NEIGHBORS, graph.m - 1), threads, part(progress, 0.8, 1.0))
    return dataclasses.replace(graph, key="", metric="euclidean", nodes=places, indices=indices, distances=distances)


def _start(nodes: Float32, seed: int) -> Float32:
    """Give the leading principal coordinates (m, 10), each axis scaled to 0..10, with a jitter that parts nodes which coincide."""
    m, d = nodes.shape
    mean = nodes.mean(axis=0, dtype=np.float64)
    sample = nodes[:: max(m // BLOCK, 1)] - mean
    count = min(DIMENSIONS, d)
    _, axes = np.linalg.eigh(sample.T @ sample)
    axes = oriented(axes[:, ::-1][:, :count])
    coordinates = np.zeros((m, DIMENSIONS))
    for start in range(0, m, BLOCK):
        coordinates[start : start + BLOCK, :count] = (nodes[start : start + BLOCK] - mean) @ axes
    return scattered(coordinates, seed).astype(np.float32)


def _neighbors(places: Float32, k: int, threads: int, progress: Progress) -> tuple[Int32, Float32]:
    from scipy.spatial import cKDTree

    m = len(places)
    tree = cKDTree(places)
    indices, distances = np.empty((m, k), dtype=np.int32), np.empty((m, k), dtype=np.float32)
    for start in range(0, m, BLOCK):
        progress(start / m, f"neighbors in the space of {start:,} of {m:,} rows")
        rows = np.arange(start, min(start + BLOCK, m))
        away, near = tree.query(places[rows], k=k + 1, workers=threads)
        other = others_of(near, rows)
        indices[rows] = near[other].reshape(len(rows), k)
        distances[rows] = away[other].reshape(len(rows), k)
    return indices, distances
