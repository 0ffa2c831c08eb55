"""A map of a sample with all other rows placed beside it: the first thing that a person sees, and where a large map begins."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Embeddings, Float32, Int32, NeighborGraph, Projection, below
from engines.axes import DENSE_UP_TO, leading
from engines.keys import chain
from engines.layout import optimize
from engines.memberships import memberships
from engines.nearest import nearest_to
from engines.project.axes import starting_places
from engines.project.randomized_pca import randomized_components
from engines.protocols import Progress, available_threads, no_progress, part

SAMPLE = 2_000
EPOCHS = 500
ANCHORS = 3
"""Rows of the sample that a further row is placed between."""
PLACED_IN = 64
"""Dimensions in which the nearest rows of the sample are looked for."""
BLOCK = 4_096
JITTER = 1e-3
EXTEND_EPOCHS, EXTEND_RATE = 50, 0.25
"""How long, and by what steps, new nodes find their places among those that stand still."""
FARTHEST = np.float32(1e15)
"""Entries by size up to which squares and their sums stay in the range of float32."""

Rows = npt.NDArray[np.int64]
Read = Callable[[Rows], Float32]
"""Give the prepared vectors (b, d) of some rows: unit vectors for cosine."""


def coarse_map(embeddings: Embeddings, umap: Any, metric: str, *, progress: Progress = no_progress) -> Projection:
    """Make a first map of all rows from raw vectors, before there is a graph of neighbors.

    ``umap`` gives the parameters (``engines.project.umap.Umap``). Rows without a direction are placed like the zero vector. The map is in the
    place and orientation that the map which begins from it will have.
    """
    vectors = embeddings.vectors
    key = coarse_key(embeddings, umap, metric)
    sample = _sample(np.flatnonzero(_usable(vectors)), umap.seed)
    if len(sample) < 4:
        coords = np.zeros((len(vectors), 2), dtype=np.float32)
        return Projection(key=key, name="umap", coords=coords, notes={"coarse": True, "sample": len(sample)})
    chosen = np.asarray(vectors[sample], dtype=np.float64)
    largest = float(np.abs(chosen).max())
    scale = np.float32(1.0 if 1 / FARTHEST <= largest <= FARTHEST else 2.0 ** min(-math.floor(math.log2(largest)), 126))
    mean = (chosen.mean(axis=0) * scale).astype(np.float32)

    def read(rows: Rows) -> Float32:
        with np.errstate(over="ignore"):
            block = np.asarray(vectors[rows], dtype=np.float32) * scale
        if metric != "cosine" or scale != 1:
            block = np.clip(block, -FARTHEST, FARTHEST)
        if metric != "cosine":
            return block
        block = block - mean
        length = np.sqrt(np.einsum("ij,ij->i", block, block))[:, None]
        unit: Float32 = block / np.where(length > 0, length, 1.0)
        return unit

    coords = coarse_places(read, len(vectors), sample, umap=umap, metric=metric, progress=progress)
    return Projection(key=key, name="umap", coords=coords, notes={"coarse": True, "sample": len(sample)})


def coarse_key(embeddings: Embeddings, umap: Any, metric: str) -> str:
    """Give the key of what ``coarse_map`` makes."""
    return chain("coarse", umap, [embeddings.key], extra={"metric": metric, "sample": SAMPLE})


def sample_of(m: int, seed: int) -> Rows:
    """Choose the nodes of the sample, ascending."""
    return _sample(np.arange(m), seed)


def coarse_places(read: Read, m: int, sample: Rows, *, umap: Any, metric: str, progress: Progress) -> Float32:
    """Lay out the sample as UMAP does, then place every row between the three rows of the sample that are nearest to it.

    Weights fall with exp(-(d - d1) / (d3 - d1)), so that a row of the sample keeps its place and the others lie nearest to their nearest.
    """
    chosen = read(sample)
    threads = umap.threads or available_threads()
    k = min(umap.n_neighbors - 1, len(sample) - 1)
    progress(0.0, "a first map from a sample")
    indices, distances = _neighbors(chosen, k, metric, part(progress, 0.0, 0.02))
    begin = starting_places(chosen, umap.seed, progress=part(progress, 0.02, 0.04))
    laid = optimize(
        memberships(indices, distances, progress=part(progress, 0.04, 0.05)),
        begin,
        min_dist=umap.min_dist,
        epochs=EPOCHS,
        rate=1.0,
        seed=umap.seed,
        threads=threads,
        progress=part(progress, 0.05, 0.5),
    )
    axes = _axes(chosen, part(progress, 0.5, 0.55))
    anchors = np.ascontiguousarray(chosen @ axes)
    places = np.empty((m, 2), dtype=np.float32)
    for start in range(0, m, BLOCK):
        progress(0.55 + 0.45 * start / m, f"placing {start:,} of {m:,} rows")
        rows = np.arange(start, min(start + BLOCK, m))
        places[rows] = _between(np.ascontiguousarray(read(rows) @ axes), anchors, laid, threads)
    places[sample] = laid
    return parted(places, umap.seed)


def extend(
    graph: NeighborGraph, places: Float32, known: npt.NDArray[np.bool_], *, umap: Any, progress: Progress = no_progress
) -> Float32:
    """Place the nodes that an earlier map does not know; give places (m, 2) in which the known nodes' are the same to the bit.

    ``places`` (m, 2) holds where the ``known`` (m) nodes lie; the rest of it is not read. A new node begins at the mean of its neighbors,
    weighted by their memberships, round by round from the known ones outwards; a part of the graph without a known node begins below
    the map. Then the new nodes alone descend for some epochs, among the known ones that stand still.
    """
    out = np.where(known[:, None], places, 0.0).astype(np.float32)
    if known.all() or not graph.m:
        return out
    k = min(umap.n_neighbors - 1, graph.k)
    weights = memberships(graph.indices[:, :k], graph.distances[:, :k], progress=part(progress, 0.0, 0.2))
    there = known.copy()
    jitter = JITTER * _span(out[known])
    while not there.all():
        near = weights @ there.astype(np.float32)
        ready = ~there & (near > 0)
        if ready.any():
            out[ready] = ((weights @ np.where(there[:, None], out, 0.0)) / np.maximum(near, 1e-30)[:, None])[ready]
        else:
            ready = ~there
            out[ready] = below(out[there])
            jitter = max(jitter, 0.02)
        there |= ready
    noise = np.random.default_rng(umap.seed).normal(scale=jitter, size=out.shape).astype(np.float32)
    out[~known] += noise[~known]
    laid = optimize(
        weights,
        out,
        min_dist=umap.min_dist,
        epochs=EXTEND_EPOCHS,
        rate=EXTEND_RATE,
        seed=umap.seed,
        threads=umap.threads or available_threads(),
        progress=part(progress, 0.2, 1.0),
        still=known,
    )
    return np.where(known[:, None], out, laid)


def parted(places: Float32, seed: int) -> Float32:
    """Give places (m, 2) with a jitter of a thousandth of the map, which parts those that coincide."""
    noise = np.random.default_rng(seed).normal(scale=JITTER * _span(places), size=places.shape)
    return np.asarray(places, dtype=np.float32) + noise.astype(np.float32)


def _span(places: Float32) -> float:
    """Give the longer side of a map; that of a map without one is small and not zero."""
    return max(float(np.ptp(places, axis=0).max()), 1e-3) if len(places) else 1e-3


def _usable(vectors: Float32) -> npt.NDArray[np.bool_]:
    """Tell which rows are finite and not zero."""
    good = np.empty(len(vectors), dtype=bool)
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK]
        good[start : start + BLOCK] = np.isfinite(block).all(axis=1) & block.any(axis=1)
    return good


def _sample(rows: Rows, seed: int) -> Rows:
    if len(rows) <= SAMPLE:
        return rows.astype(np.int64)
    return np.sort(np.random.default_rng(seed).choice(rows, SAMPLE, replace=False)).astype(np.int64)


def _neighbors(nodes: Float32, k: int, metric: str, progress: Progress = no_progress) -> tuple[Int32, Float32]:
    """Give the k nearest of each of at most some thousand nodes, ascending, itself left out."""
    squares = np.einsum("ij,ij->i", nodes, nodes)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2.0 * (nodes @ nodes.T), 0.0)
    distances = np.sqrt(distances) if metric == "euclidean" else distances * 0.5
    np.fill_diagonal(distances, np.inf)
    progress(0.5, "a first map from a sample")
    rounded = distances.round(6)
    near = np.sort(np.argpartition(rounded, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(np.take_along_axis(rounded, near, axis=1), axis=1, kind="stable")
    near = np.take_along_axis(near, order, axis=1)
    return near.astype(np.int32), np.take_along_axis(distances, near, axis=1).astype(np.float32)


def _axes(sample: Float32, progress: Progress) -> Float32:
    """Give the leading principal axes (d, up to 64) of a sample; a little off where there are many columns."""
    d = sample.shape[1]
    if d <= PLACED_IN:
        return np.eye(d, dtype=np.float32)
    if d > DENSE_UP_TO:
        axes = randomized_components(sample, PLACED_IN, powers=2, progress=progress).axes
        return np.ascontiguousarray(axes, dtype=np.float32)
    centered = sample - sample.mean(axis=0)
    axes = leading((centered.T @ centered).astype(np.float64), PLACED_IN, progress=progress)
    return np.ascontiguousarray(axes, dtype=np.float32)


def _between(rows: Float32, anchors: Float32, laid: Float32, threads: int) -> Float32:
    lists = nearest_to(rows, lambda low, high: anchors[low:high], len(anchors), ANCHORS, threads=threads, progress=no_progress)
    near, away = lists.ids, np.sqrt(2.0 * np.maximum(lists.halves, 0.0))
    excess = away - away[:, :1]
    weights = np.exp(-2.0 * excess / np.maximum(excess[:, -1:], 1e-6 + 1e-3 * away[:, :1]))
    weights /= weights.sum(axis=1, keepdims=True)
    places: Float32 = np.einsum("ij,ijk->ik", weights, laid[near])
    return places
