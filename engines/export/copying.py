"""Put the media of a row at a place in the export: a copy, or a link to the file."""

from __future__ import annotations

import errno
import os
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Literal

from engines.errors import ExportError
from engines.export.media import Missing, Sums, chunks
from engines.protocols import ExportRow

Link = Literal["copy", "hardlink", "symlink"]
HARD_LINKS = "the files are hard links: who changes one changes the file of the data set too"


def require_linkable(row: ExportRow, link: str) -> None:
    """Refuse a link to what is no file of its own.

    Raises:
        ExportError: when the media lie inside of a container.
    """
    if link != "copy" and row.file is None:
        raise ExportError(
            f"the row {row.id!r:.80} is no file of its own (it lies inside of a container), so there can be no {link} to it",
            "copy the files instead (--link copy)",
        )


def put(source: IO[bytes], row: ExportRow, place: Path, link: str) -> Sums:
    """Copy or link opened media to ``place``, which must not exist; give their hashes.

    Raises:
        Missing: when the source cannot be read to its end; nothing is left at ``place`` then.
        ExportError: when a link cannot be made there.
    """
    sums = Sums()
    with place.open("xb") if link == "copy" else nullcontext() as copy:
        try:
            for chunk in chunks(source):
                sums.update(chunk)
                if copy is not None:
                    copy.write(chunk)
        except Missing:
            place.unlink(missing_ok=True)
            raise
    if row.file is None:
        return sums
    if link == "copy":
        stat = os.fstat(source.fileno())
        os.utime(place, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    else:
        _make_link(link, row.file, place)
    return sums


def _make_link(link: str, file: bytes, place: Path) -> None:
    try:
        if link == "hardlink":
            os.link(os.path.realpath(file), place)
        else:
            place.symlink_to(os.fsdecode(os.path.abspath(file)))  # noqa: PTH100 a path of bytes
    except OSError as error:
        name = os.fsdecode(file).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        words = "lies on another disk" if error.errno == errno.EXDEV else error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ExportError(f"cannot make a {link} to {name}: {words}", "copy the files instead (--link copy)") from error


__all__ = ["HARD_LINKS", "Link", "put", "require_linkable"]
