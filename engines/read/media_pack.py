"""Keep what was found out about the pictures inside of a table: where each lies, and a pack of those that lie compressed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.errors import EnvironmentFault
from engines.keys import digest

VERSION = 1
STALE = 3600.0
"""Seconds after which a temporary file belongs to a process that is gone."""
IN_FILE = 0
IN_PACK = 1
ELSEWHERE = 2
"""Where a picture lies: in the table's own file, in the pack, or in a file that the table names (or nowhere)."""


@dataclass(frozen=True, kw_only=True)
class MediaIndex:
    """What is known about the media of the rows of one file, by row number (ascending).

    ``where``: ``IN_FILE``, ``IN_PACK`` or ``ELSEWHERE``; ``offset`` and ``length`` of the first two; ``digest``: 8 bytes of the SHA-256 of
    the content, or of the name of the file; ``name``: what the table calls it, if anything; ``reason``: why it cannot be used.
    """

    rows: npt.NDArray[np.int64]
    where: npt.NDArray[np.int8]
    offset: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    digest: pa.Array
    name: pa.Array
    reason: pa.Array

    def table(self) -> pa.Table:
        """Give everything as a table."""
        return pa.table({name: getattr(self, name) for name in INDEX_SCHEMA.names}, schema=INDEX_SCHEMA)

    @classmethod
    def of(cls, table: pa.Table) -> MediaIndex:
        """Read the table again."""
        numbers = {name: table.column(name).to_numpy() for name in ("rows", "where", "offset", "length")}
        texts = {name: table.column(name).combine_chunks() for name in ("digest", "name", "reason")}
        return cls(**numbers, **texts)

    def take(self, rows: npt.NDArray[np.int64]) -> MediaIndex:
        """Give what is known about some rows.

        Raises:
            KeyError: when one of them is not known.
        """
        if not len(rows):
            return MediaIndex.of(self.table().slice(0, 0))
        places = np.minimum(np.searchsorted(self.rows, rows), max(len(self.rows) - 1, 0))
        if not len(self.rows) or not np.array_equal(self.rows[places], rows):
            raise KeyError("rows are not in the index")
        return MediaIndex.of(self.table().take(pa.array(places)))


INDEX_SCHEMA = pa.schema(
    [
        ("rows", pa.int64()),
        ("where", pa.int8()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("digest", pa.binary()),
        ("name", pa.string()),
        ("reason", pa.string()),
    ]
)


@dataclass
class MediaPack:
    """The index and the pack of one column of one file, in ``scratch``; both are made anew when the file changes.

    ``owner`` names file and column; ``identity`` changes with the content of the file.
    """

    scratch: Path
    owner: str
    identity: str
    _handle: BinaryIO | None = field(default=None, repr=False)
    _size: int = 0
    _temporary: Path | None = field(default=None, repr=False)

    @property
    def pack(self) -> Path:
        """Give the path of the pack, whether it exists or not."""
        return self.scratch / f"{self._stem}-{self.identity}.pack"

    @property
    def _index(self) -> Path:
        return self.scratch / f"{self._stem}-{self.identity}.index"

    @property
    def _stem(self) -> str:
        return f"media-{self.owner}"

    def known(self, *, digests: bool) -> MediaIndex | None:
        """Give the index that an earlier reading left, where it and its pack are whole (``digests``: of every content)."""
        try:
            with pa.memory_map(str(self._index)) as memory, pa.ipc.open_file(memory) as reader:
                table = reader.read_all()
            if not table.schema.equals(INDEX_SCHEMA):
                return None
            table.validate(full=True)
            packed = int((table.schema.metadata or reader.schema.metadata or {}).get(b"pack", b"0"))
            if packed and self.pack.stat().st_size != packed:
                return None
            index = MediaIndex.of(table)
            lacking = (index.where == IN_FILE) & index.digest.is_null().to_numpy(zero_copy_only=False)
            return None if digests and lacking.any() else index
        except (OSError, ValueError, pa.ArrowException):
            return None

    def add(self, content: bytes) -> int:
        """Append a content; give its offset.

        Raises:
            EnvironmentFault: when the disk is full or may not be written.
        """
        with _writing(self.scratch):
            if self._handle is None:
                self.scratch.mkdir(parents=True, exist_ok=True)
                self._temporary = self.pack.with_name(f"{self.pack.name}.{secrets.token_hex(4)}.tmp")
                self._handle = self._temporary.open("wb")
            self._handle.write(content)
        offset, self._size = self._size, self._size + len(content)
        return offset

    def commit(self, indexes: Sequence[MediaIndex]) -> None:
        """Put pack and index in their places; those of an earlier content of the file go."""
        with _writing(self.scratch):
            self.scratch.mkdir(parents=True, exist_ok=True)
            for old in self.scratch.glob(f"{self._stem}-*"):
                # What a killed process left goes too, but not what another one is writing now.
                stale = old.suffix == ".tmp" and time.time() - old.stat().st_mtime > STALE
                if f"-{self.identity}." not in old.name or stale:
                    old.unlink(missing_ok=True)
            if self._handle is not None and self._temporary is not None:
                self._handle.close()
                self._temporary.replace(self.pack)
                self._handle = self._temporary = None
            table = pa.concat_tables([index.table() for index in indexes]) if indexes else INDEX_SCHEMA.empty_table()
            table = table.replace_schema_metadata({"pack": str(self._size)})
            temporary = self._index.with_name(f"{self._index.name}.{secrets.token_hex(4)}.tmp")
            with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
            temporary.replace(self._index)

    def drop(self) -> None:
        """Remove what was begun and not committed."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None


def pack_for(scratch: Path, path: Path, column: str) -> MediaPack:
    """Name the pack of a column of a file by the file's place, size, time and inode."""
    info = path.stat()
    owner = digest("media", os.fsencode(path.resolve()), column)[:16]
    identity = digest(str(VERSION), str(info.st_size), str(info.st_mtime_ns), str(info.st_ino))[:16]
    return MediaPack(scratch, owner, identity)


@contextlib.contextmanager
def _writing(folder: Path) -> Any:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "make room on the disk" if full else "choose a --workspace that you may write"
        raise EnvironmentFault(f"cannot write to {folder}: {error.strerror or error}", hint) from error


__all__ = ["ELSEWHERE", "IN_FILE", "IN_PACK", "MediaIndex", "MediaPack", "pack_for"]
