"""Turn plain values into Arrow columns, give them names that do not collide, and put the rows of a data set together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engines.artifacts import RESERVED

Column = Sequence[Any]
MISSING = ("", "na", "n/a", "nan", "null", "none")
"""What stands in a text file for "no number"."""
PLAIN_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"
LOOKS = 50


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
    text = str(value)
    # Halves of a pair that stands for one sign beyond 16 bits become it, lone ones are no text.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _has_surrogates(text) else text


def text_column(values: Iterable[Any]) -> Any:
    """Give values as a column of strings; empty texts are no value."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        if pa.types.is_string(values.type):
            return _without_blanks(values)
        if pa.types.is_integer(values.type):
            return values.cast(pa.string())
        values = values.to_pylist()
    return pa.array([as_text(value) or None for value in values], pa.string())


def own_column(values: Column, *, from_text: bool = False) -> Any:
    """Give a person's column its natural type: whole numbers, numbers, truth values, dates, else text.

    ``from_text``: the values come from a file without types (CSV), so numbers are looked for in the text.
    """
    if from_text:
        texts = pa.chunked_array([pa.array([as_text(value) for value in values], pa.string())])
        found = numbers_in(texts)
        return text_column(texts).combine_chunks() if found is None else found.combine_chunks()
    if any(isinstance(value, (dict, list, tuple, bytes, str)) for value in values):
        return text_column(values)
    try:
        column = pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return text_column(values)
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column


def numbers_in(column: pa.ChunkedArray, *, decimal_comma: bool = False) -> pa.ChunkedArray | None:
    """Read a column of texts as whole numbers or numbers where every value is one; None where it is not one of numbers.

    A leading zero ("007") marks a code, a plus ("+49") a telephone number, and digits that do not fit into 64 bits a code too.
    ``decimal_comma``: a comma may stand for the point (tables that are cut at semicolons).
    """
    # Most columns of texts are told apart by their first values.
    if len(column) > LOOKS and _numbers(column.slice(0, LOOKS), decimal_comma=decimal_comma) is None:
        return None
    return _numbers(column, decimal_comma=decimal_comma)


def unify(chunks: Sequence[pa.Array]) -> pa.ChunkedArray:
    """Put the pieces of a column together, which a file without a schema may give different types: numbers, else text."""
    kinds = {chunk.type for chunk in chunks if not pa.types.is_null(chunk.type)}
    if len(kinds) == 1:
        kind = kinds.pop()
    elif not kinds:
        kind = pa.string()
    elif all(_is_number(kind) for kind in kinds):
        kind = pa.int64() if all(pa.types.is_integer(kind) for kind in kinds) else pa.float64()
    else:
        return pa.chunked_array([text_column(chunk) for chunk in chunks], pa.string())
    try:
        return pa.chunked_array([chunk if chunk.type == kind else chunk.cast(kind) for chunk in chunks], kind)
    except pa.ArrowException:
        return pa.chunked_array([text_column(chunk) for chunk in chunks], pa.string())


def natural(values: Sequence[Any]) -> pa.Array:
    """Give plain values from JSON the type that Arrow finds for them, or make texts of them where they are of several kinds."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return text_column(values)


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


def unique_names(names: Iterable[Any]) -> list[str]:
    """Give every column of a file a name of its own: ``column_3`` where it has none, ``name_2`` where a name comes again."""
    plain = [(as_text(name) or "").strip() or f"column_{number + 1}" for number, name in enumerate(names)]
    # A name that stands in the file is never taken away from its column by the number of another one.
    known, repeats = set(plain), dict.fromkeys(plain, 1)
    columns: dict[str, None] = {}
    for given in plain:
        name = given
        while name in columns or (name != given and name in known):
            repeats[given] += 1
            name = f"{given}_{repeats[given]}"
        columns[name] = None
    return list(columns)


def assemble(ids: Column, paths: Column, label: Column, split: Column, own: Mapping[str, Any]) -> pa.Table:
    """Put the rows of a data set together, the project's columns first."""
    return pa.table(
        {
            "id": _strings(ids),
            "path": _strings(paths),
            "label": text_column(label),
            "split": text_column(split),
            **own,
        }
    )


def _strings(values: Column) -> Any:
    return values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values, pa.string())


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text) if not text.isascii() else False


def _without_blanks(texts: Any) -> Any:
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _numbers(values: pa.ChunkedArray, *, decimal_comma: bool) -> pa.ChunkedArray | None:
    if values.null_count < len(values) and pc.all(pc.match_substring_regex(values, PLAIN_NUMBER)).as_py():
        return _cast(values)
    text = pc.utf8_trim_whitespace(values)
    text = pc.if_else(pc.is_in(pc.utf8_lower(text), pa.array(MISSING)), None, text)
    if decimal_comma:
        text = pc.replace_substring_regex(text, r"^(-?\d+),(\d+)$", r"\1.\2")
    if text.null_count == len(text):
        return text
    coded = pc.any(pc.match_substring_regex(text, r"^[+-]?0[0-9xX]|^\+")).as_py()
    return None if coded else _cast(text)


def _cast(text: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Read texts as whole numbers, else as numbers; digits alone that do not fit into 64 bits are none."""
    try:
        return text.cast(pa.int64())
    except pa.ArrowException:
        if pc.all(pc.match_substring_regex(text, r"^-?[0-9]+$")).as_py():
            return None
    try:
        return text.cast(pa.float64())
    except pa.ArrowException:
        return None
