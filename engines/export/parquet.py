"""Export the rows as one Parquet table with their types."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from engines.artifacts import Dataset
from engines.export.guard import sha256_of
from engines.export.plan import Rows
from engines.parameters import engine
from engines.protocols import ExportRow, Progress

BLOCK = 65_536
FIRST = (("id", pa.string()), ("label", pa.string()), ("split", pa.string()))


@engine
class ParquetExporter:
    """Write ``samples.parquet`` (zstd): id, label, split and the columns, types as in the data set."""

    suffix: ClassVar[str] = ".parquet"
    with_findings: ClassVar[bool] = True
    packages: ClassVar[tuple[str, ...]] = ("pyarrow",)

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Take everything."""
        del dataset
        return ""

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write the table in groups of rows."""
        name = "samples.parquet"
        total = operator.length_hint(rows)
        schema: pa.Schema | None = None
        if isinstance(rows, Rows):
            schema = pa.schema([*FIRST, *[storable(field) for field in rows.schema]])
        tables: list[pa.Table] = []
        count = 0
        progress(0.0, "writing rows")
        if schema is None:
            tables = list(_tables(rows, None))
            schema = pa.unify_schemas([table.schema for table in tables], promote_options="permissive") if tables else None
            schema = pa.schema([storable(field) for field in schema]) if schema else pa.schema(list(FIRST))
        with pq.ParquetWriter(target / name, schema, compression="zstd") as writer:
            for table in tables or _tables(rows, schema):
                writer.write_table(_cast(table, schema))
                count += table.num_rows
                progress(count / max(total, count), f"writing rows: {count:,} of {total:,}")
        return {"rows_out": count, "files": {name: sha256_of(target / name)}}


def _tables(rows: Iterator[ExportRow], schema: pa.Schema | None) -> Iterator[pa.Table]:
    while block := list(islice(rows, BLOCK)):
        records = [{**row.columns, "id": row.id, "label": row.label, "split": row.split} for row in block]
        if schema is None:
            order = [*(name for name, _ in FIRST), *dict.fromkeys(column for row in block for column in row.columns)]
            # from_pylist looks at the names of the first record only.
            yield pa.table({column: [record.get(column) for record in records] for column in dict.fromkeys(order)})
        else:
            yield pa.Table.from_pylist(records, schema=schema)


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Bring a table of a part of the rows into the schema of all."""
    missing = {field.name: pa.nulls(table.num_rows, field.type) for field in schema if field.name not in table.column_names}
    for name, column in missing.items():
        table = table.append_column(name, column)
    return table.select(schema.names).cast(schema)


def storable(field: pa.Field) -> pa.Field:
    """Store a column without any value as text, and one of codes with a list of values as its values: Parquet readers differ in both."""
    if pa.types.is_dictionary(field.type):
        field = field.with_type(field.type.value_type)
    return field.with_type(pa.string()) if pa.types.is_null(field.type) else field


__all__ = ["ParquetExporter", "storable"]
