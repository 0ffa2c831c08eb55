"""Export a table in its own format: the same columns in the same order, without what was left out, with the labels as decided."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from engines.artifacts import Dataset
from engines.errors import ExportError
from engines.export.annotated import of_plan
from engines.export.guard import sha256_of
from engines.export.media import has_media
from engines.export.places import Tree
from engines.export.plan import Plan
from engines.export.table_arrow import ArrowRewriter
from engines.export.table_csv import CsvRewriter
from engines.export.table_json import JsonRewriter
from engines.export.table_lines import LinesRewriter
from engines.export.table_order import TAGS, LabelColumn, Order, Rewriter
from engines.json_stream import BrokenJson
from engines.parameters import Doc, engine
from engines.protocols import ExportRow, Progress

FORMATS = {"table": ("csv", "json", "parquet", "arrow"), "texts": ("lines",)}
"""Formats that are written again, by reader."""


@engine
class TableExporter:
    """Write the files of a table again, in their own format, under their own names.

    Rows that did not change stay as they are, in delimited text and JSON Lines byte for byte. A new label stands in the column of the
    label as its values do: numbers with names as numbers, columns of zeros and ones as such. A new class of numbers gets the next one.
    There is a column ``tags`` only where a row has one. Rows that could not be read stay behind. Of a file of one text per line, lines stay.
    """

    suffix: ClassVar[str] = ""
    with_findings: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ("pyarrow",)
    formulas: Annotated[
        Literal["keep", "guard"],
        Doc(
            "cells of delimited text that a spreadsheet may run: keep them as they are in the source, or put an apostrophe in front"
        ),
    ] = "keep"

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Refuse what was not read from a table."""
        origin = dataset.origin
        if origin.get("reader") == "hugging_face":
            return "what datasets saved on disk is written again by the format hf"
        known = FORMATS.get(str(origin.get("reader")), ())
        return "" if origin.get("format") in known and "row" in dataset.own_columns else "the source is no table"

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write the files.

        Raises:
            ExportError: when a file of the table has gone, cannot be read, or has another number of rows than it had.
        """
        plan = of_plan(rows, "table")
        return _Work(plan, target, self.formulas, progress).run()


class _Work:
    """One export under way."""

    def __init__(self, plan: Plan, target: Path, formulas: str, progress: Progress) -> None:
        self._plan, self._target, self._progress = plan, target, progress
        self._origin = plan.dataset.origin
        self._label = LabelColumn.of(plan)
        numbers = plan.dataset.rows.column("row").to_numpy()
        self._numbers = numbers[plan.stay]
        # A limit may have put the rows into another order; a table keeps its own.
        self._order = np.argsort(self._numbers, kind="stable")
        given = plan.dataset.labels
        self._labels: dict[int, str] = {}
        for row in plan.stay.tolist():
            now = plan.labels[row]
            if now is not None and now != given[row]:
                self._labels[int(numbers[row])] = now
        self._tags = self._all_tags()
        self._refused: dict[int, str] = {}
        wanted = sorted(set(self._labels.values()))
        self._writers: dict[str, Rewriter] = {
            "csv": CsvRewriter(self._origin, self._label, formulas),
            "json": JsonRewriter(self._origin, self._label),
            "parquet": ArrowRewriter(self._origin, self._label, wanted),
            "lines": LinesRewriter(str(self._origin.get("encoding") or "utf-8")),
        }

    def _all_tags(self) -> dict[int, list[str]] | None:
        if TAGS not in self._plan.columns.column_names:
            return None
        column = self._plan.columns.column(TAGS).take(self._plan.stay).to_pylist()
        found = {int(number): list(tags) for number, tags in zip(self._numbers, column, strict=True) if tags}
        return found or None

    def run(self) -> dict[str, Any]:
        """Write every file; tell what was done."""
        dataset = self._plan.dataset
        source = Path(dataset.source)
        base = source if source.is_dir() else source.parent
        tree, files, start = Tree(), {}, 0
        entries = list(self._origin.get("files") or [{"file": dataset.source, "rows": int(self._numbers.max()) + 1}])
        total = max(sum(int(entry["rows"]) for entry in entries), 1)
        for entry in entries:
            path, count = Path(entry["file"]), int(entry["rows"])
            place = tree.file(os.fspath(path.relative_to(base)) if path.is_relative_to(base) else path.name)
            out = self._target / place
            out.parent.mkdir(parents=True, exist_ok=True)
            self._one(path, out, start, count, total)
            files[place] = sha256_of(out)
            start += count
        self._progress(1.0, "table written")
        return self._told(files)

    def _one(self, path: Path, out: Path, start: int, count: int, total: int) -> None:
        order = self._order_of(start, count)

        def refuse(row: int, reason: str) -> None:
            self._refused[start + row] = reason

        def step(row: int) -> None:
            self._progress((start + row) / total, f"writing rows: {start + row:,} of {total:,}")

        if not path.is_file():
            raise ExportError(f"{path} is not there any more", "look whether the data set was moved")
        try:
            found = self._writer(path).rewrite(path, out, order, refuse, step)
        except (BrokenJson, UnicodeError) as error:
            raise ExportError(f"{path} cannot be read any more: {error}", "look whether it is whole") from None
        except pa.ArrowException as error:
            words = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise ExportError(f"{path} cannot be written again: {words}", "choose the format parquet or jsonl") from None
        # How many lines a file of texts had is not known.
        if found < count or (found > count and "files" in self._origin):
            raise ExportError(f"{path} has {found:,} rows, and had {count:,} when it was read", "open it again, then export")

    def _writer(self, path: Path) -> Rewriter:
        with path.open("rb") as stream:
            head = stream.read(8)
        if head.startswith((b"PAR1", b"ARROW1")) or self._origin["format"] in ("parquet", "arrow"):
            return self._writers["parquet"]
        return self._writers[str(self._origin["format"])]

    def _order_of(self, start: int, count: int) -> Order:
        """Give what is to be done to the rows from ``start`` on, numbered from 0."""
        keep = np.zeros(count, dtype=bool)
        first, last = np.searchsorted(self._numbers[self._order], (start, start + count))
        inside = self._numbers[self._order][first:last] - start
        keep[inside] = True
        labels = {row - start: label for row, label in self._labels.items() if start <= row < start + count}
        tags = self._tags
        return Order(
            keep=keep,
            labels=labels,
            tags=None if tags is None else {row - start: tags[row] for row in tags if start <= row < start + count},
        )

    def _told(self, files: dict[str, str]) -> dict[str, Any]:
        dataset = self._plan.dataset
        told: dict[str, Any] = {"rows_out": len(self._plan.stay), "files": files, "notes": []}
        for writer in self._writers.values():
            more = writer.told()
            told["notes"] += more.pop("notes", [])
            told |= more
        if self._label.added:
            told["added_classes"] = dict(self._label.added)
        if has_media(dataset) and self._by_path():
            told["notes"].append(
                f"pictures are named by paths and were not copied; paths that are relative begin at {dataset.root}"
            )
        ids = dataset.ids
        numbers = dataset.rows.column("row").to_pylist()
        rows = {number: row for row, number in enumerate(numbers)}
        told["not_relabeled"] = [
            {"id": ids[rows[number]], "to": self._labels[number], "reason": reason}
            for number, reason in sorted(self._refused.items())
        ]
        return told

    def _by_path(self) -> bool:
        """Tell whether pictures lie in files of their own, not in the table."""
        media = self._plan.dataset.media
        return "offset" not in media.column_names or bool((media.column("offset").to_numpy() < 0).any())


__all__ = ["TableExporter"]
