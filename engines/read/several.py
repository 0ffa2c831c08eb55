"""Join several sources to one data set with a column ``source``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, ROW_COLUMNS, Dataset, Float32
from engines.errors import SourceError
from engines.keys import digest
from engines.media import media_table
from engines.protocols import Reading, SourceOptions
from engines.table_key import table_digest

COLUMN = "source"


def join_sources(sources: Sequence[Path], readings: Sequence[Reading], options: SourceOptions) -> Reading:
    """Put the rows of several sources under one another, in their order; ids and paths begin with the name of the source.

    A source is called as ``options.source_names`` say, else by the last part of its path, with a number where that repeats. Own columns of one
    name are one column: of their common type, else text. Vectors are kept where every source brings them, of one length, under one name.

    Raises:
        SourceError: when the kinds of the sources differ.
    """
    names = source_names(sources, options)
    datasets = [reading.dataset for reading in readings]
    kinds = {dataset.kind for dataset in datasets}
    if len(kinds) > 1:
        told = ", ".join(f"{name}: {dataset.kind}" for name, dataset in zip(names, datasets, strict=True))
        raise SourceError(f"sources of different kinds cannot be one data set ({told})", "open them one after the other")
    rows = _stacked([_named(dataset.rows, name) for dataset, name in zip(datasets, names, strict=True)])
    media = _media(datasets)
    with_files = all(len(dataset.stats) == len(dataset) for dataset in datasets)
    stats = np.concatenate([dataset.stats for dataset in datasets]) if with_files else np.empty((0, 3), dtype=np.int64)
    rejects = pa.concat_tables([_named_rejects(dataset.rejects, name) for dataset, name in zip(datasets, names, strict=True)])
    counts: Counter[str] = Counter()
    for dataset in datasets:
        counts.update(dataset.counts)
    media_key = digest("several", *names, *(dataset.media_key for dataset in datasets))
    columns_key = table_digest(rows)
    joined = Dataset(
        key=digest("dataset", media_key, columns_key, table_digest(rejects)),
        kind=datasets[0].kind,
        source=" + ".join(dataset.source for dataset in datasets),
        root=datasets[0].root,
        rows=rows,
        media=media,
        stats=stats,
        rejects=rejects,
        counts=dict(counts),
        origin={"reader": "several", "names": {}, "roles": {}, "sources": _origins(names, datasets)},
        media_key=media_key,
        columns_key=columns_key,
    )
    return Reading(dataset=joined, vectors=_vectors(readings))


def source_names(sources: Sequence[Path], options: SourceOptions) -> list[str]:
    """Call every source by a name of its own."""
    if options.source_names:
        return list(options.source_names)
    plain = [os.fsencode(source.name or str(source)).decode("utf-8", "backslashreplace") for source in sources]
    return [name if plain.count(name) == 1 else f"{name}-{plain[:at].count(name) + 1}" for at, name in enumerate(plain)]


def _named(rows: pa.Table, name: str) -> pa.Table:
    """Put the name of the source before ids and paths, and into a column of its own."""
    for place, column in enumerate(("id", "path")):
        texts = [None if text is None else f"{name}/{text}" for text in rows.column(column).to_pylist()]
        rows = rows.set_column(place, column, pa.array(texts, pa.string()))
    given = [f"own_{column}" if column == COLUMN else column for column in rows.column_names]
    return rows.rename_columns(given).append_column(COLUMN, pa.array([name] * len(rows), pa.string()))


def _named_rejects(rejects: pa.Table, name: str) -> pa.Table:
    for place, column in enumerate(("id", "path")):
        texts = [None if text is None else f"{name}/{text}" for text in rejects.column(column).to_pylist()]
        rejects = rejects.set_column(place, column, pa.array(texts, pa.string()))
    return rejects.cast(REJECT_SCHEMA)


def _stacked(tables: Sequence[pa.Table]) -> pa.Table:
    columns = list(dict.fromkeys(name for table in tables for name in table.column_names if name not in (*ROW_COLUMNS, COLUMN)))
    made: dict[str, Any] = {}
    for name in (*ROW_COLUMNS, COLUMN, *columns):
        parts = [table.column(name) if name in table.column_names else pa.nulls(len(table), pa.null()) for table in tables]
        made[name] = _one_type(parts)
    return pa.table(made)


def _one_type(parts: Sequence[Any]) -> pa.ChunkedArray:
    """Bring the parts of a column to one type: numbers to the wider one, everything else that differs to text."""
    types = {part.type for part in parts if not pa.types.is_null(part.type)}
    if not types:
        target = pa.string()
    elif len(types) == 1:
        target = types.pop()
    elif all(pa.types.is_integer(one) or pa.types.is_floating(one) for one in types):
        target = pa.float64() if any(pa.types.is_floating(one) for one in types) else pa.int64()
    else:
        texts = [None if value is None else str(value) for part in parts for value in part.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    chunks: list[pa.Array] = []
    for part in parts:
        cast = part.cast(target)
        chunks += cast.chunks if isinstance(cast, pa.ChunkedArray) else [cast]
    return pa.chunked_array(chunks, target)


def _media(datasets: Sequence[Dataset]) -> pa.Table:
    """Put the places of all media together; paths become absolute, since each source has a root of its own."""
    held: list[bytes | str | None] = []
    for dataset in datasets:
        root = os.fsencode(dataset.root)
        values = dataset.media.column("media").to_pylist()
        held += [os.path.join(root, value) if isinstance(value, bytes) else value for value in values]  # noqa: PTH118 bytes
    kind = datasets[0].media.column("media").type
    media = pa.array(held, kind)
    if not any("offset" in dataset.media.column_names for dataset in datasets):
        return media_table(media)
    cuts: dict[str, list[Any]] = {"offset": [], "length": [], "codec": []}
    for dataset in datasets:
        for name, values in cuts.items():
            missing = "" if name == "codec" else -1
            known = dataset.media.column(name).to_pylist() if name in dataset.media.column_names else [None] * len(dataset)
            values += [missing if value is None else value for value in known]
    return media_table(media, np.array(cuts["offset"], np.int64), np.array(cuts["length"], np.int64), cuts["codec"])


def _origins(names: Sequence[str], datasets: Sequence[Dataset]) -> list[dict[str, Any]]:
    return [
        {"name": name, "source": dataset.source, "root": dataset.root, "rows": len(dataset), **dataset.origin}
        for name, dataset in zip(names, datasets, strict=True)
    ]


def _vectors(readings: Sequence[Reading]) -> dict[str, Float32]:
    shared = [name for name in readings[0].vectors if all(name in reading.vectors for reading in readings)]
    fitting = [name for name in shared if len({reading.vectors[name].shape[1] for reading in readings}) == 1]
    if readings[0].vectors and not fitting and readings[0].dataset.kind == "vectors":
        lengths = ", ".join(f"{name} {array.shape[1]}" for reading in readings for name, array in reading.vectors.items())
        raise SourceError(f"the vectors of the sources differ in length ({lengths})", "vectors of one encoder belong together")
    return {name: np.concatenate([reading.vectors[name] for reading in readings]) for name in fitting}


__all__ = ["COLUMN", "join_sources", "source_names"]
