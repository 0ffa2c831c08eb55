"""Read JSON by blocks: an object per line, an array of objects, or an object that holds rows or columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from engines.errors import SourceError
from engines.read.columns import as_text, natural
from engines.read.json_items import BrokenItem, JsonItems
from engines.read.table_block import BLOCK_BYTES, BLOCK_CELLS, BLOCK_ROWS, Bad, Block
from engines.read.text_lines import HEAD, TextLines, encoding_of, open_file

OBJECT_LIMIT = 256 << 20
"""Bytes of the largest file whose outermost value is one object: such a file has to be read as a whole."""
MOST_COLUMNS = 50_000
LINES = (".jsonl", ".ndjson")
HINT = "save it as one object per line (.jsonl)"


class _Item(NamedTuple):
    """A value that should be a row, its length in signs, and why it cannot be read."""

    value: Any
    size: int
    fault: str = ""


class JsonFile:
    """Rows of JSON: ``{..}`` per line, ``[{..}, ..]``, ``{"data": [{..}, ..]}``, ``{"a": [..], "b": [..]}`` or what pandas writes.

    The first sign of the file tells, not its suffix. Whatever is not an object is a bad row.
    """

    format: ClassVar[str] = "json"
    typed: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata: Mapping[bytes, bytes] = {}
        self.columns: list[str] = []
        self.layout = _layout(path)
        self._lines = TextLines(path)
        self._items = JsonItems(path)
        self._counts: dict[str, int] = {}

    def blocks(self, *, without: str | None = None) -> Iterator[Block]:  # noqa: ARG002  # a row is read as a whole
        """Give the rows; see ``TableFile``."""
        found = {"lines": self._from_lines, "array": self._from_array, "object": self._from_object}[self.layout]()
        numbers: list[int] = []
        kept: list[Mapping[str, Any]] = []
        bad: list[Bad] = []
        known = dict.fromkeys(self.columns)
        size = 0
        for number, item in enumerate(found):
            if item.fault or not isinstance(item.value, dict):
                bad.append(Bad(number, item.fault or "is not a JSON object"))
            else:
                numbers.append(number)
                kept.append(_named(item.value, known))
                size += item.size
            if len(known) > MOST_COLUMNS:
                raise SourceError(
                    f"the objects of {self.path} have more than {MOST_COLUMNS:,} different names", "is it a table?"
                )
            full = len(kept) * max(len(known), 1) >= BLOCK_CELLS or size >= BLOCK_BYTES
            if full or len(kept) >= BLOCK_ROWS or len(bad) >= BLOCK_ROWS:
                yield self._block(numbers, kept, bad, known)
                numbers, kept, bad, size = [], [], [], 0
        if kept or bad:
            yield self._block(numbers, kept, bad, known)

    def notes(self) -> dict[str, Any]:
        """Say layout and encoding."""
        told = self._lines.notes() if self.layout == "lines" else {}
        return {"layout": self.layout, **told}

    def counts(self) -> dict[str, int]:
        """Count what was not UTF-8."""
        counts = {"lines_not_utf8": self._lines.foreign, "places_not_utf8": self._items.foreign}
        return {name: count for name, count in counts.items() if count}

    def _block(self, numbers: list[int], kept: list[Mapping[str, Any]], bad: list[Bad], known: dict[str, None]) -> Block:
        self.columns = list(known)
        fraction = self._lines.fraction if self.layout == "lines" else self._items.fraction
        return Block(
            rows=np.array(numbers, dtype=np.int64),
            columns={name: natural([record.get(name) for record in kept]) for name in known} if kept else {},
            bad=tuple(bad),
            fraction=fraction,
        )

    def _from_lines(self) -> Iterator[_Item]:
        for line in self._lines:
            text = line.text.strip()
            if line.fault:
                yield _Item(None, 0, f"{line.fault} (line {line.number + 1})")
            elif text:
                try:
                    yield _Item(json.loads(text), len(text))
                except (ValueError, RecursionError):
                    yield _Item(None, 0, f"is not a JSON object (line {line.number + 1})")

    def _from_array(self) -> Iterator[_Item]:
        try:
            for value in self._items:
                yield _Item(value, self._items.size)
        except BrokenItem as error:
            yield _Item(None, 0, f"cannot be read, nor can what follows: {error}")

    def _from_object(self) -> Iterator[_Item]:
        whole = _load(self.path)
        for record in _records(whole, self.path):
            yield _Item(record, 0)


def _named(record: dict[str, Any], known: dict[str, None]) -> dict[str, Any]:
    """Add the names of a row to those that are known; names that are no text, for lone surrogates in them, are mended."""
    fresh = [name for name in record if name not in known]
    if any(as_text(name) != name for name in fresh):
        record = {as_text(name) or "": value for name, value in record.items()}
        fresh = [name for name in record if name not in known]
    known.update(dict.fromkeys(fresh))
    return record


def _layout(path: Path) -> str:
    """Tell by the first sign whether a file is an array, an object per line, or one object."""
    with open_file(path) as handle:
        raw = handle.read(HEAD)
    head = raw.decode(encoding_of(raw), "replace").lstrip("\ufeff \t\r\n")
    if not head:
        raise SourceError(f"{path} is empty", "give a file that holds rows")
    if head[0] == "[":
        return "array"
    if head[0] != "{":
        raise SourceError(f"{path} is not JSON: it begins with {head[:20]!r}", "is its suffix right?")
    if path.suffix.lower() in LINES:
        return "lines"
    try:
        _, end = json.JSONDecoder().raw_decode(head)
    except (ValueError, RecursionError):
        return "object"
    return "lines" if head[end:].lstrip(" \t\r\n").startswith("{") else "object"


def _load(path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > OBJECT_LIMIT:
            raise SourceError(f"{path} is one JSON object of {size / 2**20:,.0f} MiB; the limit is {OBJECT_LIMIT >> 20}", HINT)
        raw = path.read_bytes()
        return json.loads(raw)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{path} is not UTF-8: line {line} holds the byte 0x{raw[error.start]:02x}", "save it as UTF-8"
        ) from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON: {error}", HINT) from None


def _records(whole: Mapping[str, Any], path: Path) -> Iterator[Any]:
    """Find the rows in one object.

    Raises:
        SourceError: when there are none, or several lists that could be the rows.
    """
    lists = {name: value for name, value in whole.items() if isinstance(value, list)}
    names = whole.get("columns")
    if isinstance(names, list) and isinstance(whole.get("data"), list) and all(isinstance(row, list) for row in whole["data"]):
        # What pandas.DataFrame.to_json(orient="split") writes.
        columns = [as_text(name) or "column" for name in names]
        yield from (dict(zip(columns, row, strict=False)) if len(row) == len(columns) else row for row in whole["data"])
        return
    rows = {name: value for name, value in lists.items() if value and all(isinstance(item, dict) for item in value)}
    if "data" in rows or (len(rows) == 1 and len(lists) == 1):
        yield from rows.get("data") or next(iter(rows.values()))
        return
    if lists and len(lists) == len(whole):
        yield from _from_columns(lists, path)
        return
    nested = [value for value in whole.values() if isinstance(value, dict)]
    if nested and len(nested) == len(whole):
        # What pandas.DataFrame.to_json() writes: each column an object by the row's name.
        order = dict.fromkeys(key for value in nested for key in value)
        yield from ({name: value.get(key) for name, value in whole.items()} for key in order)
        return
    held = ", ".join(list(whole)[:20]) or "nothing"
    raise SourceError(
        f"{path} is an object without rows: it holds {held}", 'give [{...}, ...], {"data": [{...}, ...]} or .jsonl'
    )


def _from_columns(lists: Mapping[str, list[Any]], path: Path) -> Iterator[Any]:
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in list(lengths.items())[:20])
        raise SourceError(f"the columns of {path} are not equally long: {told}", "each list is a column")
    for values in zip(*lists.values(), strict=True):
        yield dict(zip(lists, values, strict=True))


__all__ = ["JsonFile"]
