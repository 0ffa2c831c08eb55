"""Take the media of a row along wherever they lie: from a file of their own, out of a container, or written down as text."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pyarrow as pa

from engines.artifacts import Dataset
from engines.export.names import split_suffix
from engines.media import Unreadable
from engines.protocols import ExportRow

CHUNK = 1 << 20
HEAD = 16
SUFFIXES: tuple[tuple[bytes, int, str], ...] = (
    # What the first bytes say, where a name says nothing: magic, its place, suffix.
    (b"\xff\xd8\xff", 0, ".jpg"),
    (b"\x89PNG\r\n\x1a\n", 0, ".png"),
    (b"GIF8", 0, ".gif"),
    (b"WEBP", 8, ".webp"),
    (b"ftypavi", 4, ".avif"),
    (b"II*\x00", 0, ".tif"),
    (b"MM\x00*", 0, ".tif"),
    (b"BM", 0, ".bmp"),
)


class Missing(Exception):
    """Say why the media of a row cannot be taken along: a file that has gone or cannot be read."""


class Sums:
    """The two hashes of what passes: SHA-256 for the record, BLAKE2b of 128 bits as everywhere in this project."""

    def __init__(self) -> None:
        self._states = hashlib.sha256(), hashlib.blake2b(digest_size=16)

    def update(self, chunk: bytes) -> None:
        """Take a piece in."""
        for state in self._states:
            state.update(chunk)

    @property
    def sha256(self) -> str:
        """Give the hash that the record names."""
        return self._states[0].hexdigest()

    @property
    def content(self) -> str:
        """Give the hash that the facts about a picture name."""
        return self._states[1].hexdigest()


def has_media(dataset: Dataset) -> bool:
    """Tell whether rows have files, or members of containers."""
    held = dataset.media.column("media")
    return bool(pa.types.is_binary(held.type) and held.null_count < len(held))


def no_media(dataset: Dataset) -> str:
    """Say that rows have nothing that could be a file; empty where they have."""
    if has_media(dataset):
        return ""
    what = {"texts": "texts", "table": "rows of a table", "vectors": "vectors"}.get(dataset.kind, "rows")
    return f"{what} have no files"


@contextmanager
def opened(row: ExportRow) -> Iterator[IO[bytes]]:
    """Open the media of a row for reading.

    Raises:
        Missing: when they have gone or cannot be read, now or while they are read by ``chunks``.
    """
    if row.file is not None:
        with _open(row.file) as source:
            yield source
    elif row.read is not None:
        try:
            raw = row.read()
        except Unreadable as error:
            raise Missing(str(error)) from None
        yield io.BytesIO(raw)
    elif row.text is not None:
        yield io.BytesIO(row.text.encode("utf-8", "backslashreplace"))
    else:
        raise Missing("there is no file")


def chunks(source: IO[bytes]) -> Iterator[bytes]:
    """Read a file in pieces; tell a source that fails from a target that does."""
    while True:
        try:
            chunk = source.read(CHUNK)
        except OSError as error:
            raise Missing(f"the file cannot be read: {error.strerror or error}") from error
        if not chunk:
            return
        yield chunk


def file_name(row: ExportRow, head: bytes = b"") -> str:
    """Name the file that the media of a row become: as in the source, else after the id with the suffix that its bytes tell."""
    if row.file is not None:
        return os.fsdecode(os.path.basename(row.file))  # noqa: PTH119 a path of bytes
    name = row.name or row.id.rpartition("/")[2]
    if row.read is None:
        return name if name.lower().endswith(".txt") else name + ".txt"
    return name if split_suffix(name)[1] else name + suffix_of(head, "")


def suffix_of(head: bytes, unknown: str = ".bin") -> str:
    """Tell the suffix of a picture by its first bytes."""
    return next((suffix for magic, at, suffix in SUFFIXES if head[at : at + len(magic)] == magic), unknown)


def _open(file: bytes) -> IO[bytes]:
    try:
        return open(file, "rb")  # noqa: PTH123 a path of bytes
    except FileNotFoundError:
        raise Missing("the file is not there any more") from None
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            raise
        raise Missing(f"the file cannot be read: {error.strerror or error}") from error


__all__ = ["Missing", "Sums", "chunks", "file_name", "has_media", "no_media", "opened", "suffix_of"]
