"""Put the rows of a table together as a data set: ids, labels, splits, own columns, and the record of what was understood."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engines.artifacts import Dataset, Float32
from engines.errors import SourceError
from engines.keys import digest
from engines.media import media_table
from engines.protocols import Reading
from engines.read.columns import assemble, free_names, numbers_in, text_column
from engines.read.table_gather import Gathered, Plan
from engines.read.table_ids import content_hashes, numbered, row_hashes, unique_ids
from engines.read.table_labels import class_names, labels, one_hot_labels, sibling_names
from engines.read.table_media import with_container_stats
from engines.table_key import table_digest

FEW = 50
"""Up to this many different values a column of texts is a category, which can make a vector."""
NO_FEATURES = frozenset({"row", "index", "unnamed_0", "index_level_0", "level_0"})


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is known about a table beside its rows: by which reader, in which format, where it lies, what its features are."""

    reader: str
    format: str
    root: Path
    typed: bool
    features: Mapping[str, Any]
    columns: Sequence[str]
    more: Mapping[str, Any] = field(default_factory=dict)


class Assembly:
    """One table on its way to a data set; columns are read from what was gathered as they are needed."""

    def __init__(self, plan: Plan, told: Told, found: Gathered) -> None:
        self.plan, self.told, self.found = plan, told, found
        self.roles = plan.roles
        self._columns: dict[str, Any] = {}
        self._label_names: dict[str, str] = {}
        self._made_of: list[str] = []

    def reading(self) -> Reading:
        """Give the data set and its vectors.

        Raises:
            SourceError: when no row is left, ids repeat, or a table holds nothing that makes a vector.
        """
        if not self.found.rows:
            raise self._nothing()
        numbers = np.concatenate(self.found.numbers)
        label, split = self._label(), self._split()
        kept = self._own_names()
        if self.roles.kind == "table":
            self._made_of = self._features(kept)
            if not self._made_of:
                raise self._no_vector()
        ids = self._ids(numbers, kept)
        kept = self._own_names()
        names = free_names(kept, taken=("row", "caption"))
        own: dict[str, Any] = {"row": pa.array(numbers, pa.int64())}
        for name in kept:
            if name == self.roles.caption:
                names[name] = "caption"
            own[names[name]] = self._captions(name) if name == self.roles.caption else self.column(name)
        path = self._path()
        rows = assemble(ids, path, label, split, own)
        return Reading(dataset=self._dataset(rows, names), vectors=self.found.vectors)

    def column(self, name: str) -> Any:
        """Give a column in its natural type."""
        if name not in self._columns:
            values = self.found.column(name)
            untyped = not self.told.typed or any(name in part.constants for part in self.plan.parts)
            if untyped and pa.types.is_string(values.type):
                comma = self.found.notes.get("delimiter") == ";"
                found = numbers_in(values, decimal_comma=comma)
                values = text_column(values) if found is None else found
            self._columns[name] = text_column(values) if _is_list(values.type) or pa.types.is_null(values.type) else values
        return self._columns[name]

    def _own_names(self) -> list[str]:
        """Name the person's own columns: what plays no part that the project has a column for; lists of labels stay."""
        roles = self.roles
        parts = {roles.id, roles.split, roles.label_name if self._label_names else None}
        if roles.label is not None and not _is_list(self.found.column(roles.label).type):
            parts.add(roles.label)
        return [name for name in self.found.columns if name not in parts]

    def _label(self) -> Any:
        roles, found = self.roles, self.found
        if roles.one_hot:
            values, _ = one_hot_labels({name: self.column(name) for name in roles.one_hot})
            return values
        if roles.label is None:
            return pa.nulls(found.rows, pa.string())
        values = found.column(roles.label)
        names = class_names(self.told.features.get(roles.label))
        if names:
            self._label_names = {str(number): name for number, name in enumerate(names)}
        elif roles.label_name is not None:
            learned = sibling_names(values, found.column(roles.label_name))
            if learned is not None:
                self._label_names = learned
                return text_column(found.column(roles.label_name))
            # The first rows promised more than the others hold.
            roles.label_name = None
        return labels(values, names)

    def _split(self) -> Any:
        if self.roles.split is not None:
            return text_column(self.found.column(self.roles.split))
        if self.found.splits:
            return pa.chunked_array(self.found.splits, pa.string())
        return pa.nulls(self.found.rows, pa.string())

    def _path(self) -> Any:
        if self.found.pictures:
            return pa.chunked_array([pictures.path for pictures in self.found.pictures], pa.string())
        return pa.nulls(self.found.rows, pa.string())

    def _captions(self, name: str) -> Any:
        values = self.found.column(name)
        if not _is_list(values.type):
            return text_column(values)
        return labels(values, ())

    def _ids(self, numbers: Any, kept: Sequence[str]) -> Any:
        """Give the ids: the values of a column, else the hash of what a row is; labels and splits never enter."""
        roles, found = self.roles, self.found
        if roles.id is not None:
            splits = pa.chunked_array(found.splits, pa.string()) if found.splits else None
            ids, preceded = unique_ids(str(self.plan.source), roles.id, text_column(found.column(roles.id)), numbers, splits)
            if preceded:
                roles.why["id"] = f"{roles.why.get('id', 'by its name')}, preceded by the split"
            return ids
        if roles.id_candidate is not None:
            values = text_column(found.column(roles.id_candidate))
            if not values.null_count and pc.count_distinct(values).as_py() == len(values):
                roles.id = roles.id_candidate
                return values
            roles.why.pop("id", None)
        if roles.kind != "table":
            return numbered(content_hashes(found))
        names = sorted(name for name in kept if name not in {*roles.one_hot, roles.weight, roles.label})
        return numbered(row_hashes([self.column(name) for name in names], found.rows))

    def _features(self, kept: Sequence[str]) -> list[str]:
        """Name the columns that make the vector of a row of a table: numbers, truth values, and texts of few different values."""
        if self.roles.features:
            lost = [name for name in self.roles.features if name not in kept]
            if lost:
                raise SourceError(
                    f"--features: the column {lost[0]!r} of {self.plan.source} plays another part, or holds bytes",
                    self._roles_told(),
                )
            return list(self.roles.features)
        left = {self.roles.weight, self.roles.label, self.roles.id_candidate, *self.roles.one_hot}
        return [name for name in kept if name not in left and _plain_name(name) not in NO_FEATURES and self._is_feature(name)]

    def _is_feature(self, name: str) -> bool:
        values = self.column(name)
        if values.null_count == len(values):
            return False
        if pa.types.is_integer(values.type) and not values.null_count and len(values) > 2:
            # What counts the rows says nothing about them.
            return not bool((np.diff(values.to_numpy().astype(np.int64)) == 1).all())
        if not pa.types.is_string(values.type):
            return not pa.types.is_date(values.type) and not pa.types.is_timestamp(values.type)
        distinct = int(pc.count_distinct(values).as_py())
        return distinct <= FEW and (distinct * 2 <= len(values) or len(values) < 10)

    def _dataset(self, rows: pa.Table, names: Mapping[str, str]) -> Dataset:
        roles, found = self.roles, self.found
        media, stats, held = self._media(rows.num_rows)
        features = []
        if roles.kind == "table":
            # An id that was found by its values only now makes no vector.
            features = [names[name] for name in self._made_of if name in names]
            held = [table_digest(rows.select(features))]
        media_key = digest("table", os.fspath(self.plan.source.absolute()), table_digest(rows.select(["id"])), *held)
        columns_key = table_digest(rows)
        rejects = found.rejects.table()
        origin = {
            "reader": self.told.reader,
            "format": self.told.format,
            "roles": roles.record(),
            "why": dict(roles.why),
            "columns": list(self.told.columns),
            "names": {name: given for name, given in names.items() if name != given},
            "label_names": self._label_names,
            "features": features,
            "labels": "column" if roles.label or roles.one_hot else None,
            "splits": "column" if roles.split else "files" if found.splits else None,
            "files": found.files,
            **({"left_out": found.left_out} if found.left_out else {}),
            **found.notes,
            **self.told.more,
        }
        return Dataset(
            key=digest(
                "dataset", media_key, columns_key, table_digest(rejects), json.dumps(origin, sort_keys=True, default=str)
            ),
            kind=roles.kind,
            source=os.fspath(self.plan.source),
            root=os.fspath(self.told.root),
            rows=rows,
            media=media,
            stats=stats,
            rejects=rejects,
            counts=dict(sorted(found.counts.items())),
            origin=origin,
            media_key=media_key,
            columns_key=columns_key,
        )

    def _media(self, count: int) -> tuple[pa.Table, Any, list[str]]:
        """Give where the media lie, the state of their files, and what stands for their content in the key."""
        found, kind = self.found, self.roles.kind
        nothing = np.empty((0, 3), dtype=np.int64)
        if kind == "texts":
            media = pa.table({"media": pa.chunked_array(found.texts, pa.string())})
            return media, nothing, [table_digest(media)]
        if kind == "vectors":
            return media_table(pa.nulls(count, pa.binary())), nothing, [_hash(found.vectors)]
        if kind == "table":
            return media_table(pa.nulls(count, pa.binary())), nothing, []
        paths = pa.chunked_array([pictures.media for pictures in found.pictures], pa.binary())
        offset = np.concatenate([pictures.offset for pictures in found.pictures])
        length = np.concatenate([pictures.length for pictures in found.pictures])
        stats = np.concatenate([pictures.stats for pictures in found.pictures])
        inside = offset >= 0
        # Where the pack lies does not matter, nor when it was written: the files of the table tell what is in it.
        outside = pc.if_else(pa.array(inside), None, paths)
        held = [table_digest(pa.table({"media": outside, "offset": offset, "length": length})), digest(stats.tobytes())]
        if inside.any():
            held += [_identity(part.path) for part in self.plan.parts] + [str(self.roles.image)]
            return media_table(paths, offset, length), with_container_stats(paths, offset, stats), held
        return media_table(paths), stats, held

    def _nothing(self) -> SourceError:
        rejects = self.found.rejects
        if not len(rejects):
            return SourceError(f"{self.plan.source} has no rows", "it has the names of columns, or nothing at all")
        told = zip(rejects.rows[:3], rejects.reasons[:3], strict=True)
        reasons = "; ".join(f"row {(row or 0) + 1} {reason}" for row, reason in told)
        return SourceError(
            f"not one of the {len(rejects):,} rows of {self.plan.source} can be used: {reasons}", self._roles_told()
        )

    def _no_vector(self) -> SourceError:
        columns = ", ".join(list(self.told.columns)[:20])
        return SourceError(
            f"{self.plan.source} has no column of pictures, texts, vectors, numbers or categories: {columns}",
            "name one with --image, --text or --features",
        )

    def _roles_told(self) -> str:
        record = self.roles.record()
        told = ", ".join(
            f"{part} = {record[part]}" for part in ("image", "text", "id", "label", "split", "vectors") if part in record
        )
        return f"what was understood: {told}; --image, --text, --id and --features choose other columns" if told else ""


def _hash(vectors: Mapping[str, Float32]) -> str:
    state = hashlib.blake2b(digest_size=16)
    for name, matrix in vectors.items():
        state.update(f"{name} {matrix.shape}".encode())
        for start in range(0, len(matrix), 16384):
            state.update(np.ascontiguousarray(matrix[start : start + 16384]).tobytes())
    return state.hexdigest()


def _identity(path: Path) -> str:
    info = path.stat()
    return f"{path} {info.st_size} {info.st_mtime_ns} {info.st_ino}"


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _plain_name(name: str) -> str:
    return "_".join(part for part in name.lower().replace(":", "_").replace(" ", "_").split("_") if part)


__all__ = ["Assembly", "Told"]
