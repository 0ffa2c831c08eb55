"""From a spanning tree to the clusters of HDBSCAN: single linkage, condensed tree, selection, in time linear in the nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import NO_CLUSTER, Float32
from engines.cluster.layers import Labels

Float64 = npt.NDArray[np.float64]

SMALLEST_DISTANCE = 1e-300


@dataclass(frozen=True, kw_only=True)
class CondensedTree:
    """The tree of dense regions (Campello, Moulavi, Sander 2013), density being lambda = 1 / distance.

    Region 0 is the whole; ``parents`` (c) names the region that each one split off from (-1 of the whole), always an earlier one, ``stability`` (c) is
    the excess of mass: the sum over its nodes of the density range that they spend in it. ``region`` (m) is the smallest region that holds
    a node, ``density`` (m) the lambda at which the node leaves it, ``most`` (c) the largest lambda at which anything leaves a region.
    """

    parents: Labels
    stability: Float64
    most: Float64
    region: Labels
    density: Float64


def condense(tree: Float64, size: int) -> CondensedTree:
    """Condense a spanning tree (m - 1, 3) in ascending order of distance, m > 1: regions of fewer than ``size`` nodes are no regions."""
    ends = np.ascontiguousarray(tree[:, :2], dtype=np.int64)
    children, sizes = _single_linkage(ends)
    density = 1.0 / np.maximum(tree[:, 2], SMALLEST_DISTANCE)
    parents, births, region, leaves = _condense(children, sizes, density, size)
    stability, most = _masses(parents, births, _sizes(parents, region), region, leaves)
    return CondensedTree(parents=parents, stability=stability, most=most, region=region, density=leaves)


def select(tree: CondensedTree, method: Literal["eom", "leaf"]) -> tuple[Labels, Float32]:
    """Choose regions; give the region of each node (m), -1 = noise, and how far it is inside, 0..1 (lambda by the largest of its region).

    ``eom`` takes the regions whose stability is not exceeded by that of the best regions inside them, ``leaf`` those that hold no other. The whole
    is no cluster.
    """
    count = len(tree.parents)
    inner = np.zeros(count)
    leaf = np.ones(count, dtype=bool)
    best = tree.stability.copy()
    chosen = np.zeros(count, dtype=bool)
    for own in range(count - 1, 0, -1):
        chosen[own] = leaf[own] if method == "leaf" else inner[own] <= best[own]
        best[own] = max(best[own], inner[own])
        inner[tree.parents[own]] += best[own]
        leaf[tree.parents[own]] = False
    cluster = np.full(count, NO_CLUSTER, dtype=np.int64)
    for own in range(1, count):
        above = cluster[tree.parents[own]]
        cluster[own] = above if above >= 0 else own if chosen[own] else NO_CLUSTER
    labels: Labels = cluster[tree.region]
    most = tree.most[labels]
    inside = np.minimum(tree.density, most) / np.where(most > 0, most, 1.0)
    strength: Float32 = np.where(labels < 0, 0.0, np.where(most > 0, inside, 1.0)).astype(np.float32)
    return labels, strength


def _sizes(parents: Labels, region: Labels) -> Labels:
    """Count the nodes of each region, those of its sub-regions included."""
    sizes = np.bincount(region, minlength=len(parents)).astype(np.int64)
    for own in range(len(parents) - 1, 0, -1):
        sizes[parents[own]] += sizes[own]
    return sizes


@njit(cache=True, nogil=True)
def _single_linkage(ends: Labels) -> tuple[Labels, Labels]:
    """Merge along the edges; give the two children (m - 1, 2) and the size (m - 1) of each merger, mergers being numbered from m on."""
    edges = len(ends)
    above = np.arange(2 * edges + 1)
    children, sizes = np.empty((edges, 2), dtype=np.int64), np.empty(edges, dtype=np.int64)
    for edge in range(edges):
        total = 0
        for side in range(2):
            top = ends[edge, side]
            while above[top] != top:
                above[top] = above[above[top]]
                top = above[top]
            children[edge, side] = top
            total += 1 if top <= edges else sizes[top - edges - 1]
        above[children[edge, 0]] = above[children[edge, 1]] = edges + 1 + edge
        sizes[edge] = total
    return children, sizes


@njit(cache=True, nogil=True)
def _condense(children: Labels, sizes: Labels, density: Float64, smallest: int) -> tuple[Labels, Float64, Labels, Float64]:
    """Go down from the last merger; give parent and birth of each region, and region and departure of each node."""
    edges = len(children)
    m = edges + 1
    own = np.zeros(edges, dtype=np.int64)
    gone = np.full(edges, -1.0)
    region, leaves = np.zeros(m, dtype=np.int64), np.zeros(m)
    parents, births = np.full(2 * (m // smallest) + 2, -1), np.zeros(2 * (m // smallest) + 2)
    count = 1
    for merger in range(edges - 1, -1, -1):
        left, right = children[merger]
        left_size = 1 if left < m else sizes[left - m]
        right_size = 1 if right < m else sizes[right - m]
        split = left_size >= smallest and right_size >= smallest and gone[merger] < 0
        for side in range(2):
            child, number = (left, left_size) if side == 0 else (right, right_size)
            belongs, when = own[merger], gone[merger]
            if split:
                parents[count], births[count] = belongs, density[merger]
                belongs = count
                count += 1
            elif when < 0 and number < smallest:
                when = density[merger]
            if child < m:
                region[child], leaves[child] = belongs, when if when >= 0 else density[merger]
            else:
                own[child - m], gone[child - m] = belongs, when
    return parents[:count].copy(), births[:count].copy(), region, leaves


@njit(cache=True, nogil=True)
def _masses(parents: Labels, births: Float64, sizes: Labels, region: Labels, leaves: Float64) -> tuple[Float64, Float64]:
    stability, most = np.zeros(len(parents)), np.zeros(len(parents))
    for node in range(len(region)):
        stability[region[node]] += leaves[node] - births[region[node]]
        most[region[node]] = max(most[region[node]], leaves[node])
    for own in range(1, len(parents)):
        stability[parents[own]] += (births[own] - births[parents[own]]) * sizes[own]
        most[parents[own]] = max(most[parents[own]], births[own])
    return stability, most
