"""Find the files that a table names: absolute, or relative to the table's folder or one near it."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from engines.read.layout import CONTAINERS
from engines.read.names import escape, unescape

FOLDERS_ABOVE = 3
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")


class FoundFile(NamedTuple):
    """A file: its path relative to the root of the data set (or absolute), that path as text, and what the file system says."""

    media: bytes
    path: str
    stats: tuple[int, int, int]


class PathFinder:
    """Find files by the names in a table; relative ones start from ``base``, results from ``root`` where they lie below it."""

    def __init__(self, base: Path, root: Path) -> None:
        self._base, self._root = os.fsencode(base), os.fsencode(root).rstrip(b"/") + b"/"

    def find(self, name: str) -> FoundFile | str:
        """Find a file, or say why there is none."""
        text = name.strip()
        if _SCHEME.match(text):
            if not text.lower().startswith("file://"):
                return f"is not on this machine: {text[:200]}"
            text = unquote(urlsplit(text).path)
        for raw in _spellings(text):
            full = os.path.normpath(os.path.join(self._base, raw))  # noqa: PTH118  # a path of bytes
            try:
                info = os.stat(full)  # noqa: PTH116  # a path of bytes
            except (FileNotFoundError, NotADirectoryError):
                continue
            except ValueError:
                break
            except OSError as error:
                return f"{text[:200]} cannot be read: {error.strerror or error}"
            if not stat.S_ISREG(info.st_mode):
                return f"{text[:200]} is not a regular file"
            if info.st_size == 0:
                return f"{text[:200]} is an empty file (zero bytes)"
            media = full.removeprefix(self._root)
            return FoundFile(media, escape(media), (info.st_size, info.st_mtime_ns, info.st_ino))
        return f"there is no file {text[:200]}"


def find_base(folder: Path, names: Sequence[Any]) -> Path | None:
    """Find the folder from which the names lead to files: the table's own, one for pictures in it, or one above; None = none."""
    texts = [str(name) for name in names if name]
    best, most = None, 0
    for base in _near(folder):
        finder = PathFinder(base, base)
        hits = sum(1 for text in texts if isinstance(finder.find(text), FoundFile))
        if hits > most:
            best, most = base, hits
    return best


def _near(folder: Path) -> Iterator[Path]:
    yield folder
    for name in sorted(CONTAINERS):
        below = folder / name.decode()
        if below.is_dir():
            yield below
    yield from folder.parents[:FOLDERS_ABOVE]


def _spellings(text: str) -> Iterator[bytes]:
    r"""Give the ways in which a name may be written on disk: as it is, with the other slash, ``\xNN`` undone, accents composed or not."""
    seen = dict.fromkeys((text, text.replace("\\", "/")))
    if not text.isascii():
        seen |= dict.fromkeys((unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)))
    for spelling in seen:
        try:
            yield os.fsencode(spelling)
        except UnicodeEncodeError:
            continue
    if "\\x" in text:
        yield unescape(text)


__all__ = ["FoundFile", "PathFinder", "find_base"]
