"""Read delimited text (CSV, TSV) by blocks: any usual delimiter and encoding, quotes with line ends, rows of a wrong length."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from engines.errors import SourceError
from engines.read.columns import text_column, unique_names
from engines.read.table_block import BLOCK_BYTES, BLOCK_CELLS, BLOCK_ROWS, Bad, Block
from engines.read.text_lines import HEAD, LINE_LIMIT, TOO_LONG, TextLines, encoding_of, open_file

DELIMITERS = (",", ";", "\t", "|")


class CsvFile:
    """Rows of delimited text.

    The first row names the columns. Every value is a text; an empty one is no value. Blank lines are no rows. A row that has
    more or fewer values than there are columns, or a line that cannot be decoded, is bad; so is a quote that is never closed.
    """

    format: ClassVar[str] = "csv"
    typed: ClassVar[bool] = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata: Mapping[bytes, bytes] = {}
        self._lines = TextLines(path)
        self.delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else _delimiter(path)
        header = next((record.values for record in _Records(self._lines, self.delimiter)), [])
        if not header:
            raise SourceError(f"{path} is empty", "a table begins with the names of its columns")
        self.columns = unique_names(header)

    def blocks(self, *, without: str | None = None) -> Iterator[Block]:  # noqa: ARG002  # a line is read as a whole
        """Give the rows; see ``TableFile``."""
        wanted = len(self.columns)
        most = max(1, min(BLOCK_ROWS, BLOCK_CELLS // wanted))
        numbers: list[int] = []
        kept: list[list[str]] = []
        bad: list[Bad] = []
        size = 0
        records = itertools.islice(_Records(self._lines, self.delimiter), 1, None)
        for number, record in enumerate(records):
            fault = record.fault or _ragged(len(record.values), wanted)
            if fault:
                bad.append(Bad(number, f"{fault} (line {record.line + 1})"))
            else:
                numbers.append(number)
                kept.append(record.values)
                size += record.size
            if len(kept) >= most or size >= BLOCK_BYTES or len(bad) >= BLOCK_ROWS:
                yield self._block(numbers, kept, bad)
                numbers, kept, bad, size = [], [], [], 0
        if kept or bad:
            yield self._block(numbers, kept, bad)

    def notes(self) -> dict[str, Any]:
        """Say encoding and delimiter."""
        return {**self._lines.notes(), "delimiter": self.delimiter}

    def counts(self) -> dict[str, int]:
        """Count the lines that were not UTF-8."""
        return {"lines_not_utf8": self._lines.foreign} if self._lines.foreign else {}

    def _block(self, numbers: list[int], kept: list[list[str]], bad: list[Bad]) -> Block:
        by_column = zip(*kept, strict=True) if kept else ([] for _ in self.columns)
        arrays = (text_column(pa.array(values, pa.string())) for values in by_column)
        return Block(
            rows=np.array(numbers, dtype=np.int64),
            columns=dict(zip(self.columns, arrays, strict=True)),
            bad=tuple(bad),
            fraction=self._lines.fraction,
        )


class _Record:
    """One row of values: the number of its first line, its length, and what is wrong with it."""

    __slots__ = ("fault", "line", "size", "values")

    def __init__(self, values: list[str], line: int, size: int, fault: str) -> None:
        self.values, self.line, self.size, self.fault = values, line, size, fault


class _Records:
    """Cut lines into records with the standard library's parser, which sees one line at a time."""

    def __init__(self, lines: TextLines, delimiter: str) -> None:
        self._lines, self._delimiter = lines, delimiter
        self._start, self._size, self._fault, self._ended = -1, 0, "", False

    def __iter__(self) -> Iterator[_Record]:
        # The parser's own limit is one for the whole process and too small for a picture in a field.
        csv.field_size_limit(max(csv.field_size_limit(), 2 * LINE_LIMIT))
        reader = csv.reader(self._feed(), delimiter=self._delimiter)
        while True:
            self._start, self._size, self._fault = -1, 0, ""
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                values, self._fault = [], f"is not CSV: {error}"
            if self._ended and not self._fault:
                # The parser asks for another line only where a quote is open.
                self._fault = "has a quote that is not closed before the end of the file"
            if values or self._fault:
                yield _Record(values, self._start, self._size, self._fault)

    def _feed(self) -> Iterator[str]:
        for line in self._lines:
            self._start = line.number if self._start < 0 else self._start
            self._size += len(line.text)
            if self._size > self._lines.limit or line.fault == TOO_LONG:
                raise SourceError(
                    f"{self._lines.path}: the row that begins in line {self._start + 1} {TOO_LONG}",
                    "is this a CSV table, and is every quote closed?",
                )
            self._fault = self._fault or line.fault
            yield line.text
        self._ended = True


def _ragged(found: int, wanted: int) -> str:
    if found == wanted:
        return ""
    return f"has {found} {'value' if found == 1 else 'values'} for {wanted} {'column' if wanted == 1 else 'columns'}"


def _delimiter(path: Path) -> str:
    """Find the delimiter that cuts the first lines into equally many values, and most of them."""
    with open_file(path) as handle:
        head = handle.read(HEAD)
    text = head.decode(encoding_of(head), "replace").lstrip("\ufeff")
    lines = text.splitlines(keepends=True)
    if len(lines) > 1 and len(head) == HEAD:
        del lines[-1]
    best, most = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            counts = [len(record) for record in itertools.islice(csv.reader(lines, delimiter=delimiter), 50) if record]
        except csv.Error:
            continue
        if counts and counts[0] > 1:
            score = (round(counts.count(counts[0]) / len(counts), 1), counts[0])
            best, most = (delimiter, score) if score > most else (best, most)
    return best
