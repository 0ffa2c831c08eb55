"""Export the rows as one CSV or JSON Lines table."""

from __future__ import annotations

import csv
import json
import operator
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from engines.artifacts import Dataset
from engines.export.guard import RULE, cell, guard, needs_guard, sha256_of
from engines.export.plan import Rows, plain
from engines.parameters import engine
from engines.protocols import ExportRow, Progress

EVERY = 500


@engine
class CsvExporter:
    """Write ``samples.csv``: UTF-8, RFC 4180, one header line, an empty cell for null, lists as JSON.

    Texts that a spreadsheet would run as a formula get an apostrophe in front; how many, and the rule, are in the record.
    """

    suffix: ClassVar[str] = ".csv"
    with_findings: ClassVar[bool] = True

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Take everything."""
        del dataset
        return ""

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write the table."""
        name = "samples.csv"
        columns, rows = _columns(rows)
        guarded: dict[str, int] = {}
        count = 0
        with (target / name).open("w", encoding="utf-8", newline="") as file:
            # With \r\n as the line end, cells that hold either character are quoted.
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow([guard(column) for column in columns])
            for record in _records(rows, progress):
                line = []
                for column in columns:
                    value = record.get(column)
                    text = cell(value)
                    if not isinstance(value, (int, float)) and needs_guard(text):
                        guarded[column] = guarded.get(column, 0) + 1
                        text = guard(text)
                    line.append(text)
                writer.writerow(line)
                count += 1
        told: dict[str, Any] = {"rows_out": count, "files": {name: sha256_of(target / name)}}
        if guarded:
            told["guarded"] = {"rule": RULE, "cells": guarded}
        return told


@engine
class JsonlExporter:
    """Write ``samples.jsonl``: UTF-8, one JSON object a line, nothing changed but not-a-number, which becomes null."""

    suffix: ClassVar[str] = ".jsonl"
    with_findings: ClassVar[bool] = True

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Take everything."""
        del dataset
        return ""

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write the table."""
        name = "samples.jsonl"
        count = 0
        with (target / name).open("w", encoding="utf-8", newline="\n") as file:
            for record in _records(rows, progress):
                file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
                count += 1
        return {"rows_out": count, "files": {name: sha256_of(target / name)}}


def _columns(rows: Iterator[ExportRow]) -> tuple[list[str], Iterator[ExportRow]]:
    """Name all columns; an iterator that does not know them has to be read to its end."""
    if isinstance(rows, Rows):
        return ["id", "label", "split", *rows.schema.names], rows
    known = list(rows)
    return ["id", "label", "split", *dict.fromkeys(column for row in known for column in row.columns)], iter(known)


def _records(rows: Iterator[ExportRow], progress: Progress) -> Iterator[dict[str, Any]]:
    total = operator.length_hint(rows)
    for number, row in enumerate(rows):
        if number % EVERY == 0:
            progress(number / max(total, number + 1), f"writing rows: {number:,} of {total:,}")
        record = {"id": row.id, "label": row.label, "split": row.split}
        yield record | {name: plain(value) for name, value in row.columns.items() if name not in record}
    progress(1.0, "rows written")


__all__ = ["CsvExporter", "JsonlExporter"]
