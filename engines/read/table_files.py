"""Open a file of rows by its kind, and find the files of a table that lies in several."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from engines.errors import SourceError
from engines.read.layout import SPLITS
from engines.read.names import PICTURE_SUFFIXES, is_junk, suffix_of
from engines.read.table_arrow import ArrowFile, ParquetFile
from engines.read.table_block import Part, TableFile
from engines.read.table_csv import CsvFile
from engines.read.table_json import JsonFile
from engines.read.text_lines import open_file

KINDS: dict[str, str] = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".arrow", ".feather", ".ipc"), "arrow"),
    **dict.fromkeys((".csv", ".tsv", ".tab"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
}
"""Suffixes of tables and the format that they say."""
TEXT_SUFFIXES = frozenset({".txt", ".text", ".md"})
CONTAINERS = frozenset({".tar", ".zip", ".tgz", ".npy", ".npz", ".safetensors"})
RECORDS = frozenset(
    {
        *(b"dataset_info.json", b"dataset_infos.json", b"dataset_dict.json", b"state.json", b"config.json", b"croissant.json"),
        *(b"package.json", b"export.json", b"run.json", b"recipe.json", b"_metadata", b"_common_metadata", b"_success"),
    }
)
"""Files that say something about a data set and are none."""
NOTES = frozenset(
    {"readme", "license", "licence", "notice", "changelog", "citation", "copying", "authors", "contributing", "classes"}
)
NO_SPLITS = frozenset({"data", "part", "shard", "chunk", "file", "dataset", "batch"})
MOST_ENTRIES = 5_000
_SHARD = re.compile(r"^(?P<split>[A-Za-z][\w.]*?)[-_.](\d+)([-_.]of[-_.]\d+)?$")


def open_table(path: Path) -> TableFile:
    """Open a file of rows; the first bytes of Parquet and Arrow tell more than the suffix.

    Raises:
        SourceError: when it cannot be read as what it seems to be.
    """
    with open_file(path) as handle:
        head = handle.read(8)
    if head.startswith(b"PAR1"):
        return ParquetFile(path)
    if head.startswith(b"ARROW1"):
        return ArrowFile(path)
    kind = KINDS.get(suffix_of(os.fsencode(path.name)), "csv")
    if not head:
        raise SourceError(f"{path} is empty", "give a file that holds rows")
    if kind in ("csv", "json"):
        return CsvFile(path) if kind == "csv" else JsonFile(path)
    if head.startswith(b"FEA1"):
        raise SourceError(f"{path} is a Feather file of version 1", "write it again with pyarrow.feather.write_feather")
    return ParquetFile(path) if kind == "parquet" else ArrowFile(path)


@dataclass
class Survey:
    """What lies in a folder: files of tables, of texts, and whether there are pictures or containers, which others read."""

    tables: list[Path] = field(default_factory=list)
    texts: list[Path] = field(default_factory=list)
    others: int = 0

    @property
    def is_table(self) -> bool:
        """Tell whether the folder holds tables, and nothing that weighs more."""
        return bool(self.tables) and not self.others and len(self.texts) <= len(self.tables)

    @property
    def is_texts(self) -> bool:
        """Tell whether the folder holds texts, a file each."""
        return bool(self.texts) and not self.others and len(self.texts) > len(self.tables)


def survey(folder: Path, most: int | None = MOST_ENTRIES) -> Survey:
    """Look at the names of files in a folder and below it, up to ``most``; stops at the first picture."""
    found = Survey()
    for count, path in enumerate(_walk(folder)):
        if most is not None and count >= most:
            break
        name = os.fsencode(path.name)
        suffix = suffix_of(name)
        if suffix in PICTURE_SUFFIXES or suffix in CONTAINERS:
            found.others += 1
            break
        if name.lower() in RECORDS:
            continue
        if suffix in KINDS:
            found.tables.append(path)
        elif suffix in TEXT_SUFFIXES and path.stem.lower() not in NOTES:
            found.texts.append(path)
    return found


def parts_of(folder: Path) -> list[Part]:
    """Give the files of a table that lies in several, in the order of their paths.

    Splits are told by names (``train-00000-of-00002.parquet``, ``test.csv``, ``train/part-0.parquet``), further columns by folders that are
    called ``name=value``. Parquet and Arrow files count before texts, which then are notes.

    Raises:
        SourceError: when there are tables of several kinds or of other columns, so that one has to be named.
    """
    tables = sorted(survey(folder, None).tables)
    kinds = {KINDS[suffix_of(os.fsencode(path.name))] for path in tables}
    for kind in ("parquet", "arrow"):
        if kind in kinds:
            tables = [path for path in tables if KINDS[suffix_of(os.fsencode(path.name))] == kind]
            kinds = {kind}
    if len(kinds) > 1 or not tables:
        names = ", ".join(str(path.relative_to(folder)) for path in tables[:6])
        raise SourceError(f"{folder} holds tables of several kinds: {names}", "name the file that is meant")
    return [Part(path, _split(path.relative_to(folder)), _constants(path.relative_to(folder))) for path in tables]


def _walk(folder: Path) -> Iterator[Path]:
    """Give the files below a folder as they come, each folder's own before those of the folders in it; links are not followed."""
    waiting = [folder]
    while waiting:
        below = []
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith((".", "_")) or is_junk(os.fsencode(entry.name)):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        below.append(Path(entry.path))
                    elif not entry.is_dir():
                        yield Path(entry.path)
        except OSError:
            # Whoever reads the folder says so.
            continue
        waiting += sorted(below, reverse=True)


def _split(path: Path) -> str | None:
    """Tell the split by the name of a shard, of a file, or of a folder above it."""
    shard = _SHARD.match(path.stem)
    if shard is not None and shard[3] and shard["split"].lower() not in NO_SPLITS:
        return shard["split"]
    first = re.split(r"[-_.]", path.stem, maxsplit=1)[0]
    for name in (path.stem, first, *reversed(path.parts[:-1])):
        if name.lower().encode("utf-8", "replace") in SPLITS:
            return name
    return None


def _constants(path: Path) -> dict[str, str]:
    pairs = (part.partition("=") for part in path.parts[:-1] if "=" in part)
    return {name: unquote(value) for name, _, value in pairs if name}


__all__ = ["KINDS", "Survey", "open_table", "parts_of", "survey"]
