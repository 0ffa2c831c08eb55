"""Write delimited text again: rows that did not change byte for byte, the others with their new label alone changed."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from engines.export.guard import RULE, guard, needs_guard
from engines.export.table_order import LabelColumn, Order, Refuse, Step, Unwritable, free_name, unique_names

FIELD_LIMIT = 128 << 20
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
DELIMITERS = (",", ";", "\t", "|")


class Record(NamedTuple):
    """A row: its values, and the text that it stands in."""

    values: list[str]
    text: str


class CsvRewriter:
    """Writes one file again. ``formulas`` "guard": cells that a spreadsheet would run get an apostrophe in front."""

    def __init__(self, origin: Mapping[str, Any], label: LabelColumn, formulas: str) -> None:
        self._origin, self._label, self._formulas = origin, label, formulas
        self.risky: dict[str, int] = {}

    def rewrite(self, source: Path, out: Path, order: Order, refuse: Refuse, step: Step) -> int:
        """Write the file; give the number of rows that the source has. ``refuse`` is told of labels that cannot be written."""
        encoding, newline, errors = text_form(source, str(self._origin.get("encoding") or "utf-8"))
        columns = self._origin.get("columns") or ()
        delimiter = _delimiter(source, encoding, newline, str(self._origin.get("delimiter") or ","), columns)
        rows = -1
        with (
            source.open(encoding=encoding, errors=errors, newline=newline) as given,
            out.open("x", encoding=encoding, errors=errors, newline="") as file,
        ):
            records = _records(given, delimiter)
            header = next(records, Record([], ""))
            lines = _Lines(self, unique_names(header.values), delimiter, order)
            lines.write_header(file, header)
            for rows, record in enumerate(records):
                if rows % 1000 == 0:
                    step(rows)
                if order.stays(rows):
                    file.write(lines.line(rows, record, refuse))
        return rows + 1

    def told(self) -> dict[str, Any]:
        """Tell of cells that a spreadsheet would run."""
        if not self.risky:
            return {}
        if self._formulas == "guard":
            return {"guarded": {"rule": RULE, "cells": self.risky}}
        words = "cells that a spreadsheet may take for a formula stand as they stand in the source; see formula_cells"
        return {"formula_cells": self.risky, "notes": [words]}

    @property
    def label(self) -> LabelColumn:
        """Give where the label stands."""
        return self._label

    @property
    def guards(self) -> bool:
        """Tell whether cells are to be guarded."""
        return self._formulas == "guard"


class _Lines:
    """Turns the records of one file into lines."""

    def __init__(self, owner: CsvRewriter, names: list[str], delimiter: str, order: Order) -> None:
        self._owner, self._names, self._order, self._delimiter = owner, names, order, delimiter
        self._places = {name: place for place, name in enumerate(names)}
        self._end = "\n"

    def write_header(self, file: IO[str], header: Record) -> None:
        self._end = line_end(header.text) or "\n"
        values = [*header.values, free_name(self._names)] if self._order.tags is not None else list(header.values)
        text = self._written(values, header.text, same=self._order.tags is None)
        marked = header.text.startswith("\ufeff") and not text.startswith("\ufeff")
        file.write("\ufeff" + text if marked else text)

    def line(self, row: int, record: Record, refuse: Refuse) -> str:
        values, same = list(record.values), True
        if row in self._order.labels:
            same = not self._relabel(values, row, refuse)
        if self._order.tags is not None:
            tags = self._order.tags.get(row)
            values.append(json.dumps(list(tags), ensure_ascii=False) if tags else "")
            same = False
        return self._written(values, record.text, same=same)

    def _relabel(self, values: list[str], row: int, refuse: Refuse) -> bool:
        label, wanted = self._owner.label, self._order.labels[row]
        try:
            if label.one_hot:
                marks = label.mark(wanted, {name: values[self._places[name]] for name in label.one_hot if name in self._places})
            elif label.name in self._places:
                marks = {label.name or "": label.value(wanted, "")}
                if label.beside in self._places:
                    marks[label.beside or ""] = wanted
            else:
                raise Unwritable("the label is no column of the file")
        except Unwritable as error:
            refuse(row, str(error))
            return False
        for name, value in marks.items():
            if name in self._places:
                values[self._places[name]] = str(value)
        return True

    def _written(self, values: list[str], text: str, *, same: bool) -> str:
        risky = [place for place, value in enumerate(values) if needs_guard(value) and not _is_number(value)]
        for place in risky:
            name = self._names[place] if place < len(self._names) else free_name(self._names)
            self._owner.risky[name] = self._owner.risky.get(name, 0) + 1
            if self._owner.guards:
                values[place] = guard(values[place])
                same = False
        if same:
            return text if line_end(text) else text + self._end
        buffer = io.StringIO(newline="")
        # With this end of line, cells that hold either of its characters are quoted; the file's own end follows.
        csv.writer(buffer, delimiter=self._delimiter, lineterminator="\r\n").writerow(map(western, values))
        return buffer.getvalue().removesuffix("\r\n") + (line_end(text) or self._end)


def _records(lines: IO[str], delimiter: str) -> Iterator[Record]:
    """Cut a file into records as the standard library does; blank lines are none, what is no CSV is one."""
    csv.field_size_limit(max(csv.field_size_limit(), FIELD_LIMIT))
    read: list[str] = []

    def feed() -> Iterator[str]:
        for number, line in enumerate(lines):
            read.append(line)
            # A mark at the start would keep the first name from being one in quotes.
            yield line if number else line.lstrip("\ufeff")

    reader = csv.reader(feed(), delimiter=delimiter)
    while True:
        read.clear()
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Record([], "".join(read))
            continue
        if values:
            yield Record(values, "".join(read))


def text_form(source: Path, told: str) -> tuple[str, str, str]:
    """Give the encoding of a file, which line ends count, and what becomes of bytes that are no text: they are written as they came.

    ``told``: the encoding in which it was read, where no mark at its start says it.
    """
    with source.open("rb") as stream:
        head = stream.read(1 << 16)
    name = next((name for mark, name in MARKS if head.startswith(mark)), told.partition(";")[0])
    if name in ("utf-16", "utf-32"):
        name = "utf-8"
    returns = name != "utf-8" or (b"\r" in head and b"\n" not in head)
    return name, "" if returns else "\n", "surrogateescape" if name == "utf-8" else "surrogatepass"


def _delimiter(source: Path, encoding: str, newline: str, told: str, columns: Sequence[str]) -> str:
    """Find the delimiter of a file: the one that was told, unless another one cuts its header into more of the known columns."""
    if source.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    known = set(columns)
    best, most = told, -1
    for delimiter in dict.fromkeys((told, *DELIMITERS)):
        with source.open(encoding=encoding, errors="replace", newline=newline) as given:
            header = next(_records(given, delimiter), Record([], "")).values
        count = len(known & set(unique_names(header)))
        if count > most:
            best, most = delimiter, count
    return best


def line_end(text: str) -> str:
    """Give how a line ends; empty where it does not."""
    return "\r\n" if text.endswith("\r\n") else text[-1:] if text.endswith(("\n", "\r")) else ""


def western(value: str) -> str:
    """Give text of a line that is no UTF-8 as the reader gave it: as Windows-1252."""
    if value.isascii() or not any("\udc80" <= sign <= "\udcff" for sign in value):
        return value
    return value.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


__all__ = ["CsvRewriter", "line_end", "text_form", "western"]
