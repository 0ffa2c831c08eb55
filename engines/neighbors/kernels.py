"""The inner loops of the neighbor stage, compiled once per machine: lists of the nearest, hashes of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import Float32
from engines.nearest import insert


def row_hashes(block: Float32) -> npt.NDArray[np.uint64]:
    """Hash the bits of each row of a float32 table (b, d); 0.0 and -0.0 are the same."""
    bits = (np.ascontiguousarray(block, dtype=np.float32) + np.float32(0.0)).view(np.uint32)
    hashes = np.empty(len(bits), dtype=np.uint64)
    _hash_rows(bits, hashes)
    return hashes


def merge_leaf(
    products: Float32, halves: Float32, mine: npt.NDArray[Any], members: npt.NDArray[Any], lists: tuple[Any, Float32]
) -> None:
    """Enter the members of a leaf into the lists of ``mine``, some of them.

    ``products`` (len(mine), len(members)): inner products; ``halves``: half the squared lengths of the members, those of ``mine`` first. ``lists``:
    ids int32 and half squared distances float32 (m, k), ascending, -1 and infinity where there is none yet.
    """
    _merge(products, halves, mine, members, *lists)


@njit(cache=True, nogil=True)
def _hash_rows(bits, hashes):  # type: ignore[no-untyped-def]  # numba infers the types
    # Four lanes of multiply and xor (the scheme of FNV with the multiplier of SplitMix64), so that they overlap in the processor.
    multiplier = np.uint64(0x9E3779B97F4A7C15)
    for row in range(bits.shape[0]):
        one, two = np.uint64(0xCBF29CE484222325), np.uint64(0x84222325CBF29CE4)
        for axis in range(0, bits.shape[1] - 1, 2):
            one = (one ^ np.uint64(bits[row, axis])) * multiplier
            two = (two ^ np.uint64(bits[row, axis + 1])) * multiplier
            one ^= one >> np.uint64(29)
            two ^= two >> np.uint64(31)
        if bits.shape[1] % 2:
            one = (one ^ np.uint64(bits[row, bits.shape[1] - 1])) * multiplier
        hashes[row] = one ^ (two << np.uint64(1)) ^ (two >> np.uint64(33))


@njit(cache=True, nogil=True)
def _merge(products, halves, mine, members, ids, distances):  # type: ignore[no-untyped-def]  # numba infers the types
    k = ids.shape[1]
    for row in range(len(mine)):
        node = mine[row]
        own = halves[row]
        worst = distances[node, k - 1]
        for column in range(len(members)):
            distance = own + halves[len(mine) + column] - products[row, column]
            if distance >= worst:
                continue
            other = members[column]
            if other == node:
                continue
            known = False
            for place in range(k):
                if ids[node, place] == other:
                    known = True
                    break
            if known:
                continue
            insert(ids, distances, node, other, distance)
            worst = distances[node, k - 1]
