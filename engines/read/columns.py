"""Turn plain values into Arrow columns, give them names that do not collide, and hash them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from engines.artifacts import RESERVED

Column = Sequence[Any]


def as_text(value: Any) -> str | None:
    """Give one value as the text of a label, a split or an id; None and NaN are no value."""
    if value is None or value != value:  # noqa: PLR0124  # NaN is the value that differs from itself
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, (dict, list, tuple)):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return str(value).encode("utf-8", "surrogatepass").decode("utf-8", "replace") if _has_surrogates(str(value)) else str(value)


def text_column(values: Iterable[Any]) -> pa.Array:
    """Give values as a column of strings; empty texts are no value."""
    return pa.array([as_text(value) or None for value in values], pa.string())


def own_column(values: Column, *, from_text: bool = False) -> pa.Array:
    """Give a person's column its natural type: whole numbers, numbers, truth values, dates, else text.

    ``from_text``: the values come from a file without types (CSV), so numbers are looked for in the text.
    """
    if from_text:
        return _numbers([None if value == "" else value for value in values])
    if any(isinstance(value, (dict, list, tuple, bytes, str)) for value in values):
        return text_column(values)
    try:
        column = pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return text_column(values)
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column


def free_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Give each of the person's columns a name that the project does not use itself (``own_<name>``)."""
    used = {*RESERVED, *taken}
    found: dict[str, str] = {}
    for name in names:
        free = as_text(name) or "column"
        while free in used:
            free = f"own_{free}"
        found[name] = free
        used.add(free)
    return found


def assemble(ids: Sequence[str], paths: Column, label: Column, split: Column, own: Mapping[str, pa.Array]) -> pa.Table:
    """Put the rows of a data set together, the project's columns first."""
    return pa.table(
        {
            "id": pa.array(ids, pa.string()),
            "path": pa.array(paths, pa.string()),
            "label": text_column(label),
            "split": text_column(split),
            **own,
        }
    )


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text) if not text.isascii() else False


def _numbers(values: Sequence[str | None]) -> pa.Array:
    """Read text as whole numbers or numbers where every value is one; a leading zero ("007") marks a code, not a number."""
    present = [value for value in values if value is not None]
    coded = any(len(value) > 1 and value[0] == "0" and value[1].isdigit() for value in present)
    attempts: tuple[tuple[Callable[[str], Any], pa.DataType], ...] = ((int, pa.int64()), (float, pa.float64()))
    for kind, column_type in attempts if present and not coded else ():
        try:
            return pa.array([None if value is None else kind(value) for value in values], column_type)
        except (ValueError, OverflowError):
            continue
    return text_column(values)
