"""Collect what a reader cannot use, each with a reason in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA


@dataclass
class Rejects:
    """A growing list of rejects of the stage read."""

    records: list[dict[str, str | int | None]] = field(default_factory=list)

    def add(self, name: str | None, reason: str, *, path: str | None = None, row: int | None = None) -> None:
        """Note that ``name`` (an id) cannot be used; ``path`` defaults to it, ``row`` counts from 0 in a table or array."""
        self.records.append({"id": name, "path": name if path is None else path, "row": row, "stage": "read", "reason": reason})

    def table(self) -> pa.Table:
        """Give the rejects in the order of their ids."""
        ordered = sorted(self.records, key=lambda record: (str(record["id"] or ""), record["row"] or 0))
        return pa.Table.from_pylist(ordered, schema=REJECT_SCHEMA)
