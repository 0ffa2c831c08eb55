"""Find and read the media of rows wherever they lie: a file of their own, or a member inside of a container."""

from __future__ import annotations

import os
import stat
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import Dataset

MAX_BYTES = 2 << 30
MAX_MEMBER = 1 << 30
"""A compressed member that unpacks to more than this is refused: 250 megapixels are 1 GB at most."""
BOMB_SIZE = 64 << 20
BOMB_RATIO = 200
"""No picture shrinks to a 200th of its size when it is packed; only what would become large is held to it."""
WHOLE = -1

Stats = tuple[int, int, int]


class Unreadable(Exception):
    """Say in plain words why the media of a row cannot be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where bytes lie: in ``path`` (as the system knows it), from ``offset`` on ``length`` bytes, packed by ``codec``.

    ``offset`` = -1: the whole file. ``codec``: empty = as they lie, ``deflate`` = a raw deflate stream (zip).
    """

    path: bytes
    offset: int = WHOLE
    length: int = WHOLE
    codec: str = ""

    @property
    def whole(self) -> bool:
        """Tell whether the file holds nothing else."""
        return self.offset == WHOLE

    @property
    def location(self) -> bytes:
        """Name the place uniquely: the path, and where in the file a member lies."""
        return self.path if self.whole else b"%b\x00%d:%d" % (self.path, self.offset, self.length)


def media_table(
    media: pa.Array,
    offset: npt.NDArray[np.int64] | None = None,
    length: npt.NDArray[np.int64] | None = None,
    codec: list[str] | None = None,
) -> pa.Table:
    """Put the table ``Dataset.media`` together; paths are relative to the root of the data set, or absolute."""
    columns: dict[str, Any] = {"media": media}
    if offset is not None:
        columns |= {"offset": pa.array(offset, pa.int64()), "length": pa.array(length, pa.int64())}
        columns["codec"] = pa.array(codec if codec is not None else [""] * len(media), pa.string())
    return pa.table(columns)


class MediaFiles:
    """The media of a data set; safe for several threads."""

    def __init__(self, dataset: Dataset) -> None:
        self._root = os.fsencode(dataset.root)
        media = dataset.media
        self._media: list[bytes | str | None] = media.column("media").to_pylist()
        self._cut: list[dict[str, Any]] | None = None
        if "offset" in media.column_names:
            self._cut = media.select(["offset", "length", "codec"]).to_pylist()

    def __len__(self) -> int:
        return len(self._media)

    def place(self, row: int) -> Place | None:
        """Tell where the bytes of a row lie; None for texts and vectors."""
        held = self._media[row]
        if not isinstance(held, bytes):
            return None
        path = os.path.join(self._root, held)  # noqa: PTH118  # a path of bytes; an absolute one stays as it is
        if self._cut is None:
            return Place(path=path)
        cut = self._cut[row]
        if cut["offset"] is None or cut["offset"] < 0:
            return Place(path=path)
        return Place(path=path, offset=cut["offset"], length=cut["length"], codec=cut["codec"] or "")

    def text(self, row: int) -> str | None:
        """Give the text of a row of texts."""
        held = self._media[row]
        return held if isinstance(held, str) else None

    def read(self, row: int) -> bytes:
        """Give the bytes of a row.

        Raises:
            Unreadable: when the row has none, or they cannot be read.
        """
        place = self.place(row)
        if place is None:
            raise Unreadable("there is no file")
        return read_place(place)[0]


def read_place(place: Place) -> tuple[bytes, Stats | None]:
    """Give bytes, with size, time and inode of their file; None for these where they changed meanwhile.

    Raises:
        Unreadable: when it cannot be read, is no regular file, ends early, or is larger than what a picture may be.
    """
    try:
        with open(place.path, "rb", buffering=0) as handle:  # noqa: PTH123  # a path in raw bytes, which pathlib does not take
            info = os.fstat(handle.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise Unreadable("not a regular file (a pipe, socket or device)")
            size = info.st_size if place.whole else place.length
            if size > MAX_BYTES:
                raise Unreadable(f"a file of {size / 2**30:.1f} GiB; the limit is 2")
            raw = handle.readall() if place.whole else _member(handle.fileno(), place)
            after = os.fstat(handle.fileno())
    except FileNotFoundError:
        raise Unreadable("the file has disappeared since the folder was read") from None
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise Unreadable("does not fit into memory") from None
    stats = (info.st_size, info.st_mtime_ns, info.st_ino)
    # A file that is written while it is read is not remembered under this time.
    return raw, stats if stats == (after.st_size, after.st_mtime_ns, after.st_ino) else None


def _member(handle: int, place: Place) -> bytes:
    raw = bytearray()
    while len(raw) < place.length:
        chunk = os.pread(handle, place.length - len(raw), place.offset + len(raw))
        if not chunk:
            raise Unreadable("its container ends before it does (truncated)")
        raw += chunk
    if place.codec == "":
        return bytes(raw)
    if place.codec != "deflate":
        raise Unreadable(f"packed in a way that is not known: {place.codec}")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        limit = most_unpacked(place.length)
        data = unpacker.decompress(bytes(raw), limit)
    except zlib.error as error:
        raise Unreadable(f"cannot be unpacked: {error}") from None
    if unpacker.unconsumed_tail or (not unpacker.eof and len(data) >= limit):
        raise Unreadable(f"unpacks to more than {limit >> 20:,} MiB from {place.length / 2**20:,.1f}: a decompression bomb")
    if not unpacker.eof:
        raise Unreadable("cannot be unpacked: it ends early (truncated)")
    return data


def most_unpacked(length: int) -> int:
    """Tell how many bytes may come out of so many packed ones, whatever an archive claims."""
    return min(MAX_MEMBER, max(BOMB_SIZE, BOMB_RATIO * length))


__all__ = ["MAX_BYTES", "MAX_MEMBER", "MediaFiles", "Place", "Unreadable", "media_table", "most_unpacked", "read_place"]
