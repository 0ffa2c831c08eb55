"""Unpack a compressed tar file once into ``scratch``: nothing in its middle can be read otherwise."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import uuid
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from engines.errors import EnvironmentFault, SourceError
from engines.keys import digest
from engines.protocols import Progress

CHUNK = 1 << 18
RESERVE = 512 << 20
"""So much of the disk is left free."""
LOOK = 64 << 20
FREE_SIZE = 256 << 20
RATIO = 100
"""What unpacks to more than ``FREE_SIZE`` may be at most so many times larger than it was; pictures hardly shrink at all."""
MAGIC = ((b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zst"))

_Broken = (EOFError, zlib.error, lzma.LZMAError, OSError, ValueError)


def compression(head: bytes) -> str | None:
    """Tell by its first bytes how a file is compressed: gz, bz2, xz, zst, or not at all."""
    return next((name for magic, name in MAGIC if head.startswith(magic)), None)


def open_packed(raw: IO[bytes], codec: str) -> Callable[[int], bytes]:
    """Give what reads at most so many unpacked bytes on; empty at the end, raises at the place where the file is broken."""
    if codec == "zst":
        import pyarrow as pa

        stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")

        def read(count: int) -> bytes:
            data: bytes = stream.read(min(count, 1 << 16))
            return data

        return read
    opened: Any = {"gz": gzip.GzipFile, "bz2": bz2.BZ2File, "xz": lzma.LZMAFile}[codec]
    file = opened(fileobj=raw) if codec == "gz" else opened(raw)
    # One step at a time: a longer read would lose what comes before a break.
    next_piece: Callable[[int], bytes] = file.read1
    return next_piece


def first_bytes(source: Path, codec: str, count: int) -> bytes:
    """Give the first unpacked bytes, fewer where it is shorter or broken."""
    found = io.BytesIO()
    try:
        with source.open("rb") as raw:
            read = open_packed(raw, codec)
            while found.tell() < count and (piece := read(count - found.tell())):
                found.write(piece)
    except _Broken:
        pass
    return found.getvalue()


def unpacked(source: Path, codec: str, *, scratch: Path, progress: Progress) -> tuple[Path, str]:
    """Give the unpacked file in ``scratch``, made where it is not there yet, and in words what could not be unpacked.

    Raises:
        SourceError: when nothing of it can be unpacked, or far more comes out than went in (a decompression bomb).
        EnvironmentFault: when the disk is too full for it, or cannot be written.
    """
    info = source.stat()
    path_key = digest(os.fsencode(source))
    target = scratch / "archives" / f"{path_key}-{digest(f'{info.st_size} {info.st_mtime_ns} {info.st_ino}')}.tar"
    cut = target.with_suffix(".cut.tar")
    for made in (target, cut):
        if made.is_file():
            return made, _note(source, made) if made == cut else ""
    temporary = target.with_suffix(f".{uuid.uuid4().hex}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _room(temporary.parent, info.st_size, source)
        whole = _unpack(source, codec, temporary, info.st_size, progress)
        os.utime(temporary, ns=(info.st_mtime_ns, info.st_mtime_ns))
        made = target if whole else cut
        temporary.replace(made)
    except OSError as error:
        raise EnvironmentFault(
            f"{source.name} cannot be unpacked: {error.strerror or error}", f"make room in {scratch}"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    for old in target.parent.glob(f"{path_key}-*.tar"):
        if old != made:
            old.unlink(missing_ok=True)
            for index in target.parent.glob(f"{digest(os.fsencode(old))}.*.arrow"):
                index.unlink(missing_ok=True)
    return made, "" if whole else _note(source, made)


def _unpack(source: Path, codec: str, target: Path, size: int, progress: Progress) -> bool:
    """Write the unpacked bytes; tell whether they are all."""
    written = looked = 0
    limit = max(FREE_SIZE, RATIO * size)
    with source.open("rb") as raw, target.open("wb") as out:
        read = open_packed(raw, codec)
        while True:
            try:
                piece = read(CHUNK)
            except _Broken as error:
                if not written:
                    raise SourceError(f"{source.name} cannot be unpacked: {error}", "copy or download it again") from None
                return False
            if not piece:
                return True
            out.write(piece)
            written += len(piece)
            if written > limit:
                raise SourceError(
                    f"{source.name} unpacks to more than {RATIO} times its size: it may be a decompression bomb",
                    "unpack it yourself and give the folder if you trust it",
                )
            if written - looked > LOOK:
                looked = written
                _room(target.parent, 0, source)
            progress(min(raw.tell() / max(size, 1), 1.0), f"unpacking {source.name} once · {written / 2**20:,.0f} MiB")


def _room(folder: Path, need: int, source: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < need + RESERVE:
        raise EnvironmentFault(
            f"the disk is too full to unpack {source.name}: {free / 2**30:,.1f} GiB are free in {folder}",
            "make room, choose another --workspace, or unpack it yourself and give the folder",
        )


def _note(source: Path, made: Path) -> str:
    size = made.stat().st_size
    return f"{source.name} is damaged or ends early (truncated): it unpacks to {size:,} bytes only, which are used"


__all__ = ["compression", "first_bytes", "open_packed", "unpacked"]
