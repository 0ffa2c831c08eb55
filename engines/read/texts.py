"""Read texts: a file with one per line, or a folder with a file for each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from engines.artifacts import Dataset
from engines.errors import SourceError
from engines.keys import digest
from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions
from engines.read.columns import assemble, text_column
from engines.read.layout import places
from engines.read.names import escape, suffix_of
from engines.read.rejects import Rejects
from engines.read.table_files import survey
from engines.read.text_lines import TextLines, encoding_of
from engines.table_key import table_digest

FILE_LIMIT = 16 << 20
"""Bytes of the longest file that is one text."""
PIECE = 8192


@engine
class TextReader:
    """Read a ``.txt`` file, one text per line, or a folder of ``.txt`` and ``.md`` files, one text per file.

    Lines: the id is the hash of the text, the own column ``row`` the number of the line from 0; blank lines are passed over. Files:
    the id is the path, the label the folder, as for pictures. Text that is not UTF-8 is read as Windows-1252, and counted.
    """

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take ``.txt`` files, and folders that hold texts and no pictures."""
        try:
            if source.is_file():
                return suffix_of(os.fsencode(source.name)) in (".txt", ".text")
            return source.is_dir() and survey(source).is_texts
        except OSError:
            return False

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:  # noqa: ARG002  # nothing slow to find again
        """Read the rows; see ``Reader``."""
        for option in ("label", "split", "id", "image", "caption", "features"):
            if getattr(options, option) not in (None, "-"):
                raise SourceError(f"--{option}: {source} has no columns", "leave it out, or give a table")
        return _folder(source, progress) if source.is_dir() else _lines(source, progress)


def _lines(source: Path, progress: Progress) -> Reading:
    """Read one text per line."""
    lines = TextLines(source)
    rejects = Rejects()
    pieces: list[Any] = []
    rows: list[int] = []
    ids: list[str] = []
    seen: dict[str, int] = {}
    waiting: list[str] = []
    blank = 0
    for line in lines:
        text = line.text.rstrip("\r\n")
        if line.fault:
            rejects.add(None, line.fault, row=line.number)
        elif not text.strip():
            blank += 1
        else:
            waiting.append(text)
            rows.append(line.number)
            found = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            seen[found] = seen.get(found, 0) + 1
            ids.append(found if seen[found] == 1 else f"{found}-{seen[found]}")
        if len(waiting) >= PIECE:
            pieces.append(text_column(waiting))
            waiting = []
            progress(lines.fraction, f"reading {len(rows):,} texts")
    pieces.append(text_column(waiting))
    if not rows:
        first = f": line {(rejects.rows[0] or 0) + 1} {rejects.reasons[0]}" if len(rejects) else ""
        raise SourceError(f"{source} holds no text that can be used{first}", "one text per line is expected")
    table = assemble(ids, [None] * len(ids), [None] * len(ids), [None] * len(ids), {"row": pa.array(rows, pa.int64())})
    counts = {"blank_lines": blank, "lines_not_utf8": lines.foreign}
    told = {"format": "lines", **lines.notes()}
    return _reading(source, source.parent, table, pieces, rejects=rejects, counts=counts, told=told)


def _folder(source: Path, progress: Progress) -> Reading:
    """Read one text per file."""
    rejects = Rejects()
    found = survey(source, None)
    files = sorted(found.texts, key=lambda path: escape(os.fsencode(path.relative_to(source))))
    names: list[bytes] = []
    texts: list[str] = []
    foreign = 0
    for number, path in enumerate(files):
        name = os.fsencode(path.relative_to(source))
        if number % 256 == 0:
            progress(number / len(files), f"reading {number:,} of {len(files):,} texts")
        text, fault, western = _text(path)
        if fault:
            rejects.add(escape(name), fault)
            continue
        names.append(name)
        texts.append(text)
        foreign += western
    if not names:
        first = f": {rejects.paths[0]} {rejects.reasons[0]}" if len(rejects) else ""
        raise SourceError(f"no file of {source} holds a text that can be used{first}", "a text per file is expected")
    where = places(names)
    ids = [escape(name) for name in names]
    own = {"folder": text_column([place.folder for place in where])} if any(place.folder for place in where) else {}
    table = assemble(ids, ids, [place.label for place in where], [place.split for place in where], own)
    counts = {"files_not_utf8": foreign, "other_files": len(found.tables)}
    told = {
        "format": "folder",
        "labels": "folders" if any(place.label for place in where) else None,
        "splits": "folders" if any(place.split for place in where) else None,
    }
    return _reading(source, source, table, [text_column(texts)], rejects=rejects, counts=counts, told=told)


def _text(path: Path) -> tuple[str, str, bool]:
    """Give the text of a file, why it cannot be used, and whether it is not UTF-8."""
    try:
        if not path.is_file():
            return "", "is not a regular file (a pipe, socket or device)", False
        size = path.stat().st_size
        if size > FILE_LIMIT:
            return "", f"is longer than {FILE_LIMIT >> 20} MiB", False
        raw = path.read_bytes()
    except OSError as error:
        return "", f"cannot be read: {error.strerror or error}", False
    encoding, western = encoding_of(raw), False
    try:
        text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        try:
            text, western = raw.decode("cp1252"), True
        except UnicodeDecodeError:
            return "", f"holds the byte 0x{raw[error.start]:02x}, which is neither UTF-8 nor Windows-1252", False
    return (text, "", western) if text.strip() else ("", "has no text", False)


def _reading(
    source: Path,
    root: Path,
    rows: pa.Table,
    pieces: Sequence[Any],
    *,
    rejects: Rejects,
    counts: dict[str, int],
    told: dict[str, Any],
) -> Reading:
    """Put a reading together; ``told`` is what its origin says beside the usual."""
    media = pa.table({"media": pa.chunked_array(pieces, pa.string())})
    media_key = digest("texts", os.fspath(source.absolute()), table_digest(rows.select(["id"])), table_digest(media))
    columns_key = table_digest(rows)
    rejected = rejects.table()
    dataset = Dataset(
        key=digest("dataset", media_key, columns_key, table_digest(rejected)),
        kind="texts",
        source=os.fspath(source),
        root=os.fspath(root.resolve()),
        rows=rows,
        media=media,
        stats=np.empty((0, 3), dtype=np.int64),
        rejects=rejected,
        counts={name: count for name, count in counts.items() if count},
        origin={"reader": "texts", "roles": {}, "columns": [], "names": {}, "label_names": {}, "features": [], **told},
        media_key=media_key,
        columns_key=columns_key,
    )
    return Reading(dataset=dataset)


__all__ = ["TextReader"]
