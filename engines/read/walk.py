"""Walk a folder once, by raw bytes, without opening a picture."""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.media import Unreadable, media_table
from engines.protocols import Progress
from engines.read.listing import NO_FILE, Found, Listing
from engines.read.names import escape

REPORT = 4096


class FolderContents:
    """Files of the disk: paths below ``root``, or absolute ones; remembers what the file system says about each."""

    def __init__(self, root: Path) -> None:
        self.root = os.fspath(root)
        self.identity = f"folder {self.root}"
        # Plain numbers, since there may be a million files; an inode may need all 64 bits.
        self._stats = array("Q")

    def add(self, path: bytes, info: os.stat_result) -> Found:
        """Remember a file."""
        number = len(self._stats) // 2
        self._stats.extend((info.st_mtime_ns % (1 << 64), info.st_ino))
        return Found(path, info.st_size, number)

    def full(self, path: bytes) -> Path:
        """Give the real path of something below the root."""
        return Path(self.root) / os.fsdecode(path)

    def read(self, found: Found, limit: int) -> bytes:
        """Give the first bytes of a file; see ``Contents``."""
        try:
            with self.full(found.path).open("rb", buffering=0) as handle:
                pieces = []
                while limit > 0 and (piece := handle.read(min(limit, 1 << 26))):
                    pieces.append(piece)
                    limit -= len(piece)
                return b"".join(pieces)
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror or error}") from None

    def media(self, files: Sequence[Found]) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        """Tell where the files lie; see ``Contents``."""
        numbers = np.array([found.number for found in files], dtype=np.int64)
        told = (
            np.frombuffer(self._stats, dtype=np.uint64).reshape(-1, 2)[numbers] if len(files) else np.empty((0, 2), np.uint64)
        )
        stats = np.empty((len(files), 3), dtype=np.int64)
        stats[:, 0] = [found.size for found in files]
        stats[:, 1:] = told.astype(np.int64)
        return media_table(pa.array([found.path for found in files], pa.binary())), stats


def list_folder(root: Path, progress: Progress) -> Listing:
    """List everything below a folder; links are followed, each folder is entered once."""
    walk = _Walk(root.resolve())
    walk.run(progress)
    return walk.listing


class _Walk:
    """A walk under way."""

    def __init__(self, root: Path) -> None:
        self._contents = FolderContents(root)
        self.listing = Listing(self._contents)
        self._visited: set[tuple[int, int]] = set()
        self._linked: list[bytes] = []

    def run(self, progress: Progress) -> None:
        """Walk the real tree first and linked folders after it, so that a loop or a second link never hides the real place."""
        waiting = [b""]
        while waiting or self._linked:
            if not waiting:
                self._linked.sort(reverse=True)
                waiting.append(self._linked.pop())
            folder = waiting.pop()
            if self._enter(folder):
                waiting.extend(sorted(self._read_folder(folder, progress), reverse=True))
            progress(0.5, f"reading the folder · {len(self.listing.pictures):,} pictures found")
        self.listing.finish()

    def _enter(self, folder: bytes) -> bool:
        """Tell whether a folder is seen for the first time."""
        try:
            info = self._contents.full(folder).stat()
        except OSError as error:
            self.listing.rejects.add(escape(folder), f"folder cannot be read: {error.strerror or error}")
            return False
        identity = (info.st_dev, info.st_ino)
        if identity in self._visited:
            self.listing.counts["repeated_folders"] += 1
            return False
        self._visited.add(identity)
        if folder:
            self.listing.folders.add(folder)
        return True

    def _read_folder(self, folder: bytes, progress: Progress) -> list[bytes]:
        """Sort the entries of a folder into files and folders; give the real folders below it."""
        below: list[bytes] = []
        try:
            with os.scandir(os.fsencode(self._contents.full(folder))) as entries:
                listed = list(entries)
        except OSError as error:
            self.listing.rejects.add(escape(folder) or ".", f"folder cannot be read: {error.strerror or error}")
            return below
        for number, entry in enumerate(listed, start=1):
            if number % REPORT == 0:
                progress(0.5, f"reading the folder · {len(self.listing.pictures):,} pictures found")
            path = folder + b"/" + entry.name if folder else entry.name
            if not self.listing.skim(path):
                self._sort_entry(entry, path, below)
        return below

    def _sort_entry(self, entry: os.DirEntry[bytes], path: bytes, below: list[bytes]) -> None:
        try:
            info = entry.stat()
        except OSError as error:
            if entry.is_symlink():
                self.listing.counts["broken_links"] += 1
            else:
                self.listing.rejects.add(escape(path), f"cannot be read: {error.strerror or error}")
            return
        if stat.S_ISDIR(info.st_mode):
            (self._linked if entry.is_symlink() else below).append(path)
        elif not stat.S_ISREG(info.st_mode):
            self.listing.rejects.add(escape(path), NO_FILE)
        else:
            self.listing.file(self._contents.add(path, info))


__all__ = ["FolderContents", "list_folder"]
