"""Join metadata tables to the pictures that they name."""

from __future__ import annotations

import posixpath
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engines.errors import SourceError
from engines.protocols import SourceOptions
from engines.read.columns import as_text
from engines.read.metadata import FILE_NAME, MetadataTable
from engines.read.names import escape, unescape
from engines.read.rejects import Rejects


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which column of a table plays which part; None = no column does."""

    file: str
    label: str | None
    split: str | None
    id: str | None

    @property
    def used(self) -> set[str]:
        """Name the columns that are no own columns of the person."""
        return set(self.told.values())

    @property
    def told(self) -> dict[str, str]:
        """Give part -> column, for ``Dataset.origin``."""
        parts = {"image": self.file, "label": self.label, "split": self.split, "id": self.id}
        return {part: name for part, name in parts.items() if name is not None}


def roles(tables: Sequence[MetadataTable], options: SourceOptions) -> Roles:
    """Choose the columns: what the options name, else ``file_name``, ``label`` and ``split`` where they exist.

    Raises:
        SourceError: when an option names a column that no table has.
    """
    known = list(dict.fromkeys(column for table in tables for column in table.columns))

    def named(option: str, wanted: str | None, default: str | None) -> str | None:
        if wanted is None:
            return default if default in known else None
        if wanted in known:
            return wanted
        where = (
            f"the columns are: {', '.join(known)}"
            if known
            else "there is no metadata.csv, .jsonl or .parquet beside the pictures"
        )
        raise SourceError(f"--{option}: there is no column {wanted!r}", where)

    return Roles(
        file=named("image", options.image, FILE_NAME) or FILE_NAME,
        label=named("label", options.label, "label"),
        split=named("split", options.split, "split"),
        id=named("id", options.id, None),
    )


def usable(tables: Sequence[MetadataTable], file: str, rejects: Rejects) -> list[MetadataTable]:
    """Keep one table per folder that has the column of file names; deepest folders first, they count before those above."""
    kept: dict[bytes, MetadataTable] = {}
    for table in tables:
        if file not in table.columns:
            columns = ", ".join(table.columns) or "none"
            rejects.add(None, f"{table.name} has no column {file!r}; its columns are: {columns}", path=table.name)
        elif table.folder in kept:
            rejects.add(None, f"{table.name} is not used: {kept[table.folder].name} beside it is", path=table.name)
        else:
            kept[table.folder] = table
    return sorted(kept.values(), key=lambda table: (-table.path.count(b"/"), table.path))


def join(
    tables: Sequence[MetadataTable],
    file: str,
    paths: Mapping[bytes, int],
    rejects: Rejects,
    elsewhere: Counter[str] | None = None,
) -> dict[int, tuple[MetadataTable, Mapping[str, Any]]]:
    """Find the row of metadata of each picture (by its number in ``paths``); rows without a picture become rejects.

    ``elsewhere``: ``paths`` are not all pictures there are, so rows that name others are only counted there.
    """
    composed: dict[str, bytes] | None = None
    found: dict[int, tuple[MetadataTable, Mapping[str, Any]]] = {}
    for table in tables:
        for number, record in table.rows:
            name = as_text(record.get(file))
            if not name:
                rejects.add(None, f"{table.name} row {number + 1} has no {file}", path=table.name, row=number)
                continue
            path = _resolve(table.folder, name)
            if path is not None and path not in paths:
                if composed is None:
                    composed = {_composed(known): known for known in paths}
                path = composed.get(_composed(path), path)
            shown = name if path is None else escape(path)
            if elsewhere is not None and path is not None and path not in paths:
                elsewhere["rows_of_other_pictures"] += 1
            elif path is None or path not in paths:
                reason = "which is outside of the folder" if path is None else "but there is no such picture"
                rejects.add(shown, f"{table.name} row {number + 1} names it, {reason}", row=number)
            elif paths[path] in found:
                first = found[paths[path]][0].name
                reason = f"{table.name} row {number + 1} names it once more; what {first} says first counts"
                rejects.add(shown, reason, row=number)
            else:
                found[paths[path]] = (table, record)
    return found


def _resolve(folder: bytes, name: str) -> bytes | None:
    """Give the path below the root; None when it leads out of it."""
    relative = name.replace("\\", "/") if "/" not in name and "\\x" not in name else name
    raw = unescape(relative.encode("utf-8", "replace").decode())
    path = posixpath.normpath(posixpath.join(folder, raw))
    return None if path.startswith((b"/", b"../")) or path == b".." else path


def _composed(path: bytes) -> str:
    """Write letters with accents in one way: file systems and tables differ in it."""
    return unicodedata.normalize("NFC", escape(path))
