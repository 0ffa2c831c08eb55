"""The values of a column as numbers, made from Arrow without a Python object per row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.int64]


def encode(column: pa.ChunkedArray) -> tuple[Codes, list[Any]]:
    """Give the place of each value (n) among the different values, -1 for null, and these values as they are met first."""
    whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    encoded = whole.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.to_pylist()


def codes_of(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """Give the place of each text (n) among the different texts in order, -1 for null, and these texts."""
    codes, names = encode(column)
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names) + 1, dtype=np.int64)
    place[order] = np.arange(len(names))
    place[-1] = -1
    return place[codes], [names[number] for number in order]


def most_frequent(node: Codes, code: Codes, m: int, classes: int) -> Codes:
    """Give each of m nodes the most frequent code among the rows (r) that lie on it, the smallest of equals, -1 without a row.

    ``node`` and ``code`` (r): the node of each row, and its code, 0..classes - 1.
    """
    found = np.full(m, -1, dtype=np.int64)
    classes = max(classes, 1)
    pairs, counts = np.unique(node * classes + code, return_counts=True)
    place, value = pairs // classes, pairs % classes
    order = np.lexsort((-value, counts))
    found[place[order]] = value[order]
    return found


__all__ = ["codes_of", "encode", "most_frequent"]
