"""Nested layers around a partition: coarser ones by merging its clusters, and ids that are unique over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import NO_CLUSTER, Clustering, Float32, Int32, NeighborGraph
from engines.cluster.lloyd import totals_of

Labels = npt.NDArray[np.int64]
"""A cluster per node (m), -1 = noise; the numbers of the others need not be contiguous."""

COARSER_LAYERS = 4
MERGE_AT_MOST = 1_000
"""Above this many clusters the table of all pairs would be too large, and no coarser layer is made."""


def coarser(nodes: Float32, labels: Labels) -> list[Labels]:
    """Merge the clusters of a partition step by step; give up to four coarser partitions, coarsest (two clusters) first.

    Ward's criterion on the means of the clusters: the pair whose merger adds least to the sum of squared distances from
    the means. The numbers of clusters fall geometrically to 2, each at most half of the finer one.
    """
    found, compact = np.unique(labels[labels >= 0], return_inverse=True)
    count = len(found)
    if count <= 2 or count > MERGE_AT_MOST:
        return []
    ratio = max(2.0, (count / 2) ** (1 / COARSER_LAYERS))
    wanted = {max(2, round(count / ratio**step)) for step in range(1, COARSER_LAYERS + 1)} - {count}
    sizes = np.bincount(compact).astype(np.float64)
    means = totals_of(nodes, np.flatnonzero(labels >= 0), compact, count) / sizes[:, None]
    layers = []
    for merged in _ward(means, sizes, wanted):
        layer = np.full(len(labels), NO_CLUSTER, dtype=np.int64)
        layer[labels >= 0] = merged[compact]
        layers.append(layer)
    return layers[::-1]


def _ward(means: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64], wanted: set[int]) -> list[Labels]:
    """Merge the cheapest pair until two clusters are left; give the cluster of each item whenever their number is wanted.

    Distances are updated by Lance and Williams 1967; ties fall to the pair that comes first.
    """
    count = len(means)
    squares = (means**2).sum(axis=1)
    weight = sizes.copy()
    harmonic = weight[:, None] * weight[None, :] / (weight[:, None] + weight[None, :])
    cost = harmonic * np.maximum(squares[:, None] + squares[None, :] - 2 * means @ means.T, 0.0)
    np.fill_diagonal(cost, np.inf)
    member = np.arange(count)
    layers = []
    for left in range(count - 1, 1, -1):
        a, b = sorted(np.unravel_index(int(cost.argmin()), cost.shape))
        whole = weight + weight[a] + weight[b]
        with np.errstate(invalid="ignore"):
            merged = ((weight + weight[a]) * cost[a] + (weight + weight[b]) * cost[b] - weight * cost[a, b]) / whole
        merged[[a, b]] = np.inf
        cost[a], cost[:, a] = merged, merged
        cost[b], cost[:, b] = np.inf, np.inf
        weight[a] += weight[b]
        member[member == b] = a
        if left in wanted:
            layers.append(member.copy())
    return layers


def assemble(
    graph: NeighborGraph,
    layers: Sequence[Labels],
    default: int,
    strength: Float32,
    *,
    key: str,
    name: str,
    notes: dict[str, Any],
) -> Clustering:
    """Make the value from partitions of the nodes, coarse to fine.

    A layer that repeats the one before it, or the default one, is dropped. Within a layer clusters are numbered by their number of rows, largest first. Rows
    without a node are noise.
    """
    rows = [graph.to_rows(layer, NO_CLUSTER) for layer in layers]
    kept: list[int] = []
    for number, layer in enumerate(rows):
        if number != default and _same(layer, rows[default]):
            continue
        if not (kept and _same(layer, rows[kept[-1]])):
            kept.append(number)
    numbered, first = [], 0
    for number in kept:
        layer, count = _by_size(rows[number], first)
        numbered.append(layer)
        first += count
    firmness = graph.to_rows(np.clip(strength, 0.0, 1.0).astype(np.float32), 0.0)
    firmness[rows[default] < 0] = 0.0
    return Clustering(
        key=key,
        name=name,
        layers=np.stack(numbered),
        strength=firmness,
        default_layer=kept.index(default),
        notes=notes,
    )


def _same(one: Labels, other: Labels) -> bool:
    """Tell whether two nested partitions are the same: equal noise and equal numbers of clusters."""
    return len(np.unique(one)) == len(np.unique(other)) and bool(np.array_equal(one < 0, other < 0))


def _by_size(labels: Labels, first: int) -> tuple[Int32, int]:
    """Number the clusters from ``first`` on by size, descending, then by their first row."""
    found, start, counts = np.unique(labels, return_index=True, return_counts=True)
    start, counts, found = start[found >= 0], counts[found >= 0], found[found >= 0]
    order = np.lexsort((start, -counts))
    number = np.empty(len(found), dtype=np.int32)
    number[order] = np.arange(first, first + len(found), dtype=np.int32)
    layer = np.full(len(labels), NO_CLUSTER, dtype=np.int32)
    clustered = labels >= 0
    layer[clustered] = number[np.searchsorted(found, labels[clustered])]
    return layer, len(found)
