"""Carry the names that a person gave to clusters over to another clustering."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

ENOUGH = 0.5


class Rename(NamedTuple):
    """A name that a person gave to the cluster that these rows formed."""

    seq: int
    name: str
    rows: Int64


def first_own(layers: Int32) -> int:
    """Give the id of the first cluster that a person made: those of the engine, unique over its layers, come before."""
    return int(layers.max(initial=-1)) + 1


def laid_over(layer: Int32, own: Int32) -> Int32:
    """Lay the clusters that a person made (n, -1 = none) over a layer of an engine (n): each row is in one cluster, theirs first."""
    return np.where(own >= 0, own, layer).astype(np.int32, copy=False)


def match_renames(renames: Sequence[Rename], layers: Int32) -> tuple[dict[int, str], tuple[Rename, ...]]:
    """Give each renamed cluster's name to the cluster of today that is most like it, and list what has no such cluster.

    Likeness is the Jaccard index of the members and has to reach 0.5. A name goes to one cluster (and to those of other layers with
    the very same members), a cluster has one name: the latest. ``layers`` int32 (layers, n), ids unique over the layers, -1 = noise.
    """
    size = int(layers.max(initial=-1)) + 1
    if not renames or size == 0:
        return {}, tuple(renames)
    sizes = np.zeros(size, dtype=np.int64)
    for layer in layers:
        sizes += np.bincount(layer[layer >= 0], minlength=size)
    names: dict[int, str] = {}
    unmatched: list[Rename] = []
    for rename in renames:
        likeness = _jaccard(rename.rows, layers, sizes)
        best = float(likeness.max())
        if best < ENOUGH:
            unmatched.append(rename)
        else:
            names.update((int(cluster), rename.name) for cluster in _same_members(likeness, best, layers, sizes))
    return names, tuple(unmatched)


def _jaccard(rows: Int64, layers: Int32, sizes: Int64) -> npt.NDArray[np.float64]:
    """Give the Jaccard index of rows with every cluster."""
    shared = np.zeros(len(sizes), dtype=np.int64)
    for layer in layers:
        members = layer[rows]
        shared += np.bincount(members[members >= 0], minlength=len(sizes))
    likeness: npt.NDArray[np.float64] = shared / np.maximum(len(rows) + sizes - shared, 1)
    return likeness


def _same_members(likeness: npt.NDArray[np.float64], best: float, layers: Int32, sizes: Int64) -> list[int]:
    """Give the finest of the most alike clusters and those of other layers that hold the same rows."""
    tied = np.flatnonzero(likeness == best)
    chosen = int(tied[-1])
    members = np.flatnonzero((layers == chosen).any(axis=0))
    return [
        int(other) for other in tied if sizes[other] == sizes[chosen] and bool((layers[:, members] == other).any(axis=0).all())
    ]
