"""Nearest rows by matrix products: lists of the k nearest, kept up to date while products of blocks go by.

The matrix products are numpy's own; the BLAS inside of faiss-cpu's wheels takes the slowest kernel on processors that it does not know
(measured: a fifth of the speed), and the products of two blocks serve the rows of both.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engines.artifacts import Float32, Int32
from engines.protocols import Progress
from engines.sharing import share

BLOCK = 2_048
SUMS_IN_ANY_ORDER = {"reassoc", "contract", "nsz"}
"""What the compiler may do to a sum: enough to use the vector units, and the same in every call."""


class Lists:
    """The k nearest seen so far of some rows: ``ids`` int32 and half squared distances ``halves`` float32 (m, k), ascending.

    -1 and infinity stand where nothing has been seen yet.
    """

    def __init__(self, m: int, k: int) -> None:
        self.ids: Int32 = np.full((m, k), -1, dtype=np.int32)
        self.halves: Float32 = np.full((m, k), np.inf, dtype=np.float32)


def nearest_to(
    queries: Float32, read: Callable[[int, int], Float32], m: int, k: int, *, threads: int, progress: Progress
) -> Lists:
    """Find the k nearest of ``m`` rows, which ``read(start, stop)`` gives in blocks, to each query (q, d); a query may be a row itself.

    Distances are euclidean and come from products: good for choosing, not for measuring.
    """
    lists = Lists(len(queries), min(k, m))
    own = halves_of(queries)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for start in range(0, m, BLOCK):
            progress(start / m, f"compared with {start:,} of {m:,} rows")
            block = read(start, min(start + BLOCK, m))
            other = halves_of(block)
            for first in range(0, len(queries), BLOCK):
                rows = slice(first, first + BLOCK)
                products = queries[rows] @ block.T
                given = products, own[rows], other, first, start, lists.ids, lists.halves, -1
                share(pool, threads, _enter_rows, first, first + len(products), *given)
    return lists


def all_nearest(nodes: Float32, k: int, *, threads: int, progress: Progress) -> Lists:
    """Find the k nearest of every row among all others, itself left out; every product of two blocks is computed once.

    Reports twice for every pair of blocks of 2,048 rows.
    """
    m = len(nodes)
    lists = Lists(m, k)
    middle = np.zeros(nodes.shape[1], dtype=np.float32) if not m else nodes.mean(axis=0, dtype=np.float64).astype(np.float32)
    starts = range(0, m, BLOCK)
    pairs, done = len(starts) * (len(starts) + 1) // 2, 0
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for low in starts:
            one = nodes[low : low + BLOCK] - middle
            one_half = halves_of(one)
            for high in range(low, m, BLOCK):
                progress(done / pairs, f"neighbors of {int(m * done / pairs):,} of {m:,} rows")
                done += 1
                two = one if high == low else nodes[high : high + BLOCK] - middle
                two_half = one_half if high == low else halves_of(two)
                given = one @ two.T, one_half, two_half, low, high, lists.ids, lists.halves
                share(pool, threads, _enter_rows, low, low + len(one), *given, 0)
                if high != low:
                    progress(done / pairs, f"neighbors of {int(m * done / pairs):,} of {m:,} rows")
                    share(pool, threads, _enter_columns, high, high + len(two), *given)
    return lists


def squared_distances(nodes: Float32, queries: npt.NDArray[Any], candidates: npt.NDArray[Any], threads: int = 1) -> Float32:
    """Give |x - y|^2, float32 (b, c), between nodes ``queries`` (b) and ``candidates`` (b, c), never from products.

    Summed from differences it keeps its digits where vectors nearly coincide, is symmetric to the last bit, never negative, and does not
    depend on threads or blocks.
    """
    found = np.empty(candidates.shape, dtype=np.float32)
    queries, candidates = np.ascontiguousarray(queries, dtype=np.int64), np.ascontiguousarray(candidates, dtype=np.int64)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        share(pool, threads, _squares, 0, len(queries), np.asarray(nodes), queries, candidates, found)
    return found


def others_of(near: npt.NDArray[Any], rows: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Mark all but one of the nearest (b, k + 1) of each row: not itself, or not the last where it is not among them, as points coincide."""
    other: npt.NDArray[np.bool_] = near != rows[:, None]
    other[other.all(axis=1), -1] = False
    return other


def halves_of(block: Float32) -> Float32:
    """Give half the squared length (b) of each row: an inner product less the halves of both rows orders as their distance does."""
    halves: Float32 = np.einsum("ij,ij->i", block, block) * np.float32(0.5)
    return halves


@njit(cache=True, nogil=True, fastmath=SUMS_IN_ANY_ORDER)
def _squares(low, high, nodes, queries, candidates, found):  # type: ignore[no-untyped-def]  # numba infers the types
    for row in range(low, high):
        query = queries[row]
        for column in range(candidates.shape[1]):
            other = candidates[row, column]
            total = np.float32(0.0)
            for axis in range(nodes.shape[1]):
                difference = nodes[query, axis] - nodes[other, axis]
                total += difference * difference
            found[row, column] = total


@njit(inline="always")
def insert(ids, halves, row, other, half) -> None:  # type: ignore[no-untyped-def]  # numba infers the types
    """Put an entry into the ascending list of a row, whose last one falls out; for kernels."""
    place = ids.shape[1] - 1
    while place > 0 and halves[row, place - 1] > half:
        halves[row, place], ids[row, place] = halves[row, place - 1], ids[row, place - 1]
        place -= 1
    halves[row, place], ids[row, place] = half, other


@njit(cache=True, nogil=True)
def _enter_rows(low, high, products, own, other, first_row, first_column, ids, halves, skip_self):  # type: ignore[no-untyped-def]  # numba infers the types
    """Enter the columns into the lists of the rows low..high; ``skip_self`` 0: row and column of the same number are the same row."""
    last = ids.shape[1] - 1
    for row in range(low, high):
        at = row - first_row
        worst = halves[row, last]
        for column in range(products.shape[1]):
            half = own[at] + other[column] - products[at, column]
            if half < worst:
                if skip_self == 0 and first_column + column == row:
                    continue
                insert(ids, halves, row, first_column + column, max(half, np.float32(0.0)))
                worst = halves[row, last]


@njit(cache=True, nogil=True)
def _enter_columns(low, high, products, own, other, first_row, first_column, ids, halves):  # type: ignore[no-untyped-def]  # numba infers the types
    """Enter the rows into the lists of the columns low..high."""
    last = ids.shape[1] - 1
    worst = np.empty(high - low, dtype=np.float32)
    for column in range(low, high):
        worst[column - low] = halves[column, last]
    begin = low - first_column
    for row in range(products.shape[0]):
        for number in range(high - low):
            half = own[row] + other[begin + number] - products[row, begin + number]
            if half < worst[number]:
                insert(ids, halves, low + number, first_row + row, max(half, np.float32(0.0)))
                worst[number] = halves[low + number, last]


__all__ = ["Lists", "all_nearest", "halves_of", "insert", "nearest_to", "others_of", "squared_distances"]
