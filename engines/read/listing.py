"""Sort what lies in a folder or an archive, by names alone: pictures, tables beside them, junk, and what is neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.media import Unreadable
from engines.read.names import (
    MAGIC_LENGTH,
    OTHER_SUFFIXES,
    PICTURE_SUFFIXES,
    escape,
    is_junk,
    looks_like_picture,
    suffix_of,
)
from engines.read.rejects import Rejects

RECORDS = (b"export.json", b"decisions.jsonl")
"""What an export of ours leaves beside the pictures; no data when it is opened again."""
METADATA = (b"metadata.csv", b"metadata.jsonl", b"metadata.parquet")
NO_FILE = "not a regular file (a pipe, socket or device)"


class Found(NamedTuple):
    """A file that was found: its path below the root, its size in bytes, and its number in what holds it."""

    path: bytes
    size: int
    number: int


class Contents(Protocol):
    """What holds the files of a listing: a folder of the disk, or an archive.

    ``root``: what paths are relative to, a folder or the archive itself. ``identity``: tells it from others of its kind, for keys.
    """

    root: str
    identity: str

    def read(self, found: Found, limit: int) -> bytes:
        """Give at most the first ``limit`` bytes of a file.

        Raises:
            Unreadable: when they cannot be read.
        """
        ...

    def media(self, files: Sequence[Found]) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        """Tell where the bytes of these files lie: ``Dataset.media`` and ``Dataset.stats``."""
        ...


@dataclass
class Listing:
    """What lies below a root. ``skim`` and ``file`` sort one entry each, whatever holds it; ``finish`` counts empty folders.

    ``pictures``: candidates, none of which was opened, but for files of unknown suffix. ``tables``: metadata beside pictures.
    """

    contents: Contents
    pictures: list[Found] = field(default_factory=list)
    tables: list[Found] = field(default_factory=list)
    folders: set[bytes] = field(default_factory=set)
    suffixes: Counter[str] = field(default_factory=Counter)
    rejects: Rejects = field(default_factory=Rejects)
    counts: Counter[str] = field(default_factory=Counter)

    def skim(self, path: bytes) -> bool:
        """Tell whether an entry is passed over by its name: records of our own exports, junk, hidden files; each is counted."""
        passed = passed_over(path)
        if passed:
            self.counts[passed] += 1
        return bool(passed)

    def file(self, found: Found) -> None:
        """Sort a regular file."""
        name = found.path.rpartition(b"/")[2]
        suffix = suffix_of(name)
        if name.lower() in METADATA:
            self.tables.append(found)
            return
        self.suffixes[suffix or "no suffix"] += 1
        if found.size == 0:
            self.rejects.add(escape(found.path), "empty file (zero bytes)")
        elif suffix in PICTURE_SUFFIXES:
            self.pictures.append(found)
        elif suffix in OTHER_SUFFIXES:
            self.rejects.add(escape(found.path), f"not a picture: a {suffix} file")
        else:
            self._sniff(found)

    def _sniff(self, found: Found) -> None:
        """Decide about a file of unknown suffix by its first bytes."""
        try:
            head = self.contents.read(found, MAGIC_LENGTH)
        except Unreadable as error:
            self.rejects.add(escape(found.path), str(error))
            return
        if looks_like_picture(head):
            self.pictures.append(found)
        else:
            self.rejects.add(escape(found.path), "not a picture: neither its name nor its first bytes are those of one")

    def finish(self) -> None:
        """Count the folders that hold no picture, not even in a folder of theirs."""
        filled: set[bytes] = set()
        for picture in self.pictures:
            folder = picture.path.rpartition(b"/")[0]
            while folder in self.folders and folder not in filled:
                filled.add(folder)
                folder = folder.rpartition(b"/")[0]
        empty = len(self.folders - filled)
        if empty:
            self.counts["empty_folders"] = empty


def passed_over(path: bytes) -> str:
    """Tell under which name an entry is counted that is no data by its name; empty for all others."""
    name = path.rpartition(b"/")[2]
    if path in RECORDS:
        return "export_records"
    if is_junk(name):
        return "junk_files"
    return "hidden_files" if name.startswith(b".") and name != b".." else ""


__all__ = ["METADATA", "NO_FILE", "RECORDS", "Contents", "Found", "Listing", "passed_over"]
