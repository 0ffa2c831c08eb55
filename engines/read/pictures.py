"""Turn listed pictures into the rows of a data set, by where they lie and by what the tables beside them say."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from engines.artifacts import Dataset
from engines.errors import SourceError
from engines.keys import digest
from engines.media import Unreadable
from engines.protocols import SourceOptions
from engines.read.columns import as_text, assemble, free_names, own_column, text_column
from engines.read.join import Roles, join, roles, usable
from engines.read.layout import Place, places
from engines.read.listing import Found, Listing
from engines.read.metadata import MetadataTable, read_metadata
from engines.read.names import escape
from engines.table_key import table_digest

TABLE_LIMIT = 256 << 20
"""A larger table beside pictures is refused: it is held in memory as a whole."""
MOST_COLUMNS = 1000
ARCHIVES = frozenset({".zip", ".tar", ".tgz", ".tbz2", ".txz"})

Records = Mapping[int, tuple[MetadataTable, Mapping[str, Any]]]
"""By number of the row: the row of a table that speaks of it, and that table."""


@dataclass(frozen=True, kw_only=True)
class PictureRows:
    """Pictures that become rows, in this order, with what is known about each."""

    files: Sequence[Found]
    ids: Sequence[str]
    places: Sequence[Place]
    records: Records
    roles: Roles


def picture_dataset(
    source: Path, listing: Listing, options: SourceOptions, origin: Mapping[str, Any], *, whole: bool = True
) -> Dataset:
    """Make the data set of a listing, in the order of ids, which are the paths below its root.

    The label is the first folder below the root or below a split (see ``layout.places``). A column ``label`` (or the one that
    ``--label`` names) of a metadata table wins over folders: then a picture without a value there has no label, and the folder
    names are kept in the own column ``folder``. ``whole`` = False: the listing is a choice of what lies there, so rows of tables that
    name another picture are counted, not rejected.

    Raises:
        SourceError: when there is no picture, an option names a column that no table has, or ids repeat.
    """
    if not listing.pictures:
        raise no_pictures(source, listing)
    tables = [_table(listing, found) for found in sorted(listing.tables)]
    chosen = roles(tables, options)
    files = sorted(listing.pictures, key=lambda found: escape(found.path))
    numbers = {found.path: number for number, found in enumerate(files)}
    elsewhere = None if whole else listing.counts
    joined = join(usable(tables, chosen.file, listing.rejects), chosen.file, numbers, listing.rejects, elsewhere)
    files, ids, records = _identify(files, joined, chosen, listing)
    found = places([file.path for file in files])
    picked = PictureRows(files=files, ids=ids, places=found, records=records, roles=chosen)
    told = {"tables": [table.name for table in tables]} if tables else {}
    return rows_dataset(source, listing, picked, options, {**origin, **told})


def rows_dataset(
    source: Path, listing: Listing, picked: PictureRows, options: SourceOptions, origin: Mapping[str, Any]
) -> Dataset:
    """Put rows together from the places of files and from records; say in ``origin`` where labels and splits came from.

    ``origin`` gets: ``roles``, ``columns`` and ``names`` of the tables, ``labels`` and ``splits`` ("folders", "column" or none).
    """
    label, split, folder = _parts(picked)
    own: dict[str, pa.Array] = {}
    if any(value is not None for value in folder):
        own["folder"] = text_column(folder)
    seen: dict[int, MetadataTable] = {id(table): table for table, _ in picked.records.values()}
    columns: dict[str, bool] = {}
    for table in seen.values():
        for column in table.columns:
            columns[column] = columns.get(column, False) or table.typed
    used = picked.roles.used
    caption = options.caption or options.text
    names = free_names(_few(columns, used, listing), taken=own)
    for column in names:
        values = [picked.records[row][1].get(column) if row in picked.records else None for row in range(len(picked.ids))]
        if column == caption:
            names[column] = "caption"
        is_text = column in ("caption", "text", caption)
        own[names[column]] = text_column(values) if is_text else own_column(values, from_text=not columns[column])
    rows = assemble(picked.ids, [escape(file.path) for file in picked.files], label, split, own)
    told = {
        "roles": {**picked.roles.told, **({"caption": "caption" if caption is None else caption} if "caption" in own else {})}
        if columns
        else {},
        "columns": list(columns),
        "names": {given: name for given, name in names.items() if given != name},
        "labels": "column" if picked.roles.label else "folders" if any(place.label for place in picked.places) else None,
        "splits": "column" if picked.roles.split else "folders" if any(place.split for place in picked.places) else None,
    }
    return listed_dataset(source, listing, picked.files, rows, {**told, **origin})


def listed_dataset(
    source: Path, listing: Listing, files: Sequence[Found], rows: pa.Table, origin: Mapping[str, Any]
) -> Dataset:
    """Make a data set of pictures from rows that are ready, one per file."""
    media, stats = listing.contents.media(files)
    rejects = listing.rejects.table()
    identity = listing.contents.identity
    media_key = digest(identity, table_digest(rows.select(["id"])), table_digest(media), stats.tobytes())
    columns_key = table_digest(rows)
    return Dataset(
        key=digest("dataset", media_key, columns_key, table_digest(rejects)),
        kind="pictures",
        source=os.fspath(source),
        root=listing.contents.root,
        rows=rows,
        media=media,
        stats=stats,
        rejects=rejects,
        counts=dict(sorted(listing.counts.items())),
        origin=dict(origin),
        media_key=media_key,
        columns_key=columns_key,
    )


def no_pictures(source: Path, listing: Listing) -> SourceError:
    """Say what was found in place of pictures."""
    if not listing.suffixes and not listing.folders and not len(listing.rejects):
        return SourceError(f"{source} is empty", "give a folder or an archive that holds pictures")
    common = ", ".join(f"{count:,} {suffix}" for suffix, count in listing.suffixes.most_common(3))
    hint = f"what it holds: {common}" if common else "it holds folders without files"
    if any(suffix in ARCHIVES for suffix in listing.suffixes):
        hint += "; give the archive itself as the source"
    if not common and len(listing.rejects):
        hint = f"{len(listing.rejects):,} rejected, the first because: {listing.rejects.reasons[0]}"
    return SourceError(f"there is no picture in {source}", hint)


def _few(columns: Mapping[str, bool], used: set[str], listing: Listing) -> list[str]:
    """Choose the columns that become own columns: the first ones, where there are more than anybody looks at."""
    own = [column for column in columns if column not in used]
    if len(own) > MOST_COLUMNS:
        listing.rejects.add(
            None, f"{len(own) - MOST_COLUMNS:,} of {len(own):,} columns are left out; {MOST_COLUMNS:,} are kept"
        )
    return own[:MOST_COLUMNS]


def _table(listing: Listing, found: Found) -> MetadataTable:
    name = escape(found.path)
    if found.size > TABLE_LIMIT:
        raise SourceError(
            f"{name} has {found.size / 2**20:,.0f} MiB; a table beside pictures may have {TABLE_LIMIT >> 20}",
            "give the table itself as the source, with --image for its column of pictures",
        )
    try:
        raw = listing.contents.read(found, TABLE_LIMIT)
    except Unreadable as error:
        raise SourceError(f"{name}: {error}") from None
    return read_metadata(raw, found.path, listing.rejects)


def _identify(files: list[Found], records: Records, chosen: Roles, listing: Listing) -> tuple[list[Found], list[str], Records]:
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
            listing.rejects.add(escape(found.path), f"has no value in the column of ids {chosen.id!r}")
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


def _parts(picked: PictureRows) -> tuple[list[str | None], list[str | None], list[str | None]]:
    """Give label, split and folder of each row."""
    found, records, chosen = picked.places, picked.records, picked.roles
    if chosen.label is None:
        label, folder = [place.label for place in found], [place.folder for place in found]
    else:
        label = [as_text(records[row][1].get(chosen.label)) if row in records else None for row in range(len(found))]
        folder = ["/".join(part for part in (place.label, place.folder) if part) or None for place in found]
    split = [place.split for place in found]
    if chosen.split is not None:
        split = [as_text(records[row][1].get(chosen.split)) if row in records else None for row in range(len(found))]
    return label, split, folder


__all__ = ["PictureRows", "Records", "listed_dataset", "no_pictures", "picture_dataset", "rows_dataset"]
