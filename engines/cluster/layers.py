"""Nested layers around a partition: coarser ones by merging its clusters, and ids that are unique over all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import NO_CLUSTER, Clustering, Float32, Int32, NeighborGraph
from engines.cluster.lloyd import assign, centers_of
from engines.protocols import Progress, no_progress, part
from engines.totals import totals_of

Labels = npt.NDArray[np.int64]
"""A cluster per node (m), -1 = noise; the numbers of the others need not be contiguous."""

Float64 = npt.NDArray[np.float64]

COARSER_LAYERS = 4
MERGE_AT_MOST = 1_000
"""So many clusters are merged pair by pair; of more, k-means on their means makes so many groups first."""


def coarser(nodes: Float32, labels: Labels, progress: Progress = no_progress) -> list[Labels]:
    """Merge the clusters of a partition step by step; give up to four coarser partitions, coarsest (two clusters) first.

    Ward's criterion on the means of the clusters: the pair whose merger adds least to the sum of squared distances from the means. The numbers
    of clusters fall about geometrically, to those where the next merger costs much more than the last one (see ``_levels``). More than 1,000
    clusters are put into 1,000 groups before, by k-means on their means, each counted once.
    """
    compact, count = _compact(labels)
    if count <= 2:
        return []
    sizes = np.bincount(compact[compact >= 0], minlength=count).astype(np.float64)
    totals = totals_of(nodes, compact, count, part(progress, 0.0, 0.6))
    group: Labels = np.arange(count)
    if count > MERGE_AT_MOST:
        means = (totals / sizes[:, None]).astype(np.float32)
        centers = centers_of(means, MERGE_AT_MOST, seed=0, progress=part(progress, 0.6, 0.9))
        group = np.unique(assign(means, centers)[0], return_inverse=True)[1]
        totals = totals_of(totals, group, int(group.max()) + 1)
        sizes = np.bincount(group, weights=sizes).astype(np.float64)
    progress(0.9, "merging clusters")
    pairs, costs = _ward(totals / sizes[:, None], sizes)
    wanted = _levels(costs, count)
    layers, member = [], group
    for left, (a, b) in zip(range(len(sizes), 1, -1), pairs, strict=True):
        if left in wanted:
            layers.append(np.append(member, NO_CLUSTER)[compact])
        member = np.where(member == b, a, member)
    progress(1.0, "merging clusters")
    return layers[::-1]


def _compact(labels: Labels) -> tuple[Labels, int]:
    """Number the clusters 0.. without gaps, in their order; noise stays -1."""
    found, compact = np.unique(labels, return_inverse=True)
    noise = int(np.searchsorted(found, 0))
    compact = np.where(labels < 0, NO_CLUSTER, compact - noise)
    return compact.astype(np.int64), len(found) - noise


def _ward(means: Float64, sizes: Float64) -> tuple[Labels, Float64]:
    """Merge the cheapest pair until one cluster is left; give the pairs (c - 1, 2), of which the first lives on, and their costs (c - 1).

    Distances are updated by Lance and Williams 1967; ties fall to the pair that comes first.
    """
    count = len(means)
    means = means - means.mean(axis=0)  # distances stay, and lose fewer digits
    squares = (means**2).sum(axis=1)
    weight = sizes.copy()
    harmonic = weight[:, None] * weight[None, :] / (weight[:, None] + weight[None, :])
    cost = harmonic * np.maximum(squares[:, None] + squares[None, :] - 2 * means @ means.T, 0.0)
    np.fill_diagonal(cost, np.inf)
    pairs, costs = np.empty((count - 1, 2), dtype=np.int64), np.empty(count - 1)
    for done in range(count - 1):
        a, b = sorted(np.unravel_index(int(cost.argmin()), cost.shape))
        pairs[done], costs[done] = (a, b), cost[a, b]
        whole = weight + weight[a] + weight[b]
        with np.errstate(invalid="ignore"):
            merged = ((weight + weight[a]) * cost[a] + (weight + weight[b]) * cost[b] - weight * cost[a, b]) / whole
        merged[[a, b]] = np.inf
        cost[a], cost[:, a] = merged, merged
        cost[b], cost[:, b] = np.inf, np.inf
        weight[a] += weight[b]
    return pairs, costs


def _levels(costs: Float64, count: int) -> set[int]:
    """Choose numbers of clusters, given the costs of all mergers down to one: within reach of each step, the one before the largest jump of cost.

    A step divides the number by a ratio that would lead to 2 in four steps, and by 2 at least; within reach is from its root to its square.
    """
    ratio = max(2.0, (count / 2) ** (1 / COARSER_LAYERS))
    groups = len(costs) + 1
    jump = np.zeros(groups + 1)
    before = np.maximum(costs[:-1], np.finfo(np.float64).tiny)
    with np.errstate(over="ignore"):  # after mergers that cost nothing any other one is a jump without end
        jump[np.arange(groups - 1, 1, -1)] = costs[1:] / before
    wanted, now = {2}, float(count)
    for _ in range(COARSER_LAYERS - 1):
        least, most = max(3, math.ceil(now / ratio**2)), min(int(now / math.sqrt(ratio)), groups - 1)
        if least > most:
            break
        now = least + int(jump[least : most + 1].argmax())
        wanted.add(int(now))
    return wanted


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
