"""Read a zip or tar of a folder as the folder itself would be read, without unpacking it."""

from __future__ import annotations

import os
import posixpath
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.errors import SourceError
from engines.media import Place, Unreadable, media_table, read_place
from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions, part
from engines.read.layout import SPLITS
from engines.read.listing import METADATA, Found, Listing, passed_over
from engines.read.members import BAD, FILE, FOLDER, HARD_LINK, Members, clean_name, indexed
from engines.read.names import PICTURE_SUFFIXES, escape, suffix_of
from engines.read.pictures import picture_dataset
from engines.read.tar_index import Read, scan_tar
from engines.read.unpack import compression, unpacked
from engines.read.zip_index import overlapping, scan_zip

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst")
LINKS = 40
FOLDERS = 200_000
"""So many folders are remembered; those of an archive that has more are looked at anew for each member."""
REPORT = 20_000


@engine
class ArchiveReader:
    """Read ``.zip``, ``.tar`` and compressed tar files of a folder: rows, ids and rejects are those that the folder would give.

    Ids are the paths of the members. Where all pictures and tables lie below one folder at the top (``photos.zip`` that holds
    ``photos/...``), it stands for the archive itself: ids and labels begin below it, as if that folder were opened, and ``origin`` keeps
    its name as ``below``. A folder called like a split is no such wrapping. Members are read in place; only a compressed tar file is
    unpacked, once, into ``scratch``. The last member of a name counts.
    """

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take files by their suffix."""
        return source.name.lower().endswith(SUFFIXES) and source.is_file()

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:
        """Read the rows; see ``Reader``."""
        container, members, form = open_archive(source.resolve(), scratch=scratch, progress=part(progress, 0.0, 0.8))
        listing, below = list_archive(source.resolve(), container, members, part(progress, 0.8, 1.0))
        origin = {"reader": "archive", "format": form, **({"below": escape(below)} if below else {})}
        return Reading(dataset=picture_dataset(source, listing, options, origin))


def open_archive(
    source: Path,
    *,
    scratch: Path,
    progress: Progress,
    variant: str = "members",
    keep: Callable[[bytes], bool] = lambda _: False,
) -> tuple[Path, Members, str]:
    """Find the members of an archive: the file in which they lie uncompressed, what they are, and its format in a word.

    ``keep`` and ``variant``: see ``scan_tar``; an index under another name for members whose bytes come along.

    Raises:
        SourceError: when it is no archive, or broken from its beginning on.
        EnvironmentFault: when ``scratch`` cannot be written.
    """
    try:
        with source.open("rb") as handle:
            head = handle.read(8)
        form, note, container = compression(head), "", source
        if form is not None:
            container, note = unpacked(source, form, scratch=scratch, progress=part(progress, 0.0, 0.7))
        size = container.stat().st_size
        with _reading(container) as read:
            if head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or (form is None and source.name.lower().endswith(".zip")):
                form, scan = "zip", partial(scan_zip, read, size, name=source.name)
            else:
                form = f"tar.{form}" if form else "tar"
                scan = partial(scan_tar, read, size, name=source.name, keep=keep)
            members = indexed(container, variant, scan, scratch=scratch, progress=part(progress, 0.7, 1.0))
    except OSError as error:
        raise SourceError(f"{source} cannot be read: {error.strerror or error}") from None
    return container, Members(members.table, note or members.note), form


@contextmanager
def _reading(container: Path) -> Iterator[Read]:
    with container.open("rb", buffering=0) as handle:
        number = handle.fileno()
        yield lambda count, at: os.pread(number, count, at)


class ArchiveContents:
    """The members of an archive as files: numbers of ``Found`` are rows of ``members``."""

    def __init__(self, source: Path, container: Path, members: Members) -> None:
        self.root = os.fspath(source)
        self.identity = f"archive {self.root}"
        self._path = os.fsencode(container)
        info = container.stat()
        self._stats = (info.st_size, info.st_mtime_ns, np.uint64(info.st_ino).astype(np.int64))
        self._offset, self._length, self._size = (members.numbers(column) for column in ("offset", "length", "size"))
        self._deflated: npt.NDArray[np.bool_] = members.table.column("deflated").to_numpy()

    def read(self, found: Found, limit: int) -> bytes:
        """Give the first bytes of a member; see ``Contents``."""
        row = found.number
        packed, wanted = int(self._length[row]), min(limit, int(self._size[row]))
        # What deflate cannot shrink it stores, with a few bytes per block.
        take = min(packed, wanted + (wanted >> 6) + (1 << 16))
        raw, _ = read_place(Place(path=self._path, offset=int(self._offset[row]), length=take))
        if not self._deflated[row]:
            return raw[:wanted]
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, max(wanted, 1))
        except zlib.error as error:
            raise Unreadable(f"cannot be unpacked: {error}") from None
        if len(data) < wanted:
            raise Unreadable("cannot be unpacked: it ends early (truncated)")
        return data

    def media(self, files: Sequence[Found]) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        """Tell where the members lie; see ``Contents``."""
        rows = np.array([found.number for found in files], dtype=np.int64)
        paths = pa.array([self._path], pa.binary()).take(pa.array(np.zeros(len(rows), dtype=np.int64)))
        codecs = ["deflate" if deflated else "" for deflated in self._deflated[rows].tolist()]
        stats = np.tile(np.array(self._stats, dtype=np.int64), (len(rows), 1))
        return media_table(paths, self._offset[rows], self._length[rows], codecs), stats


def list_archive(source: Path, container: Path, members: Members, progress: Progress) -> tuple[Listing, bytes]:
    """List the members of an archive as a walk lists the files of a folder; give the folder that wraps them all, or nothing."""
    listing = Listing(ArchiveContents(source, container, members))
    below = wrapping_folder(members)
    _Sorting(listing, members, below).run(source.name, progress)
    if members.note:
        listing.rejects.add(None, members.note, path=source.name)
    listing.finish()
    return listing, below


def wrapping_folder(members: Members) -> bytes:
    """Name the one folder at the top below which all pictures and tables lie; empty where there is none, or it is a split."""
    tops: set[bytes] = set()
    others: set[bytes] = set()
    for name, kind in zip(members.names, members.kinds.tolist(), strict=True):
        if kind in (FOLDER, BAD) or passed_over(name.rpartition(b"/")[2]):
            continue
        top, slash, _ = name.partition(b"/")
        if slash and passed_over(top):
            continue
        last = name.rpartition(b"/")[2]
        counts = suffix_of(last) in PICTURE_SUFFIXES or last.lower() in METADATA
        (tops if counts else others).add(top if slash else b"")
    tops = tops or others
    only = next(iter(tops)) if len(tops) == 1 else b""
    return b"" if only.lower() in SPLITS else only


class _Sorting:
    """Sort the members into a listing, as the walk of a folder would find them."""

    def __init__(self, listing: Listing, members: Members, below: bytes) -> None:
        self._listing, self._members = listing, members
        self._prefix = below + b"/" if below else b""
        self._overlapping = overlapping(members)
        self._sizes = members.numbers("size")
        self._kinds: list[int] = members.kinds.tolist()
        usable = enumerate(zip(members.names, self._kinds, strict=True))
        self._last = {name: row for row, (name, kind) in usable if kind not in (FOLDER, BAD)}
        self._passed: dict[bytes, bool] = {b"": False}

    def run(self, source: str, progress: Progress) -> None:
        """Sort them all."""
        for row, (name, kind) in enumerate(zip(self._members.names, self._kinds, strict=True)):
            if row % REPORT == 0:
                progress(row / len(self._members), f"sorting what {source} holds · {row:,} members")
            path = self._below(name)
            if kind == BAD and clean_name(name) != name:
                self._listing.rejects.add(escape(path), self._members.at("reason", row))
            elif kind == FOLDER:
                self._enter(path)
            elif not self._enter(path.rpartition(b"/")[0]) and not self._listing.skim(path):
                self._sort(path, row, kind)

    def _below(self, name: bytes) -> bytes:
        if self._prefix and name + b"/" == self._prefix:
            return b""
        return name.removeprefix(self._prefix)

    def _enter(self, folder: bytes) -> bool:
        """Tell whether a folder is passed over, or lies in one that is."""
        above: list[bytes] = []
        known = folder
        while known not in self._passed:
            above.append(known)
            known = known.rpartition(b"/")[0]
        passed = self._passed[known]
        for one in reversed(above):
            if not passed:
                remembered = len(self._passed) < FOLDERS
                passed = self._listing.skim(one) if remembered else bool(passed_over(one))
                if remembered and not passed:
                    self._listing.folders.add(one)
            if len(self._passed) < FOLDERS:
                self._passed[one] = passed
        return passed

    def _sort(self, path: bytes, row: int, kind: int) -> None:
        rejects = self._listing.rejects
        if kind == BAD:
            twice = self._members.names[row] in self._last
            rejects.add(None if twice else escape(path), self._members.at("reason", row), path=escape(path))
        elif self._last[self._members.names[row]] != row:
            rejects.add(None, f"{escape(path)} lies in the archive more than once; the last one counts", path=escape(path))
        elif kind == FILE:
            self._file(path, row)
        else:
            self._follow(path, row)

    def _file(self, path: bytes, row: int) -> None:
        if self._overlapping[row]:
            self._listing.rejects.add(escape(path), "overlaps another member of the archive (a decompression bomb?)")
        else:
            self._listing.file(Found(path, int(self._sizes[row]), row))

    def _follow(self, path: bytes, row: int) -> None:
        """Follow a link to the member that holds the bytes."""
        target: bytes | None = self._members.names[row]
        for _ in range(LINKS):
            kind = self._kinds[row]
            if kind == FILE:
                self._file(path, row)
                return
            if kind == BAD:
                break
            told = self._members.at("link", row)
            target = told if kind == HARD_LINK else _resolved(self._members.names[row], told)
            if target is None:
                self._listing.rejects.add(escape(path), "a link that leads out of the archive")
                return
            if target not in self._last:
                break
            row = self._last[target]
        inside = self._below(target or b"")
        self._listing.counts["repeated_folders" if inside in self._listing.folders or not inside else "broken_links"] += 1


def _resolved(link: bytes, target: bytes) -> bytes | None:
    """Give the clean name that a symbolic link points to; None where it leads out of the archive."""
    if target.startswith(b"/"):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
    return b"" if path == b"." else clean_name(path)


__all__ = ["SUFFIXES", "ArchiveContents", "ArchiveReader", "list_archive", "open_archive", "wrapping_folder"]
