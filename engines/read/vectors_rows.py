"""The columns beside the vectors of a file: ids, labels, splits and the person's own, made without a Python object per value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.errors import SourceError
from engines.protocols import SourceOptions
from engines.read.columns import as_text, assemble, free_names, own_column, text_column

LABEL_NAMES = ("labels", "label", "y")
SPLIT_NAMES = ("splits", "split")
ID_NAMES = ("ids", "id")

Columns = Mapping[str, npt.NDArray[Any]]


def part_of(columns: Columns, wanted: str | None, usual: tuple[str, ...]) -> str | None:
    """Name the array that plays a part: the one a person chose, else the first usual name."""
    return wanted or next((name for name in usual if name in columns), None)


def _plain(values: npt.NDArray[Any]) -> list[Any]:
    return [value.item() if isinstance(value, np.generic) else value for value in values.tolist()]


def _words(values: npt.NDArray[Any]) -> Any:
    """Give values as what ``text_column`` reads without looking at each where they are texts or whole numbers."""
    if values.dtype.kind == "U":
        try:
            return pa.array(values.tolist(), pa.string())
        except UnicodeError:
            return _plain(values)  # halves of a pair of signs
    if values.dtype.kind in "iu":
        return pa.array(values.astype(values.dtype.newbyteorder("=")))
    return _plain(values)


def _own(values: npt.NDArray[Any]) -> Any:
    """Give a person's own column its natural type."""
    if values.dtype.kind == "i" or (values.dtype.kind == "u" and values.dtype.itemsize < 8):
        return pa.array(values.astype(np.int64))
    if values.dtype.kind == "f":
        return pa.array(values.astype(np.float64))
    return text_column(_words(values)) if values.dtype.kind == "U" else own_column(_plain(values))


def given_ids(kept: npt.NDArray[np.int64], columns: Columns, options: SourceOptions) -> list[str]:
    """Give the ids of the rows that are kept, from the array that holds them.

    Raises:
        SourceError: when ids repeat or are empty.
    """
    name = options.id or next(name for name in ID_NAMES if name in columns)
    seen: dict[str, int] = {}
    ids: list[str] = []
    values = _plain(columns[name])
    for row in kept.tolist():
        text = as_text(values[row])
        if not text:
            raise SourceError(f"the array {name!r} has no id for row {row}", "give every row an id, or leave the array out")
        if text in seen:
            raise SourceError(
                f"the array {name!r} gives rows {seen[text]} and {row} the same id {text!r}", "ids must not repeat"
            )
        seen[text] = row
        ids.append(text)
    return ids


def rows_of(ids: list[str], taken: npt.NDArray[np.int64], columns: Columns, options: SourceOptions) -> pa.Table:
    """Put together the rows with these ids, at these places of the file."""
    parts = {
        "id": part_of(columns, options.id, ID_NAMES),
        "label": part_of(columns, options.label, LABEL_NAMES),
        "split": part_of(columns, options.split, SPLIT_NAMES),
    }
    nothing = pa.nulls(len(ids), pa.string())
    picked = {part: _words(columns[name][taken]) if name else nothing for part, name in parts.items() if part != "id"}
    own = {"row": pa.array(taken, pa.int64())}
    others = [name for name in columns if name not in parts.values()]
    for name, free in free_names(others, taken=own).items():
        values = columns[name][taken]
        own[free] = text_column(_words(values)) if name in ("caption", "text", options.text) else _own(values)
    return assemble(ids, nothing, picked["label"], picked["split"], own)


__all__ = ["ID_NAMES", "LABEL_NAMES", "SPLIT_NAMES", "Columns", "given_ids", "part_of", "rows_of"]
