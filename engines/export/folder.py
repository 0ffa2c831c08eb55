"""Export pictures as a folder per split and class, with their columns in one table beside them."""

from __future__ import annotations

import csv
import json
import operator
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from engines.artifacts import Dataset
from engines.errors import ExportError
from engines.export.copying import HARD_LINKS, Link, put, require_linkable
from engines.export.guard import cell, needs_guard, sha256_of
from engines.export.ledger import Ledger, known_content
from engines.export.media import HEAD, Missing, file_name, no_media, opened
from engines.export.names import NameBook
from engines.export.plan import Rows, plain
from engines.parameters import Doc, engine
from engines.protocols import ExportRow, Progress

NO_LABEL = "_unlabeled"
NO_SPLIT = "_no_split"
TABLE = "metadata"
KEPT_NAMES = ("metadata.csv", "metadata.jsonl", "decisions.jsonl", "export.json")


@engine
class FolderExporter:
    """Write ``split/label/name`` (each level only where the data set has it) and ``metadata.csv`` with the columns of each file.

    Names are made safe for every system; ``metadata.csv`` holds the true labels. Where a text of the table starts like a formula of a
    spreadsheet, ``metadata.jsonl`` is written in its place, so that nothing has to be changed. Texts that came as files of their own
    become files again. Members of containers become files.
    """

    suffix: ClassVar[str] = ""
    with_findings: ClassVar[bool] = False
    link: Annotated[
        Link,
        Doc("copy the files, or link to them: a hard link shares the bytes on one disk, a symlink points to the original"),
    ] = "copy"

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Refuse what has no files."""
        if dataset.kind == "texts" and dataset.rows.column("path").null_count < len(dataset):
            return ""
        return no_media(dataset)

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write the tree; a file that has gone or cannot be read is listed in ``missing``, one that changed in ``changed``.

        Raises:
            ExportError: when rows have no files, or links cannot be made there.
        """
        if not isinstance(rows, Rows):
            known = list(rows)
            has_labels, has_splits = (any(getattr(row, name) is not None for row in known) for name in ("label", "split"))
            rows = iter(known)
        else:
            has_labels, has_splits = rows.has_labels, rows.has_splits
        work = _Work(target, self.link, has_labels=has_labels, has_splits=has_splits)
        total = operator.length_hint(rows)
        progress(0.0, "writing files")
        with (target / f"{TABLE}.jsonl").open("w", encoding="utf-8", newline="\n") as table:
            for number, row in enumerate(rows):
                if number % 20 == 0:
                    progress(number / max(total, number + 1), f"writing files: {number:,} of {total:,}")
                record = work.one(row, known_content(rows, row))
                if record is not None:
                    table.write(json.dumps(record, ensure_ascii=False) + "\n")
        told = work.finish()
        progress(1.0, "files written")
        return told


class _Work:
    """One export under way: which names are taken, what was written."""

    def __init__(self, target: Path, link: Link, *, has_labels: bool, has_splits: bool) -> None:
        self._target = target
        self._link = link
        self._has_labels = has_labels
        self._has_splits = has_splits
        self._ledger = Ledger()
        self._book = NameBook()
        for name in KEPT_NAMES:
            self._book.reserve("", name)
        self._folders: dict[tuple[str | None, str | None], str] = {}
        self._split_folders: dict[str | None, str] = {}
        self._columns: dict[str, None] = {}
        self._harmless = True

    def one(self, row: ExportRow, content: str | None) -> dict[str, Any] | None:
        """Write the file of a row; give its line of the table, or None where the file is missing."""
        if row.file is None and row.read is None and row.text is None:
            raise ExportError(f"the row {row.id!r:.80} has no file to export", "choose the format csv, parquet or jsonl")
        require_linkable(row, self._link)
        try:
            with opened(row) as source:
                folder = self._folder(row)
                original = file_name(row, b"" if row.file is not None else source.read(HEAD))
                if row.file is None:
                    source.seek(0)
                name = self._book.take(folder, original)
                path = f"{folder}/{name}" if folder else name
                sums = put(source, row, self._target / path, self._link)
        except Missing as error:
            self._ledger.lacks(row.id, str(error))
            return None
        self._ledger.files[path] = sums.sha256
        self._ledger.compare(row.id, content, sums.content)
        if name != original:
            self._ledger.renamed[row.id] = path
        record: dict[str, Any] = {"file_name": path, "id": row.id}
        record |= ({"label": row.label} if self._has_labels else {}) | ({"split": row.split} if self._has_splits else {})
        record |= {key: plain(value) for key, value in row.columns.items() if key not in record}
        self._see(record)
        return record

    def finish(self) -> dict[str, Any]:
        """Turn the table into CSV where nothing in it could be taken for a formula; tell what was done."""
        ledger = self._ledger
        name = f"{TABLE}.jsonl"
        if self._harmless:
            name = f"{TABLE}.csv"
            _to_csv(self._target / f"{TABLE}.jsonl", self._target / name, list(self._columns))
        ledger.rows = len(ledger.files)
        ledger.files[name] = sha256_of(self._target / name)
        if self._link == "hardlink":
            ledger.notes.append(HARD_LINKS)
        folders = [
            {"folder": folder, "split": split, "label": label} for (split, label), folder in self._folders.items() if folder
        ]
        return ledger.told() | {"folders": folders, "table": name}

    def _folder(self, row: ExportRow) -> str:
        key = (row.split if self._has_splits else None, row.label if self._has_labels else None)
        if key not in self._folders:
            split = self._split_folder(row.split) if self._has_splits else ""
            label = self._book.take(split, row.label or NO_LABEL) if self._has_labels else ""
            folder = "/".join(part for part in (split, label) if part)
            (self._target / folder).mkdir(parents=True, exist_ok=True)
            self._folders[key] = folder
        return self._folders[key]

    def _split_folder(self, split: str | None) -> str:
        if split not in self._split_folders:
            self._split_folders[split] = self._book.take("", split or NO_SPLIT)
        return self._split_folders[split]

    def _see(self, record: Mapping[str, Any]) -> None:
        """Notice what would not survive in a CSV table."""
        for column, value in record.items():
            if column not in self._columns:
                self._columns[column] = None
                self._harmless = self._harmless and not needs_guard(column) and not set(column) & set(";\t\r\n")
            if isinstance(value, str) and self._harmless and needs_guard(value):
                self._harmless = False


def _to_csv(lines: Path, table: Path, columns: list[str]) -> None:
    """Write the lines as CSV and remove them."""
    with lines.open(encoding="utf-8", newline="\n") as source, table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(columns)
        for line in source:
            record = json.loads(line)
            writer.writerow([cell(record.get(column)) for column in columns])
    lines.unlink()


__all__ = ["NO_LABEL", "NO_SPLIT", "FolderExporter"]
