"""Read a text file of paths, one picture per line, perhaps with a label behind each."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple

from engines.artifacts import Dataset
from engines.errors import SourceError
from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions
from engines.read.join import Roles
from engines.read.layout import places
from engines.read.listing import NO_FILE, Found, Listing
from engines.read.metadata import MetadataTable
from engines.read.names import escape
from engines.read.pictures import PictureRows, no_pictures, rows_dataset
from engines.read.walk import FolderContents

SUFFIXES = (".txt", ".lst", ".list")
SNIFFED = 50
SNIFFED_BYTES = 1 << 16
LINE_LIMIT = 1 << 16
PATH_LIMIT = 4096
REPORT = 4096
LABEL, FILE = "label", "path"

Cut = Callable[[bytes], tuple[bytes, bytes | None]]


def _alone(line: bytes) -> tuple[bytes, bytes | None]:
    return line, None


def _by(delimiter: bytes) -> Cut:
    def cut(line: bytes) -> tuple[bytes, bytes | None]:
        path, found, label = line.partition(delimiter)
        return path.strip().strip(b'"'), label.strip().strip(b'"') if found else None

    return cut


def _by_last_blank(line: bytes) -> tuple[bytes, bytes | None]:
    path, found, label = line.rpartition(b" ")
    return (path.strip(), label) if found else (line, None)


CUTS: tuple[Cut, ...] = (_alone, _by(b"\t"), _by(b","), _by(b";"), _by_last_blank)
"""How a line may be cut into a path and a label; the first one by which most lines name a file is taken."""


class _Line(NamedTuple):
    number: int
    path: bytes
    label: bytes | None


@engine
class PathListReader:
    """Read a ``.txt``, ``.lst`` or ``.list`` whose lines name pictures: absolute, or from the folder of the file.

    It is such a list when more than half of its first 50 lines name files that are there. A label may follow behind a tab, a comma, a
    semicolon or the last blank; without labels the folders tell them, as in a folder. Empty lines and lines that begin with ``#`` are
    passed over. The id is the path below the folder of the list, the absolute path for pictures that lie elsewhere. Rows are in the order of ids.
    """

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take text files whose first lines are paths of files."""
        try:
            return source.suffix.lower() in SUFFIXES and source.is_file() and _cut(source)[1]
        except OSError:
            return False

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:  # noqa: ARG002  # nothing slow to find again
        """Read the rows; see ``Reader``."""
        for option in ("label", "split", "id", "image", "text", "caption"):
            if getattr(options, option) is not None:
                raise SourceError(f"--{option}: a list of paths has no columns", "give a .csv with a header in its place")
        try:
            return Reading(dataset=_read(source, options, progress))
        except OSError as error:
            raise SourceError(f"{source} cannot be read: {error.strerror or error}") from None


def _read(source: Path, options: SourceOptions, progress: Progress) -> Dataset:
    root = source.resolve().parent
    contents = FolderContents(root)
    listing = Listing(contents)
    labels: dict[bytes, bytes | None] = {}
    size = max(source.stat().st_size, 1)
    with source.open("rb") as handle:
        for line in _lines(handle, _cut(source)[0], listing):
            if line.number % REPORT == 0:
                progress(handle.tell() / size, f"reading the list · {len(listing.pictures):,} pictures found")
            _one(listing, contents, line, labels)
    if not listing.pictures:
        raise no_pictures(source, listing)
    files = sorted(listing.pictures, key=lambda found: escape(found.path))
    table = MetadataTable(os.fsencode(source.name), [FILE, LABEL], typed=False)
    labeled = any(label is not None for label in labels.values())
    records = {}
    if labeled:
        told = (labels[found.path] for found in files)
        records = {row: (table, {LABEL: None if label is None else _text(label)}) for row, label in enumerate(told)}
    picked = PictureRows(
        files=files,
        ids=[escape(found.path) for found in files],
        places=places(_from_common(files, os.fsencode(root))),
        records=records,
        roles=Roles(file=FILE, label=LABEL if labeled else None, split=None, id=None),
    )
    return rows_dataset(source, listing, picked, options, {"reader": "path_list", "format": "paths"})


def _one(listing: Listing, contents: FolderContents, line: _Line, labels: dict[bytes, bytes | None]) -> None:
    """Sort the file that a line names."""
    row = line.number - 1
    root = os.fsencode(contents.root).rstrip(b"/") + b"/"
    path = os.path.normpath(root + line.path if not line.path.startswith(b"/") else line.path)
    name = path.removeprefix(root)
    shown = escape(name)
    if name in labels:
        listing.rejects.add(None, f"line {line.number:,} names {shown} once more; the first one counts", path=shown, row=row)
        return
    try:
        info = os.stat(path)  # noqa: PTH116  # a path of bytes
    except OSError as error:
        gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
        reason = "there is no such file" if gone else f"cannot be read: {error.strerror or error}"
        listing.rejects.add(shown, f"line {line.number:,}: {reason}", row=row)
        return
    labels[name] = line.label or None
    if not stat.S_ISREG(info.st_mode):
        listing.rejects.add(shown, "a folder" if stat.S_ISDIR(info.st_mode) else NO_FILE, row=row)
        return
    listing.file(contents.add(name, info))


def _lines(handle: BinaryIO, cut: Cut, listing: Listing) -> Iterator[_Line]:
    """Give the lines that name something; those that cannot are rejects."""
    number = 0
    while raw := handle.readline(LINE_LIMIT):
        number += 1
        ended = raw.endswith(b"\n") or len(raw) < LINE_LIMIT
        fits = ended
        while not ended and (more := handle.readline(LINE_LIMIT)):
            ended = more.endswith(b"\n")
        text = raw.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").strip(b"\r\n")
        if not text.strip() or text.startswith(b"#"):
            continue
        path, label = cut(text)
        if not fits or b"\0" in path or len(path) > PATH_LIMIT or not path:
            listing.rejects.add(None, f"line {number:,} is no path", row=number - 1)
        else:
            yield _Line(number, path, label)


def _cut(source: Path) -> tuple[Cut, bool]:
    """Find out how the lines are cut, and whether more than half of the first ones name files."""
    with source.open("rb") as handle:
        head = handle.read(SNIFFED_BYTES)
    lines = head.removeprefix(b"\xef\xbb\xbf").splitlines()
    if len(head) == SNIFFED_BYTES:
        lines = lines[:-1]
    told = [line for line in lines if line.strip() and not line.startswith(b"#")][:SNIFFED]
    if not told or any(b"\0" in line for line in told):
        return _alone, False
    folder = os.fsencode(source.resolve().parent)
    hits = [sum(os.path.isfile(os.path.join(folder, cut(line)[0])) for line in told) for cut in CUTS]  # noqa: PTH113, PTH118  # paths of bytes
    best = hits.index(max(hits))
    return CUTS[best], 2 * hits[best] > len(told)


def _from_common(files: Sequence[Found], root: bytes) -> list[bytes]:
    """Give the paths from the folder of the list where all lie below it, else from the folder that they have in common."""
    if not any(found.path.startswith(b"/") for found in files):
        return [found.path for found in files]
    full = [found.path if found.path.startswith(b"/") else root + b"/" + found.path for found in files]
    common = os.path.commonpath([path.rpartition(b"/")[0] or b"/" for path in full]).rstrip(b"/") + b"/"
    return [path.removeprefix(common) for path in full]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


__all__ = ["PathListReader"]
