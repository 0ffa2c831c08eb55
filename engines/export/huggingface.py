"""Export as a folder that the library ``datasets`` loads: Parquet files per split, pictures inside, features in their schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, ClassVar, Self

import pyarrow as pa
import pyarrow.parquet as pq

from engines.artifacts import Dataset
from engines.export.guard import sha256_of
from engines.export.ledger import Ledger, known_content
from engines.export.media import HEAD, file_name
from engines.export.names import safe_name
from engines.export.parquet import storable
from engines.export.plan import Rows
from engines.export.splits import IMAGE, Splits, by_split
from engines.parameters import Doc, Range, engine
from engines.protocols import ExportRow, Progress

HELD = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
BLOCK_ROWS = 256
BLOCK_BYTES = 16 << 20
"""What waits in memory before it is written: so many rows or bytes of pictures, whichever comes first."""
CARD = """---
configs:
- config_name: default
  data_files:
{files}
---

# Exported by dataset-explorer

{rows} rows. `export.json` says where they come from and what was left out and why; `decisions.jsonl` holds every decision.

Load it with `datasets.load_dataset("THIS FOLDER")`.
"""


@engine
class HuggingFaceExporter:
    """Write ``data/<split>-00000-of-0000N.parquet`` and ``README.md``: a folder for ``datasets.load_dataset``.

    Pictures lie in the column ``image`` (their bytes and name), labels are ``ClassLabel`` numbers in the column ``label``; numbers that
    the source gave its classes stay. Rows without a split are ``train`` where no row has one.
    """

    suffix: ClassVar[str] = ""
    with_findings: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ("pyarrow",)
    shard_mb: Annotated[int, Range(1, 100_000), Doc("megabytes of a file, about, before the next one begins")] = 500

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Take everything."""
        del dataset
        return ""

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write the files, one at a time, in blocks of rows."""
        columns = rows.schema if isinstance(rows, Rows) else None
        splits = by_split(rows)
        if columns is None:
            splits, columns = _looked_through(splits)
        layout = _Layout(splits, columns)
        ledger = Ledger()
        (target / "data").mkdir()
        progress(0.0, "writing files")
        counts: dict[str, int] = {}
        for _, name, part in splits.parts:
            before = ledger.rows
            with _Shards(target / "data", name, layout, self.shard_mb << 20) as shards:
                for row in part:
                    _one(row, known_content(part, row), layout, shards, ledger)
                    done = ledger.rows + len(ledger.missing)
                    if done % 20 == 0:
                        progress(done / splits.total, f"writing files: {done:,} of {splits.total:,}")
            for path in shards.finish():
                ledger.files[f"data/{path.name}"] = sha256_of(path)
            counts[name] = ledger.rows - before
        _write_card(target, {name: count for name, count in counts.items() if count}, ledger)
        progress(1.0, "files written")
        return ledger.told() | {"splits": splits.told, "columns": layout.renamed, "class_names": list(splits.classes)}


class _Layout:
    """The columns of the files: picture, label as a number, id, and the others under names that do not collide."""

    def __init__(self, splits: Splits, columns: pa.Schema) -> None:
        self.classes = {name: number for number, name in enumerate(splits.classes)}
        self.media = splits.media
        fields = [pa.field(self.media, HELD)] if self.media else []
        fields += [pa.field("label", pa.int64())] if self.classes else []
        fields.append(pa.field("id", pa.string()))
        taken = {field.name for field in fields} | {"split"}
        self.names: dict[str, str] = {}
        for field in columns:
            name = field.name
            while name in taken:
                name = f"own_{name}"
            taken.add(name)
            self.names[field.name] = name
            fields.append(storable(field).with_name(name))
        self.schema = pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": self._features()}})})

    @property
    def renamed(self) -> dict[str, str]:
        """Tell which columns got another name."""
        return {given: name for given, name in self.names.items() if given != name}

    def _features(self) -> dict[str, Any]:
        """Say what ``datasets`` cannot see in the types: the others it works out itself."""
        features: dict[str, Any] = {IMAGE: {"_type": "Image"}} if self.media == IMAGE else {}
        return features | ({"label": {"names": list(self.classes), "_type": "ClassLabel"}} if self.classes else {})

    def record(self, row: ExportRow, raw: bytes | None) -> dict[str, Any]:
        """Give a row as one of the file."""
        record: dict[str, Any] = {self.names[name]: value for name, value in row.columns.items() if name in self.names}
        record["id"] = row.id
        if self.classes:
            record["label"] = None if row.label is None else self.classes[row.label]
        if raw is not None:
            record[self.media] = {"bytes": raw, "path": safe_name(file_name(row, raw[:HEAD]))}
        return record


class _Shards:
    """The files of one split, written one after the other; their names are whole when their number is known."""

    def __init__(self, folder: Path, name: str, layout: _Layout, limit: int) -> None:
        self._folder, self._name, self._layout, self._limit = folder, name, layout, limit
        self._paths: list[Path] = []
        self._file: Any = None
        self._writer: pq.ParquetWriter | None = None
        self._block: list[dict[str, Any]] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._flush()
        self._close()

    def add(self, record: dict[str, Any], size: int) -> None:
        """Take a row in; it is written with its block."""
        if len(self._block) >= BLOCK_ROWS or self._bytes + size > BLOCK_BYTES:
            self._flush()
        self._block.append(record)
        self._bytes += size

    def finish(self) -> list[Path]:
        """Give the files their names."""
        width = len(self._paths)
        return [
            path.rename(self._folder / f"{self._name}-{number:05d}-of-{width:05d}.parquet")
            for number, path in enumerate(self._paths)
        ]

    def _flush(self) -> None:
        if not self._block:
            return
        if self._writer is None:
            path = self._folder / f"{self._name}-{len(self._paths):05d}.part"
            self._file = path.open("xb")
            # Pictures are packed already, and no two are the same: neither a dictionary nor statistics of them are of use.
            plain = [name for name in self._layout.schema.names if name != self._layout.media]
            self._writer = pq.ParquetWriter(
                self._file, self._layout.schema, compression="snappy", use_dictionary=plain, write_statistics=plain
            )
            self._paths.append(path)
        self._writer.write_table(pa.Table.from_pylist(self._block, schema=self._layout.schema))
        self._block, self._bytes = [], 0
        if self._file.tell() >= self._limit:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._file.close()
            self._writer = self._file = None


def _one(row: ExportRow, known: str | None, layout: _Layout, shards: _Shards, ledger: Ledger) -> None:
    raw = None
    if row.file is not None or row.read is not None:
        raw = ledger.take(row, known)
        if raw is None:
            return
    shards.add(layout.record(row, raw), len(raw or b""))
    ledger.rows += 1


def _looked_through(splits: Splits) -> tuple[Splits, pa.Schema]:
    """Find the columns of rows that are not those of a plan."""
    known = [(split, name, list(part)) for split, name, part in splits.parts]
    every = [row for _, _, part in known for row in part]
    names = dict.fromkeys(column for row in every for column in row.columns)
    table = pa.table({name: [row.columns.get(name) for row in every] for name in names})
    return replace(splits, parts=known), table.schema


def _write_card(target: Path, counts: Mapping[str, int], ledger: Ledger) -> None:
    files: Iterable[str] = (f"  - split: {name}\n    path: data/{name}-*" for name in counts)
    path = target / "README.md"
    path.write_text(CARD.format(files="\n".join(files), rows=f"{ledger.rows:,}"), encoding="utf-8", newline="\n")
    ledger.files[path.name] = sha256_of(path)


__all__ = ["HuggingFaceExporter"]
