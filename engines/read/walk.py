"""Walk a folder once, by raw bytes, without opening a picture."""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from engines.protocols import Progress
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


class FileStat(NamedTuple):
    """A candidate for a picture: its path below the root, and what the file system says about it."""

    path: bytes
    size: int
    mtime_ns: int
    inode: int


@dataclass
class Walk:
    """What lies below a folder."""

    root: Path
    pictures: list[FileStat] = field(default_factory=list)
    metadata: list[bytes] = field(default_factory=list)
    folders: set[bytes] = field(default_factory=set)
    suffixes: Counter[str] = field(default_factory=Counter)
    rejects: Rejects = field(default_factory=Rejects)
    counts: Counter[str] = field(default_factory=Counter)
    _visited: set[tuple[int, int]] = field(default_factory=set)
    _linked: list[bytes] = field(default_factory=list)

    def run(self, progress: Progress) -> None:
        """Walk the real tree first and linked folders after it, so that a loop or a second link never hides the real place."""
        waiting = [b""]
        while waiting or self._linked:
            if not waiting:
                self._linked.sort(reverse=True)
                waiting.append(self._linked.pop())
            folder = waiting.pop()
            if self._enter(folder):
                waiting.extend(sorted(self._read_folder(folder), reverse=True))
            progress(0.5, f"reading the folder · {len(self.pictures):,} pictures found")
        with_pictures = {folder for picture in self.pictures for folder in _parents(picture.path)}
        empty = len(self.folders - with_pictures)
        if empty:
            self.counts["empty_folders"] = empty

    def full(self, relative: bytes) -> Path:
        """Give the real path of something below the root."""
        return self.root / os.fsdecode(relative)

    def _enter(self, folder: bytes) -> bool:
        """Tell whether a folder is seen for the first time."""
        try:
            info = self.full(folder).stat()
        except OSError as error:
            self.rejects.add(escape(folder), f"folder cannot be read: {error.strerror or error}")
            return False
        identity = (info.st_dev, info.st_ino)
        if identity in self._visited:
            self.counts["repeated_folders"] += 1
            return False
        self._visited.add(identity)
        if folder:
            self.folders.add(folder)
        return True

    def _read_folder(self, folder: bytes) -> list[bytes]:
        """Sort the entries of a folder into files and folders; give the real folders below it."""
        below: list[bytes] = []
        try:
            with os.scandir(os.fsencode(self.full(folder))) as entries:
                listed = list(entries)
        except OSError as error:
            self.rejects.add(escape(folder) or ".", f"folder cannot be read: {error.strerror or error}")
            return below
        for entry in listed:
            path = folder + b"/" + entry.name if folder else entry.name
            if path in RECORDS:
                self.counts["export_records"] += 1
            elif is_junk(entry.name):
                self.counts["junk_files"] += 1
            elif entry.name.startswith(b"."):
                self.counts["hidden_files"] += 1
            else:
                self._sort_entry(entry, path, below)
        return below

    def _sort_entry(self, entry: os.DirEntry[bytes], path: bytes, below: list[bytes]) -> None:
        try:
            info = entry.stat()
        except OSError as error:
            if entry.is_symlink():
                self.counts["broken_links"] += 1
            else:
                self.rejects.add(escape(path), f"cannot be read: {error.strerror or error}")
            return
        if stat.S_ISDIR(info.st_mode):
            (self._linked if entry.is_symlink() else below).append(path)
        elif not stat.S_ISREG(info.st_mode):
            self.rejects.add(escape(path), "not a regular file (a pipe, socket or device)")
        else:
            self._sort_file(entry.name, FileStat(path, info.st_size, info.st_mtime_ns, info.st_ino))

    def _sort_file(self, name: bytes, found: FileStat) -> None:
        suffix = suffix_of(name)
        if name.lower() in METADATA:
            self.metadata.append(found.path)
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

    def _sniff(self, found: FileStat) -> None:
        """Decide about a file of unknown suffix by its first bytes."""
        try:
            with self.full(found.path).open("rb", buffering=0) as handle:
                head = handle.read(MAGIC_LENGTH)
        except OSError as error:
            self.rejects.add(escape(found.path), f"cannot be read: {error.strerror or error}")
            return
        if looks_like_picture(head):
            self.pictures.append(found)
        else:
            self.rejects.add(escape(found.path), "not a picture: neither its name nor its first bytes are those of one")


def _parents(path: bytes) -> list[bytes]:
    """List the folders above a path, without the root."""
    found = []
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        found.append(path)
    return found
