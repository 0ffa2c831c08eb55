"""Propose pairs of rows that may be near duplicates, without comparing every row with every other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from engines.artifacts import NeighborGraph
from engines.protocols import Progress, no_progress

Rows = npt.NDArray[np.int64]
Pairs = tuple[Rows, Rows]
Mask = npt.NDArray[np.bool_]

BANDS = 4
BAND_BITS = 16
REACH = 16
NEAR_BITS = 12
BLOCK = 65536


def hash_pairs(hashes: list[npt.NDArray[np.uint64]], progress: Progress = no_progress) -> Pairs:
    """Propose rows that agree in one of the four 16-bit bands of a 64-bit hash (Manku, Jain, Das Sarma 2007) and differ in few bits.

    Every pair within 3 bits is found, most within 8. In a crowded band (flat pictures) each row meets the ``REACH`` next ones in the order
    of all hashes only, which keeps the cost at n log n.
    """
    found = [unique(*band) for band in _bands(hashes, progress)]
    return unique(np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])) if found else none()


def _bands(hashes: list[npt.NDArray[np.uint64]], progress: Progress) -> Iterator[Pairs]:
    for number, one in enumerate(hashes):
        others = [other for place, other in enumerate(hashes) if place != number]
        for band in range(BANDS):
            done = (number * BANDS + band) / (len(hashes) * BANDS)
            progress(done, "near duplicates: hashes")
            key = (one >> np.uint64(band * BAND_BITS)) & np.uint64((1 << BAND_BITS) - 1)
            order = np.lexsort((*others, one, key))
            sorted_key = key[order]
            for step in range(1, REACH + 1):
                progress(done, "near duplicates: hashes")
                same = np.flatnonzero(sorted_key[:-step] == sorted_key[step:])
                if not len(same):
                    break
                a, b = order[same], order[same + step]
                bits = np.min([np.bitwise_count(h[a] ^ h[b]) for h in hashes], axis=0)
                yield a[bits <= NEAR_BITS], b[bits <= NEAR_BITS]


def graph_pairs(
    graph: NeighborGraph, reach: int, near: Callable[[slice], Mask] | None = None, progress: Progress = no_progress
) -> Pairs:
    """Propose each node's ``reach`` nearest neighbors (as rows that represent them), and all rows of one node, in a chain.

    ``near`` tells for a block of nodes which of their neighbors (b, k) are worth it; None: all. A million nodes have ten million.
    """
    k = min(reach, graph.k)
    nodes, others = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
    for start in range(0, graph.m if k else 0, BLOCK):
        progress(start / graph.m, "near duplicates: candidates")
        block = slice(start, min(start + BLOCK, graph.m))
        indices = np.asarray(graph.indices[block, :k])
        wanted = np.ones(indices.shape, dtype=bool) if near is None else near(block)[:, :k]
        nodes.append(start + np.nonzero(wanted)[0])
        others.append(indices[wanted])
    progress(1.0, "near duplicates: candidates")
    a, b = np.concatenate(nodes), np.concatenate(others)
    rows = graph.representative.astype(np.int64)
    order = np.argsort(graph.unique_of, kind="stable")
    node = graph.unique_of[order]
    same = np.flatnonzero((node[1:] == node[:-1]) & (node[1:] >= 0))
    progress(1.0, "near duplicates: candidates")
    return unique(np.concatenate([rows[a], order[same]]), np.concatenate([rows[b], order[same + 1]]))


def together(*proposals: Pairs) -> Pairs:
    """Join proposals, each pair once, smaller row first, in order."""
    return unique(np.concatenate([a for a, _ in proposals]), np.concatenate([b for _, b in proposals]))


def none() -> Pairs:
    """Propose nothing."""
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


def unique(a: Rows, b: Rows) -> Pairs:
    """Give each pair once, smaller row first, in order; a row is no pair with itself."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    size = int(high.max(initial=0)) + 1
    codes = low[low != high] * size + high[low != high]
    # Sorting beats the hash table of np.unique by a factor of ten where there are millions.
    codes.sort()
    first = np.ones(len(codes), dtype=bool)
    first[1:] = codes[1:] != codes[:-1]
    codes = codes[first]
    return codes // size, codes % size
