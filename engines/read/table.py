"""Read a table: CSV, TSV, JSON, Parquet or Arrow, one file or a folder of them; its rows are pictures, texts, vectors or numbers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from engines.errors import SourceError
from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions
from engines.read.names import suffix_of
from engines.read.table_block import Part, TableFile
from engines.read.table_files import KINDS, open_table, parts_of, survey
from engines.read.table_gather import Plan, gather
from engines.read.table_paths import PathFinder, find_base
from engines.read.table_profile import Profile, profiles, sample
from engines.read.table_roles import infer_roles
from engines.read.table_rows import Assembly, Told
from engines.read.table_search import Roles


@engine
class TableReader:
    """Read a table in blocks, so that memory stays bounded whatever lies in it.

    Which column is the picture, the text, the label, the split, the id, ... is told by options, else by names and by the first rows
    (see ``table_roles``); ``Dataset.origin["roles"]`` records it. Rows are in the order of the file, the own column ``row`` says where
    each lies in it. Pictures may be paths (absolute or from the table's folder), bytes, data URIs or ``{bytes, path}``. Rows that cannot
    be used are rejects. An option ``-`` says that no column plays a part.
    """

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take files by their suffix, and folders that hold tables and no pictures."""
        try:
            if source.is_file():
                return suffix_of(os.fsencode(source.name)) in KINDS
            return source.is_dir() and survey(source).is_table
        except OSError:
            return False

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:
        """Read rows and vectors; see ``Reader``."""
        parts = parts_of(source) if source.is_dir() else [Part(source)]
        root = source if source.is_dir() else source.parent
        return read_parts(source, parts, root, options, scratch=scratch, progress=progress)


def read_parts(
    source: Path,
    parts: Sequence[Part],
    root: Path,
    options: SourceOptions,
    *,
    scratch: Path,
    progress: Progress,
    reader: str = "table",
    features: Mapping[str, Any] | None = None,
) -> Reading:
    """Read the files of a table as one data set; ``features`` as Hugging Face writes them, where the files do not say them.

    Raises:
        SourceError: when a file cannot be read, an option names a column that is not there, two columns fit equally well, ids repeat,
            or not one row can be used.
    """
    root = root.resolve()
    progress(0.0, "reading the table")
    file, blocks, columns = _first(source, parts)
    known = dict(_features(file.metadata)) | dict(features or {})
    seen = profiles(blocks, columns, known, typed=file.typed)
    bases: dict[str, Path | None] = {}

    def reachable(names: Sequence[Any]) -> bool:
        return find_base(root, _names(names)) is not None

    roles = infer_roles(str(source), seen, options, reachable)
    if roles.image is not None:
        image = next(column for column in seen if column.name == roles.image)
        bases["image"] = find_base(root, _names(image.few))
    base = bases.get("image") or root
    # The root is where all relative paths start from.
    root = root if base == root or root in base.parents else base
    plan = Plan(
        source=source,
        parts=parts,
        roles=roles,
        lengths=_lengths(seen, roles),
        finder=PathFinder(base, root),
        scratch=scratch,
        digests=roles.id is None,
    )
    found = gather(plan, progress)
    named = list(dict.fromkeys([*columns, *found.columns, *found.left_out]))
    told = Told(reader=reader, format=file.format, root=root, typed=file.typed, features=known, columns=named)
    return Assembly(plan, told, found).reading()


def _first(source: Path, parts: Sequence[Part]) -> tuple[TableFile, list[Any], list[str]]:
    """Open the first file that has rows, and look at its first rows; give the columns of it and of the folders' names."""
    if not parts:
        raise SourceError(f"{source} holds no table", "give a table, or a folder that holds one")
    for part in parts:
        file = open_table(part.path)
        blocks = sample(file.blocks())
        if any(len(block) for block in blocks):
            break
    # The names of folders are columns too, which the first rows do not show.
    constants = dict.fromkeys(name for part in parts for name in part.constants)
    return file, blocks, [*file.columns, *(name for name in constants if name not in file.columns)]


def _features(metadata: Mapping[bytes, bytes]) -> Mapping[str, Any]:
    """Read what Hugging Face writes about columns into the schema."""
    try:
        told = json.loads(metadata.get(b"huggingface", b"{}"))
        features = told.get("info", {}).get("features", {})
    except (ValueError, AttributeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _lengths(seen: Sequence[Profile], roles: Roles) -> dict[str, int]:
    return {column.name: column.list_length for column in seen if column.name in roles.vectors}


def _names(values: Sequence[Any]) -> list[Any]:
    """Give the names of files among values: texts, or the path of ``{bytes, path}``."""
    return [value.get("path") if isinstance(value, dict) else value for value in values if isinstance(value, (dict, str))]


__all__ = ["TableReader", "read_parts"]
