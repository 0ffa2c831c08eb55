"""What an archive holds, member by member, found once and kept in ``scratch`` as an Arrow file; no member is unpacked."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.errors import EnvironmentFault, SourceError
from engines.keys import digest
from engines.media import MAX_BYTES, MAX_MEMBER, most_unpacked
from engines.protocols import Progress

VERSION = 1
FILE, FOLDER, HARD_LINK, SYMLINK, BAD = range(5)
BATCH = 16384
BATCH_BYTES = 16 << 20
MAX_MEMBERS = 10_000_000
NAME_LENGTH = 4096
DEPTH = 100
SCHEMA = pa.schema(
    [
        ("name", pa.binary()),
        ("kind", pa.int8()),
        ("start", pa.int64()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("size", pa.int64()),
        ("deflated", pa.bool_()),
        ("link", pa.binary()),
        ("reason", pa.string()),
        ("content", pa.binary()),
    ]
)


class Member(NamedTuple):
    """One member: its clean name, and where its bytes lie.

    ``start``: where its own header begins. ``length``: bytes in the archive, ``size``: bytes unpacked. ``link``: for links what they point
    to, a clean name for hard links. ``reason``: why a ``BAD`` one cannot be used. ``content``: small members that a reader wants at once.
    """

    name: bytes
    kind: int
    start: int
    offset: int = -1
    length: int = -1
    size: int = 0
    deflated: bool = False
    link: bytes | None = None
    reason: str | None = None
    content: bytes | None = None


Take = Callable[[Member], None]
Scan = Callable[[Take, Progress], str]
"""Find the members of an archive, one by one; gives in words what lies behind the last one and cannot be read, or an empty text."""


@dataclass(frozen=True)
class Members:
    """The members of an archive; ``note`` says what could not be read behind the last of them."""

    table: pa.Table
    note: str

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def names(self) -> list[bytes]:
        """Give the clean names."""
        return list(self.table.column("name").to_pylist())

    @cached_property
    def kinds(self) -> npt.NDArray[np.int8]:
        """Give the kinds: ``FILE``, ``FOLDER``, ``HARD_LINK``, ``SYMLINK`` or ``BAD``."""
        kinds: npt.NDArray[np.int8] = self.table.column("kind").to_numpy()
        return kinds

    def numbers(self, column: str) -> npt.NDArray[np.int64]:
        """Give start, offset, length or size."""
        found: npt.NDArray[np.int64] = self.table.column(column).to_numpy()
        return found

    def at(self, column: str, row: int) -> Any:
        """Give one plain value."""
        return self.table.column(column)[row].as_py()


def clean_name(raw: bytes) -> bytes | None:
    """Give a member's path with single slashes and without ``.``; None where it would lead out of the archive."""
    if raw.startswith(b"/") or b"\0" in raw:
        return None
    parts = [part for part in raw.split(b"/") if part not in (b"", b".")]
    return None if b".." in parts else b"/".join(parts)


def bad_name(raw: bytes, start: int) -> Member | None:
    """Give the reject that a name is in itself; None for a good one."""
    if len(raw) > NAME_LENGTH:
        return Member(raw[:200] + b"...", BAD, start, reason=f"its name has {len(raw):,} bytes; the limit is {NAME_LENGTH:,}")
    if b"\0" in raw:
        return Member(raw.replace(b"\0", b"\\x00"), BAD, start, reason="its name holds a zero byte")
    if raw.count(b"/") > DEPTH:
        return Member(raw, BAD, start, reason=f"lies more than {DEPTH} folders deep")
    name = clean_name(raw)
    if name is None:
        return Member(raw, BAD, start, reason="its name leads out of the archive (absolute, or with ..)")
    return None


def too_large(length: int, size: int) -> str | None:
    """Say why a member of such sizes (in the archive, and unpacked) is refused; None for all others."""
    limit = MAX_MEMBER if size > length else MAX_BYTES
    if max(size, length) > limit:
        return f"has {max(size, length) / 2**30:,.1f} GiB; the limit is {limit >> 30}"
    if size > most_unpacked(length) and size > length:
        return f"claims to unpack from {length / 1024:,.0f} KiB to {size / 2**20:,.0f} MiB: a decompression bomb"
    return None


def indexed(archive: Path, variant: str, scan: Scan, *, scratch: Path, progress: Progress) -> Members:
    """Give the members of an archive, from ``scratch`` where its path, size, time and inode are those of the last time.

    Raises:
        SourceError: when it cannot be read as an archive.
        EnvironmentFault: when ``scratch`` cannot be written.
    """
    try:
        info = archive.stat()
    except OSError as error:
        raise SourceError(f"{archive} cannot be read: {error.strerror or error}") from None
    where = scratch / "archives" / f"{digest(os.fsencode(archive))}.{variant}.arrow"
    key = digest(str(VERSION), os.fsencode(archive), f"{info.st_size} {info.st_mtime_ns} {info.st_ino}")
    known = _load(where, key)
    if known is not None:
        return known
    temporary = where.with_name(f"{where.name}.{uuid.uuid4().hex}.tmp")
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        _write(temporary, key, scan, progress)
        temporary.replace(where)
    except OSError as error:
        raise EnvironmentFault(
            f"the index of {archive.name} cannot be written: {error.strerror or error}", f"make room in {scratch}"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    made = _load(where, key)
    if made is None:
        raise EnvironmentFault(f"the index of {archive.name} in {scratch} has gone", "try again")
    return made


class _Writer:
    """Collect members and write them in batches, so that millions of them never lie in memory as objects."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self._waiting: list[Member] = []
        self._bytes = 0

    def take(self, member: Member) -> None:
        self._waiting.append(member)
        self._bytes += len(member.content or b"")
        if len(self._waiting) >= BATCH or self._bytes > BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            columns = zip(*self._waiting, strict=True)
            arrays = [pa.array(column, kind.type) for column, kind in zip(columns, SCHEMA, strict=True)]
            self._target.write_batch(pa.record_batch(arrays, schema=SCHEMA))
        self._waiting, self._bytes = [], 0


def _write(path: Path, key: str, scan: Scan, progress: Progress) -> None:
    """Write the index; the last batch is followed by an empty one whose metadata hold the key and the note."""
    with pa.OSFile(os.fspath(path), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as target:
        writer = _Writer(target)
        note = scan(writer.take, progress)
        writer.flush()
        empty = pa.record_batch([pa.array([], kind.type) for kind in SCHEMA], schema=SCHEMA)
        target.write_batch(empty, custom_metadata={"key": key, "note": note})


def _load(path: Path, key: str) -> Members | None:
    """Open an index where it is whole and of this key; anything else is made anew."""
    try:
        with pa.memory_map(os.fspath(path)) as source, pa.ipc.open_file(source) as reader:
            if reader.schema != SCHEMA or not reader.num_record_batches:
                return None
            batches = [reader.get_batch_with_custom_metadata(number) for number in range(reader.num_record_batches)]
        told = batches[-1].custom_metadata
        if told is None or told.get(b"key") != key.encode():
            return None
        table = pa.Table.from_batches([batch.batch for batch in batches], schema=SCHEMA)
        table.validate(full=True)
        return Members(table, told[b"note"].decode("utf-8"))
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None


__all__ = [
    "BAD",
    "FILE",
    "FOLDER",
    "HARD_LINK",
    "MAX_MEMBERS",
    "SYMLINK",
    "Member",
    "Members",
    "Scan",
    "Take",
    "bad_name",
    "clean_name",
    "indexed",
    "too_large",
]
