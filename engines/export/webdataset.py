"""Export as WebDataset: tar files per split, one sample after the other, for training that streams."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, ClassVar, Self

from engines.artifacts import Dataset
from engines.export.guard import sha256_of
from engines.export.ledger import Ledger, known_content
from engines.export.media import HEAD, file_name, has_media, no_media, suffix_of
from engines.export.names import NameBook, safe_name, split_suffix
from engines.export.plan import plain
from engines.export.splits import by_split
from engines.parameters import Doc, Range, engine
from engines.protocols import ExportRow, Progress

CLASSES = "classes.json"
PLAIN_SUFFIXES = frozenset({"cls", "json", "txt"})
"""Suffixes of what is written beside the media."""


@engine
class WebDatasetExporter:
    """Write ``<split>-000000.tar`` and so on: per sample the media (``key.jpg``), ``key.cls``, the number of its class, and ``key.json``.

    ``key.json`` holds id, label, split and the columns; ``classes.json`` names the classes in the order of their numbers; a sample without
    a label has no ``.cls``. A text is ``key.txt``. Keys are ids without their suffix, safe for every system and unique over all files; the
    same rows always give the same bytes.
    """

    suffix: ClassVar[str] = ".tar"
    with_findings: ClassVar[bool] = False
    shard_mb: Annotated[int, Range(1, 100_000), Doc("megabytes of a tar file before the next one begins")] = 1000
    shard_rows: Annotated[int, Range(1), Doc("samples of a tar file before the next one begins")] = 10_000

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Refuse what has neither files nor texts."""
        return "" if dataset.kind == "texts" or has_media(dataset) else no_media(dataset)

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write the tar files, one at a time."""
        splits = by_split(rows)
        numbers = {name: number for number, name in enumerate(splits.classes)}
        ledger, keys = Ledger(), _Keys(numbers)
        progress(0.0, "writing files")
        for _, name, part in splits.parts:
            with _Tars(target, name, self.shard_mb << 20, self.shard_rows) as tars:
                for row in part:
                    _one(row, known_content(part, row), keys, tars, ledger)
                    done = ledger.rows + len(ledger.missing)
                    if done % 20 == 0:
                        progress(done / splits.total, f"writing files: {done:,} of {splits.total:,}")
            ledger.files |= {path.name: sha256_of(path) for path in tars.paths}
        if numbers:
            text = json.dumps(list(numbers), ensure_ascii=False, indent=1) + "\n"
            (target / CLASSES).write_text(text, encoding="utf-8", newline="\n")
            ledger.files[CLASSES] = sha256_of(target / CLASSES)
        progress(1.0, "files written")
        return ledger.told() | {"splits": splits.told}


class _Keys:
    """Keys of samples: what stands before the first dot of a name, so none may hold one in its last part; numbers of classes."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.numbers = numbers
        self._book = NameBook()
        self._folders: dict[str, str] = {"": ""}

    def take(self, row_id: str, suffix: str) -> str:
        """Give a key like an id."""
        folder, _, name = row_id.rpartition("/")
        stem, tail = split_suffix(name)
        wanted = stem if tail.lower() == suffix.lower() else name
        place = self._folder(folder)
        key = self._book.take(place, _part(wanted))
        return f"{place}/{key}" if place else key

    def _folder(self, folder: str) -> str:
        if folder not in self._folders:
            above, _, name = folder.rpartition("/")
            place = self._folder(above)
            safe = self._book.take(place, _part(name))
            self._folders[folder] = f"{place}/{safe}" if place else safe
        return self._folders[folder]


def _part(name: str) -> str:
    """Give a part of a key: without dots, and not with two underscores in front, which mark what readers pass over."""
    plain_name = safe_name(name).replace(".", "_")
    return "_" + plain_name.lstrip("_") if plain_name.startswith("__") else plain_name


class _Tars:
    """The tar files of one split, one after the other; nothing in them tells when or by whom they were made."""

    def __init__(self, folder: Path, name: str, limit: int, limit_rows: int) -> None:
        self._folder, self._name, self._limit, self._limit_rows = folder, name, limit, limit_rows
        self._tar: tarfile.TarFile | None = None
        self._rows = 0
        self.paths: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def add(self, members: Mapping[str, bytes]) -> None:
        """Write the members of one sample behind one another."""
        size = sum(len(raw) + 1024 for raw in members.values())
        if self._tar is not None and (self._rows >= self._limit_rows or self._tar.offset + size > self._limit):
            self._close()
        if self._tar is None:
            path = self._folder / f"{self._name}-{len(self.paths):06d}.tar"
            self._tar = tarfile.open(path, "x", format=tarfile.PAX_FORMAT)  # noqa: SIM115 closed when full or at the end
            self.paths.append(path)
            self._rows = 0
        for name, raw in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(raw), 0o644, 0
            self._tar.addfile(member, io.BytesIO(raw))
        self._rows += 1
        # The list of members is for readers; it would grow with the file.
        self._tar.members.clear()  # type: ignore[attr-defined]

    def _close(self) -> None:
        if self._tar is not None:
            self._tar.close()
            self._tar = None


def _one(row: ExportRow, known: str | None, keys: _Keys, tars: _Tars, ledger: Ledger) -> None:
    raw = ledger.take(row, known)
    if raw is None:
        return
    original = file_name(row, raw[:HEAD])
    suffix = split_suffix(original)[1] or suffix_of(raw[:HEAD])
    key = keys.take(row.id, suffix)
    kind = suffix.lower().removeprefix(".")
    if kind in PLAIN_SUFFIXES and row.text is None:
        kind = "bin"
    record: dict[str, Any] = {"id": row.id, "label": row.label, "split": row.split, "file_name": original}
    record |= {name: plain(value) for name, value in row.columns.items() if name not in record}
    members = {f"{key}.{kind}": raw}
    if row.label is not None:
        members[f"{key}.cls"] = str(keys.numbers[row.label]).encode()
    members[f"{key}.json"] = json.dumps(record, ensure_ascii=True).encode()
    tars.add(members)
    ledger.rows += 1


__all__ = ["WebDatasetExporter"]
