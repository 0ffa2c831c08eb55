"""Read a folder of pictures: what lies where, and what the tables beside the pictures say about them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from engines.artifacts import Dataset, Float32, Kind
from engines.errors import SourceError
from engines.keys import digest
from engines.parameters import engine
from engines.protocols import Progress, SourceOptions
from engines.read.columns import as_text, assemble, free_names, own_column, text_column
from engines.read.join import Roles, join, roles, usable
from engines.read.layout import Place, places
from engines.read.metadata import MetadataTable, read_metadata
from engines.read.names import escape
from engines.read.walk import FileStat, Walk
from engines.table_key import table_digest

Records = Mapping[int, tuple[MetadataTable, Mapping[str, Any]]]


@engine
class FolderReader:
    """Read a folder of pictures without opening one.

    The label is the first folder below the root or below a split (see ``layout.places``). A column ``label`` (or the one that
    ``--label`` names) of a metadata table wins over folders: then a picture without a value there has no label, and the folder
    names are kept in the own column ``folder``. Rows are in the order of their ids.
    """

    kind: ClassVar[Kind] = "pictures"
    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take every folder."""
        return source.is_dir()

    def __call__(self, source: Path, options: SourceOptions, *, progress: Progress) -> tuple[Dataset, Float32 | None]:
        """Read the rows; see ``Reader``."""
        walk = Walk(source.resolve())
        walk.run(progress)
        tables = [read_metadata(walk.full(path), path, walk.rejects) for path in sorted(walk.metadata)]
        if not walk.pictures:
            raise _no_pictures(source, walk)
        chosen = roles(tables, options)
        files = sorted(walk.pictures, key=lambda found: escape(found.path))
        numbers = {found.path: number for number, found in enumerate(files)}
        records = join(usable(tables, chosen.file, walk.rejects), chosen.file, numbers, walk.rejects)
        files, ids, kept = _identify(files, records, chosen, walk)
        rows = _rows(files, ids, kept, chosen, options)
        return _dataset(source, walk, files, rows), None


def _identify(files: list[FileStat], records: Records, chosen: Roles, walk: Walk) -> tuple[list[FileStat], list[str], Records]:
    """Give every file its id, in the order of ids: its path, or the value of the column that the person chose.

    Raises:
        SourceError: when the column of ids repeats a value.
    """
    if chosen.id is None:
        return files, [escape(found.path) for found in files], records
    named: dict[str, int] = {}
    for number, found in enumerate(files):
        value = as_text(records[number][1].get(chosen.id)) if number in records else None
        if not value:
            walk.rejects.add(escape(found.path), f"has no value in the column of ids {chosen.id!r}")
        elif value in named:
            other = escape(files[named[value]].path)
            raise SourceError(
                f"--id: {value!r} stands in column {chosen.id!r} of both {other} and {escape(found.path)}",
                "choose a column whose values do not repeat",
            )
        else:
            named[value] = number
    if not named:
        raise SourceError(f"--id: no picture has a value in column {chosen.id!r}")
    order = sorted(named)
    kept = {place: records[named[value]] for place, value in enumerate(order)}
    return [files[named[value]] for value in order], order, kept


def _rows(files: Sequence[FileStat], ids: list[str], records: Records, chosen: Roles, options: SourceOptions) -> pa.Table:
    """Put the rows together from the places of the files and the tables beside them."""
    found = places([file.path for file in files])
    label, split, folder = _parts(found, records, chosen)
    own: dict[str, pa.Array] = {}
    if any(value is not None for value in folder):
        own["folder"] = text_column(folder)
    columns: dict[str, bool] = {}
    for table, _ in records.values():
        for column in table.columns:
            if column not in chosen.used:
                columns[column] = columns.get(column, False) or table.typed
    names = free_names(columns, taken=own)
    for column, typed in columns.items():
        values = [records[number][1].get(column) if number in records else None for number in range(len(files))]
        is_text = column in ("caption", "text", options.text)
        name = "caption" if column == options.text else names[column]
        own[name] = text_column(values) if is_text else own_column(values, from_text=not typed)
    return assemble(ids, [escape(file.path) for file in files], label, split, own)


def _parts(
    found: Sequence[Place], records: Records, chosen: Roles
) -> tuple[list[str | None], list[str | None], list[str | None]]:
    """Give label, split and folder of each row."""
    if chosen.label is None:
        label, folder = [place.label for place in found], [place.folder for place in found]
    else:
        label = [as_text(records[row][1].get(chosen.label)) if row in records else None for row in range(len(found))]
        folder = ["/".join(part for part in (place.label, place.folder) if part) or None for place in found]
    split = [place.split for place in found]
    if chosen.split is not None:
        split = [as_text(records[row][1].get(chosen.split)) if row in records else None for row in range(len(found))]
    return label, split, folder


def _dataset(source: Path, walk: Walk, files: Sequence[FileStat], rows: pa.Table) -> Dataset:
    stats = np.array([file[1:] for file in files], dtype=np.uint64).astype(np.int64).reshape(-1, 3)
    media = pa.table({"media": pa.array([file.path for file in files], pa.binary())})
    rejects = walk.rejects.table()
    media_key = digest("folder", os.fspath(walk.root), table_digest(rows.select(["id"])), table_digest(media), stats.tobytes())
    columns_key = table_digest(rows)
    return Dataset(
        key=digest("dataset", media_key, columns_key, table_digest(rejects)),
        kind="pictures",
        source=os.fspath(source),
        root=os.fspath(walk.root),
        rows=rows,
        media=media,
        stats=stats,
        rejects=rejects,
        counts=dict(sorted(walk.counts.items())),
        media_key=media_key,
        columns_key=columns_key,
    )


def _no_pictures(source: Path, walk: Walk) -> SourceError:
    """Say what was found in place of pictures."""
    if not walk.suffixes and not walk.folders:
        return SourceError(f"the folder {source} is empty", "give a folder that holds pictures")
    common = ", ".join(f"{count:,} {suffix}" for suffix, count in walk.suffixes.most_common(3))
    hint = f"what it holds: {common}" if common else "it holds folders without files"
    return SourceError(f"there is no picture in {source}", hint)
