"""Export pictures as a folder per split and class, with their columns in one table beside them."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import operator
import os
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Annotated, Any, ClassVar, Literal

from engines.errors import ExportError
from engines.export.guard import cell, needs_guard, sha256_of
from engines.export.names import NameBook
from engines.export.plan import Rows, plain
from engines.parameters import Doc, engine
from engines.protocols import ExportRow, Progress

NO_LABEL = "_unlabeled"
NO_SPLIT = "_no_split"
TABLE = "metadata"
KEPT_NAMES = ("metadata.csv", "metadata.jsonl", "decisions.jsonl", "export.json")
CHUNK = 1 << 20


@engine
class FolderExporter:
    """Write ``split/label/name`` (each level only where the data set has it) and ``metadata.csv`` with the columns of each file.

    Names are made safe for every system; ``metadata.csv`` holds the true labels. Where a text of the table starts like a formula of a
    spreadsheet, ``metadata.jsonl`` is written in its place, so that nothing has to be changed.
    """

    suffix: ClassVar[str] = ""
    link: Annotated[
        Literal["copy", "hardlink", "symlink"],
        Doc("copy the files, or link to them: a hard link shares the bytes on one disk, a symlink points to the original"),
    ] = "copy"

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
                record = work.one(row, rows.contents.get(row.id) if isinstance(rows, Rows) else None)
                if record is not None:
                    table.write(json.dumps(record, ensure_ascii=False) + "\n")
        told = work.finish()
        progress(1.0, "files written")
        return told


class _Unreadable(Exception):
    """A source file that has gone or cannot be read."""


class _Work:
    """One export under way: which names are taken, what was written, what was missing."""

    def __init__(self, target: Path, link: str, *, has_labels: bool, has_splits: bool) -> None:
        self._target = target
        self._link = link
        self._has_labels = has_labels
        self._has_splits = has_splits
        self._book = NameBook()
        for name in KEPT_NAMES:
            self._book.reserve("", name)
        self._folders: dict[tuple[str | None, str | None], str] = {}
        self._split_folders: dict[str | None, str] = {}
        self._columns: dict[str, None] = {}
        self._harmless = True
        self._files: dict[str, str] = {}
        self._renamed: dict[str, str] = {}
        self._missing: list[dict[str, str]] = []
        self._changed: list[str] = []

    def one(self, row: ExportRow, content: str | None) -> dict[str, Any] | None:
        """Write the file of a row; give its line of the table, or None where the file is missing."""
        if row.file is None:
            raise ExportError(f"the row {row.id!r:.80} has no file to export", "choose the format csv, parquet or jsonl")
        original = os.fsdecode(os.path.basename(row.file))  # noqa: PTH119 a path of bytes
        try:
            with _open(row.file) as source:
                folder = self._folder(row)
                name = self._book.take(folder, original)
                path = f"{folder}/{name}" if folder else name
                sha, found = self._put(source, row.file, self._target / path)
        except _Unreadable as error:
            self._missing.append({"id": row.id, "reason": str(error)})
            return None
        self._files[path] = sha
        if content and content != found:
            self._changed.append(row.id)
        if name != original:
            self._renamed[row.id] = path
        record: dict[str, Any] = {"file_name": path, "id": row.id}
        record |= ({"label": row.label} if self._has_labels else {}) | ({"split": row.split} if self._has_splits else {})
        record |= {key: plain(value) for key, value in row.columns.items() if key not in record}
        self._see(record)
        return record

    def finish(self) -> dict[str, Any]:
        """Turn the table into CSV where nothing in it could be taken for a formula; tell what was done."""
        name = f"{TABLE}.jsonl"
        if self._harmless:
            name = f"{TABLE}.csv"
            _to_csv(self._target / f"{TABLE}.jsonl", self._target / name, list(self._columns))
        written = len(self._files)
        self._files[name] = sha256_of(self._target / name)
        told: dict[str, Any] = {
            "rows_out": written,
            "files": self._files,
            "renamed_files": self._renamed,
            "folders": [
                {"folder": folder, "split": split, "label": label} for (split, label), folder in self._folders.items() if folder
            ],
            "missing": self._missing,
            "changed": self._changed,
            "table": name,
        }
        if self._link == "hardlink":
            told["notes"] = ["the files are hard links: who changes one changes the file of the data set too"]
        return told

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

    def _put(self, source: IO[bytes], file: bytes, place: Path) -> tuple[str, str]:
        """Copy or link one file; give its SHA-256 and its content hash (BLAKE2b, 128 bits, as everywhere in this project)."""
        hashes = hashlib.sha256(), hashlib.blake2b(digest_size=16)
        with place.open("xb") if self._link == "copy" else nullcontext() as copy:
            try:
                for chunk in _chunks(source):
                    for state in hashes:
                        state.update(chunk)
                    if copy is not None:
                        copy.write(chunk)
            except _Unreadable:
                place.unlink(missing_ok=True)
                raise
        if self._link == "copy":
            stat = os.fstat(source.fileno())
            os.utime(place, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        else:
            _make_link(self._link, file, place)
        return hashes[0].hexdigest(), hashes[1].hexdigest()

    def _see(self, record: Mapping[str, Any]) -> None:
        """Notice what would not survive in a CSV table."""
        for column, value in record.items():
            if column not in self._columns:
                self._columns[column] = None
                self._harmless = self._harmless and not needs_guard(column) and not set(column) & set(";\t\r\n")
            if isinstance(value, str) and self._harmless and needs_guard(value):
                self._harmless = False


def _open(file: bytes) -> IO[bytes]:
    try:
        return open(file, "rb")  # noqa: PTH123 a path of bytes
    except FileNotFoundError:
        raise _Unreadable("the file is not there any more") from None
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            raise
        raise _Unreadable(f"the file cannot be read: {error.strerror or error}") from error


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    """Read a file in pieces; tell a source that fails from a target that does."""
    while True:
        try:
            chunk = source.read(CHUNK)
        except OSError as error:
            raise _Unreadable(f"the file cannot be read: {error.strerror or error}") from error
        if not chunk:
            return
        yield chunk


def _make_link(link: str, file: bytes, place: Path) -> None:
    try:
        if link == "hardlink":
            os.link(os.path.realpath(file), place)
        else:
            place.symlink_to(os.fsdecode(os.path.abspath(file)))  # noqa: PTH100 a path of bytes
    except OSError as error:
        name = os.fsdecode(file).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        words = "lies on another disk" if error.errno == errno.EXDEV else error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ExportError(f"cannot make a {link} to {name}: {words}", "copy the files instead (--link copy)") from error


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
