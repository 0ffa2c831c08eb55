"""Read the label of each row: a text, a number with a name, several of them, or columns of zeros and ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engines.read.columns import as_text, text_column

JOINT = " | "
"""Between the labels of a row that has several."""


def class_names(feature: Any) -> list[str]:
    """Give the names of numbered classes that Hugging Face features hold, also of lists of classes; empty where there are none."""
    while isinstance(feature, (dict, list)):
        if isinstance(feature, list):
            feature = feature[0] if len(feature) == 1 else None
            continue
        names = feature.get("names")
        if feature.get("_type") == "ClassLabel" and isinstance(names, list):
            return [str(name) for name in names]
        feature = feature.get("feature")
    return []


def labels(column: pa.ChunkedArray, names: Sequence[str]) -> Any:
    """Give labels as texts; numbers get their ``names``, a number below zero means that there is no label.

    Several labels of a row are joined by ``" | "``; an empty list is no label.
    """
    kind = column.type
    nested = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if nested:
        return pa.array([_joined(values, names) for values in column.to_pylist()], pa.string())
    if not names or not pa.types.is_integer(kind):
        return text_column(column)
    numbers = column.cast(pa.int64())
    outside = pc.greater_equal(numbers, len(names))
    places = pc.if_else(pc.or_(pc.less(numbers, 0), outside), None, numbers)
    named = pc.take(pa.array(names, pa.string()), places)
    # A number that has no name is its own; -1 is how "not known" is written.
    return text_column(pc.if_else(pc.fill_null(outside, False), numbers.cast(pa.string()), named))


def sibling_names(numbers: pa.ChunkedArray, texts: pa.ChunkedArray) -> dict[str, str] | None:
    """Learn the names of numbered classes from a column beside them; None when a number has two names."""
    pairs = pa.table({"number": text_column(numbers), "name": text_column(texts)}).group_by(["number", "name"]).aggregate([])
    found: dict[str, str] = {}
    for number, name in zip(pairs.column("number").to_pylist(), pairs.column("name").to_pylist(), strict=True):
        if number is None or name is None:
            continue
        if found.setdefault(number, name) != name:
            return None
    return found


def one_hot_labels(columns: Mapping[str, Any]) -> tuple[Any, Any]:
    """Give the label of each row by the columns that say yes, and how many do; several are joined."""
    start = _common_start(list(columns))
    names = [name[len(start) :] for name in columns]
    said = np.stack([np.nan_to_num(_numbers(values)) > 0.5 for values in columns.values()])
    found: list[str | None] = [None] * said.shape[1]
    for row in np.flatnonzero(said.any(axis=0)).tolist():
        found[row] = JOINT.join(name for name, yes in zip(names, said[:, row].tolist(), strict=True) if yes)
    return pa.array(found, pa.string()), said.sum(axis=0)


def _numbers(values: Any) -> Any:
    return values.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _common_start(names: Sequence[str]) -> str:
    """Give what all names begin with, up to an underscore: ``label_``."""
    shortest = min(names, key=len)
    for end in range(len(shortest) - 1, 0, -1):
        start = shortest[:end]
        if start.endswith("_") and all(name.startswith(start) for name in names):
            return start
    return ""


def _joined(values: Sequence[Any] | None, names: Sequence[str]) -> str | None:
    if not values:
        return None
    texts = [_name(value, names) for value in values]
    return JOINT.join(text for text in texts if text) or None


def _name(value: Any, names: Sequence[str]) -> str | None:
    if names and isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return as_text(value)


__all__ = ["JOINT", "class_names", "labels", "one_hot_labels", "sibling_names"]
