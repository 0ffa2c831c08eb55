"""One pass over vectors: which rows are finite, what they are called by their content, and what keys are made of."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32
from engines.mapped import let_go
from engines.protocols import Progress, part
from engines.vectors_key import VectorsKey

BLOCK_BYTES = 4 << 20
"""What is read at once: so little that it stays in the cache of the processor while all hashes go over it."""


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What a pass over arrays of the same n rows found.

    ``vectors`` float32 (n, d) by name; ``finite`` (n) tells which rows hold nothing else in any array, by name. The others are there where
    they were asked for and all rows are finite: ``ids``, ``keys`` of the vectors as embeddings by name, ``content``, the hash of all arrays.
    """

    vectors: dict[str, Float32]
    finite: dict[str, npt.NDArray[np.bool_]]
    ids: list[str]
    keys: dict[str, str]
    content: str

    @property
    def good(self) -> npt.NDArray[np.bool_]:
        """Tell which rows are finite in every array (n)."""
        good: npt.NDArray[np.bool_] = np.logical_and.reduce(list(self.finite.values()))
        return good


class RowNames:
    """Ids of rows: the first 16 hex digits of the SHA-256 of their numbers as little-endian float32, ``-2``, ``-3`` for repeats."""

    def __init__(self) -> None:
        self._hashes: list[str] = []

    def feed(self, rows: Float32) -> None:
        """Name the next rows (b, d)."""
        width = 4 * rows.shape[1]
        block = np.ascontiguousarray(rows, dtype="<f4").data.cast("B")
        self._hashes += [hashlib.sha256(block[at : at + width]).hexdigest()[:16] for at in range(0, len(block), width)]

    @property
    def ids(self) -> list[str]:
        """Give the ids of all rows in order."""
        if len(set(self._hashes)) == len(self._hashes):
            return self._hashes
        seen: Counter[str] = Counter()
        ids = []
        for name in self._hashes:
            seen[name] += 1
            ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
        return ids


def pass_over(arrays: Mapping[str, npt.NDArray[Any]], *, named: bool, keyed: bool, progress: Progress) -> Passed:
    """Read every number once; what is float32 already stays where it is, perhaps on disk.

    ``named``: make ids of the first array; ``keyed``: make keys and content. Both hang on the rows that are left in the end, so that they
    are given up at the first number that is not finite.
    """
    names, content, keys = (
        RowNames(),
        hashlib.blake2b(),
        {name: VectorsKey(name, array.shape) for name, array in arrays.items()},
    )
    vectors: dict[str, Float32] = {}
    finite: dict[str, npt.NDArray[np.bool_]] = {}
    whole = True
    for number, (name, array) in enumerate(arrays.items()):
        step = part(progress, number / len(arrays), (number + 1) / len(arrays))
        vectors[name] = _target(array)
        finite[name] = np.empty(len(array), dtype=np.bool_)
        content.update(f"{name} {array.shape}".encode())
        for rows, block in _blocks(array, vectors[name]):
            finite[name][rows] = np.isfinite(block).all(axis=1)
            whole = whole and bool(finite[name][rows].all())
            if whole and named and not number:
                names.feed(block)
            if whole and keyed:
                content.update(block.data)
                keys[name].feed(block)
            step(rows.stop / len(array), f"reading {rows.stop:,} of {len(array):,} vectors")
    found = whole and keyed
    return Passed(
        vectors=vectors,
        finite=finite,
        ids=names.ids if whole else [],
        keys={name: key.key for name, key in keys.items()} if found else {},
        content=content.hexdigest() if found else "",
    )


def _target(array: npt.NDArray[Any]) -> Float32:
    as_it_is = array.dtype == np.float32 and array.flags.c_contiguous
    return array if as_it_is else np.empty(array.shape, dtype=np.float32)


def _blocks(array: npt.NDArray[Any], vectors: Float32) -> Iterator[tuple[slice, Float32]]:
    """Give ``vectors`` block by block, filled from ``array`` first where that is another one."""
    size = max(1, BLOCK_BYTES // (4 * array.shape[1]))
    plain = vectors.view(np.ndarray)  # a slice of a mapped array costs more than one of a plain array
    for start in range(0, len(array), size):
        rows = slice(start, min(start + size, len(array)))
        if vectors is not array:
            with np.errstate(over="ignore", invalid="ignore"):
                plain[rows] = array[rows]
        yield rows, plain[rows]
        let_go(array)


__all__ = ["Passed", "RowNames", "pass_over"]
