"""Cut nodes into stratified folds that do not depend on the order of the rows and never part near-identical nodes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engines.artifacts import Int32, NeighborGraph
from engines.protocols import Progress, no_progress

BLOCK = 65_536
TWIN = 0.1
"""Nodes nearer than this share of the median 5th-neighbor distance count as copies of one thing."""


def twins(graph: NeighborGraph) -> Int32:
    """Number the groups of nodes that are copies of one another (m); a node without twins is a group of its own."""
    m, k = graph.m, graph.k
    if k == 0:
        return np.arange(m, dtype=np.int32)
    usual = float(np.median(graph.distances[:, min(k, 5) - 1]))
    near = min(k, 10)
    rows, columns = np.nonzero(graph.distances[:, :near] <= TWIN * usual)
    links = coo_array((np.ones(len(rows), dtype=np.int8), (rows, graph.indices[rows, columns])), shape=(m, m))
    _, group = connected_components(links, directed=False)
    numbers: Int32 = group.astype(np.int32)
    return numbers


def random_rank(ids: Sequence[str], seed: int, progress: Progress = no_progress) -> npt.NDArray[np.uint64]:
    """Give each id a number that looks random and depends on the id and the seed only (BLAKE2b)."""
    salt, raw = seed.to_bytes(8, "little"), bytearray()
    for number, id_ in enumerate(ids):
        if number % BLOCK == 0:
            progress(number / len(ids), "label issues: folds")
        raw += hashlib.blake2b(id_.encode("utf-8", "surrogateescape"), digest_size=8, salt=salt).digest()
    return np.frombuffer(raw, dtype=np.uint64)


def stratified_folds(
    group: npt.NDArray[np.int32], label: npt.NDArray[np.int64], rank: npt.NDArray[np.uint64], folds: int
) -> npt.NDArray[np.int64]:
    """Give each row (n) a fold 0 .. folds - 1: rows of one group share a fold, each label is dealt out evenly.

    A group counts for the label of its first row by ``rank``. Where all rows are one group there is nothing to learn from elsewhere, and each row is
    a group of its own.
    """
    if len(group) and group.min() == group.max():
        group = np.arange(len(group), dtype=np.int32)
    order = np.lexsort((rank, group))
    heads = order[np.r_[True, np.diff(group[order]) != 0]] if len(order) else order
    dealt = heads[np.lexsort((rank[heads], label[heads]))]
    fold_of = np.zeros(int(group.max(initial=-1)) + 1, dtype=np.int64)
    fold_of[group[dealt]] = np.arange(len(dealt)) % folds
    return fold_of[group]
