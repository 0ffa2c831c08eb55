"""Give the rows of a table their ids: the values of a column, or hashes of what the rows are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engines.errors import SourceError
from engines.read.table_gather import Gathered


def unique_ids(source: str, name: str, values: Any, numbers: Any, splits: Any) -> tuple[Any, bool]:
    """Check that ids do not repeat; where they do so only over splits, each of which counts anew, they are preceded by the split.

    ``numbers``: of the rows in the table. Gives the ids, and whether they are preceded.

    Raises:
        SourceError: when a value comes twice, with both rows.
    """
    if pc.count_distinct(values).as_py() == len(values):
        return values, False
    if splits is not None:
        within = pc.binary_join_element_wise(splits.fill_null(""), values, "/")
        if pc.count_distinct(within).as_py() == len(values):
            return within, True
    seen: dict[str, int] = {}
    for row, value in enumerate(values.to_pylist()):
        if value in seen:
            first, second = int(numbers[seen[value]]) + 1, int(numbers[row]) + 1
            raise SourceError(
                f"the column of ids {name!r} of {source} has {value!r} in row {first} and in row {second}",
                "choose a column whose values do not repeat with --id, or --id - for none",
            )
        seen[value] = row
    return values, False


def content_hashes(found: Gathered) -> list[str]:
    """Hash the picture, the text or the first vector of each row: 16 hex digits of the SHA-256."""
    if found.pictures:
        return [digest.hex() for pictures in found.pictures for digest in pictures.digest.to_pylist()]
    if found.texts:
        return [_sha(text.encode("utf-8", "surrogatepass")) for piece in found.texts for text in piece.to_pylist()]
    return [_sha(np.ascontiguousarray(row, dtype="<f4").tobytes()) for row in next(iter(found.vectors.values()))]


def row_hashes(columns: Sequence[Any], count: int) -> list[str]:
    """Hash the values of each of ``count`` rows of a table."""
    rows = zip(range(count), *(column.to_pylist() for column in columns), strict=True)
    return [_sha(json.dumps(row[1:], default=str).encode()) for row in rows]


def numbered(hashes: Sequence[str]) -> pa.Array:
    """Make ids of hashes; repeats get the numbers -2, -3 in their order."""
    seen: dict[str, int] = {}
    ids = []
    for found in hashes:
        seen[found] = seen.get(found, 0) + 1
        ids.append(found if seen[found] == 1 else f"{found}-{seen[found]}")
    return pa.array(ids, pa.string())


def _sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


__all__ = ["content_hashes", "numbered", "row_hashes", "unique_ids"]
