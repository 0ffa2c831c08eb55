"""The key of a table: by what it says, not by how its memory is cut."""

from __future__ import annotations

import pyarrow as pa

from engines.keys import digest


def table_digest(table: pa.Table) -> str:
    """Hash names, types and values of a table; how its memory is cut into chunks does not enter."""
    parts: list[bytes | str] = []
    for name in table.column_names:
        column = table.column(name)
        # Built anew from plain values, equal columns have equal buffers.
        plain = pa.array(column.to_pylist(), column.type)
        batch = pa.record_batch([plain], names=[name])
        parts += [name, str(column.type), batch.serialize().to_pybytes()]
    return digest(*parts)
