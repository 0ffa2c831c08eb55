"""Understand the tables that lie beside pictures: ``metadata.csv``, ``.jsonl`` or ``.parquet`` with a column ``file_name``."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engines.errors import SourceError
from engines.read.columns import as_text
from engines.read.names import escape
from engines.read.rejects import Rejects

FILE_NAME = "file_name"
LONGEST_CELL = 131_072
"""Characters of one value of a CSV table: more is a quote that nobody closed."""
TOO_LONG = f"a value has more than {LONGEST_CELL:,} characters"
MOST_CELLS = 20_000_000
"""A table beside pictures is held in memory value by value; a larger one has to be the source itself."""


@dataclass
class MetadataTable:
    """One such file: where it lies below the root, its columns, and per row its number in the file and its values.

    ``typed`` is false for CSV, where every value is text.
    """

    path: bytes
    columns: list[str]
    typed: bool
    rows: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Give the path as text."""
        return escape(self.path)

    @property
    def folder(self) -> bytes:
        """Give the folder that its file names start from."""
        return self.path.rpartition(b"/")[0]


def read_metadata(raw: bytes, path: bytes, rejects: Rejects) -> MetadataTable:
    """Understand the bytes of one table; bad rows become rejects.

    Raises:
        SourceError: when the table as a whole cannot be read.
    """
    if path.lower().endswith(b".parquet"):
        return _parquet(raw, path)
    text = _text(raw, escape(path))
    return _jsonl(text, path, rejects) if path.lower().endswith(b".jsonl") else _csv(text, path, rejects)


def _text(raw: bytes, name: str) -> str:
    """Decode UTF-8, or UTF-16 where a byte order mark says so."""
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{name} is not UTF-8 text: line {line} holds the byte 0x{raw[error.start]:02x}", "save it as UTF-8 and try again"
        ) from None


def _csv(text: str, path: bytes, rejects: Rejects) -> MetadataTable:
    first = text.partition("\n")[0]
    # A spreadsheet in many countries writes semicolons; the header tells.
    delimiter = max(",;\t", key=first.count) if first.strip() else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = next(reader, [])
        if max(map(len, names), default=0) > LONGEST_CELL:
            raise csv.Error(TOO_LONG)
    except csv.Error as error:
        raise SourceError(f"{escape(path)} is not a CSV table: {error}", "check its quotes and commas") from None
    columns = _header(names)
    table = MetadataTable(path, columns, typed=False)
    for number in itertools.count():
        try:
            values = next(reader)
        except StopIteration:
            return table
        except csv.Error as error:
            # The reader goes on with the next line.
            words = TOO_LONG if "field limit" in str(error) else str(error)
            rejects.add(None, f"{table.name} row {number + 1} cannot be read: {words}", path=table.name, row=number)
            continue
        if not any(values):
            continue
        if max(map(len, values)) > LONGEST_CELL:
            # The library's own limit holds for the whole process, and others may have raised it.
            reason = f"{table.name} row {number + 1} cannot be read: {TOO_LONG}"
            rejects.add(None, reason, path=table.name, row=number)
        elif len(values) != len(columns):
            reason = f"{table.name} row {number + 1} has {len(values)} values for {len(columns)} columns"
            rejects.add(None, reason, path=table.name, row=number)
        else:
            table.rows.append((number, dict(zip(columns, values, strict=True))))
            _check_size(table.name, len(table.rows) * len(columns))
    return table


def _jsonl(text: str, path: bytes, rejects: Rejects) -> MetadataTable:
    table = MetadataTable(path, [], typed=True)
    columns: dict[str, None] = {}
    cells = 0
    for number, line in enumerate(text.split("\n")):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            rejects.add(None, f"{table.name} line {number + 1} is not a JSON object", path=table.name, row=number)
            continue
        columns.update(dict.fromkeys(record))
        cells += len(record)
        _check_size(table.name, cells)
        table.rows.append((number, record))
    table.columns = list(columns)
    return table


def _parquet(raw: bytes, path: bytes) -> MetadataTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(raw))
        told = file.metadata
        packed = sum(told.row_group(number).total_byte_size for number in range(told.num_row_groups))
        # 50 bytes a value is more than they have on average.
        _check_size(escape(path), max(told.num_rows * told.num_columns, packed // 50))
        read = file.read()
        rows = list(enumerate(read.to_pylist()))
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise SourceError(f"{escape(path)} is not a Parquet table: {why}") from None
    return MetadataTable(path, list(read.column_names), typed=True, rows=rows)


def _check_size(name: str, cells: int) -> None:
    if cells > MOST_CELLS:
        raise SourceError(
            f"{name} has more than {MOST_CELLS:,} values, which is too much for a table beside pictures",
            "give the table itself as the source, with --image for its column of pictures",
        )


def _header(names: list[str]) -> list[str]:
    """Give every column a name of its own."""
    columns: list[str] = []
    for number, given in enumerate(names):
        plain = (as_text(given.strip()) or "") or f"column_{number + 1}"
        name, repeat = plain, 2
        while name in columns:
            name, repeat = f"{plain}_{repeat}", repeat + 1
        columns.append(name)
    return columns
