"""Collect what a reader cannot use, each with a reason in plain words."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA


@dataclass
class Rejects:
    """A growing list of rejects of the stage read, by columns: there may be as many as members in an archive."""

    names: list[str | None] = field(default_factory=list)
    paths: list[str | None] = field(default_factory=list)
    rows: list[int | None] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str | None, reason: str, *, path: str | None = None, row: int | None = None) -> None:
        """Note that ``name`` (an id) cannot be used; ``path`` defaults to it, ``row`` counts from 0 in a table or array."""
        self.names.append(name)
        self.paths.append(name if path is None else path)
        self.rows.append(row)
        self.reasons.append(sys.intern(reason))

    def table(self) -> pa.Table:
        """Give the rejects in the order of their ids."""
        order = sorted(range(len(self)), key=lambda place: (self.names[place] or "", self.rows[place] or 0))
        columns = {
            "id": [self.names[place] for place in order],
            "path": [self.paths[place] for place in order],
            "row": [self.rows[place] for place in order],
            "stage": ["read"] * len(order),
            "reason": [self.reasons[place] for place in order],
        }
        return pa.table(columns, schema=REJECT_SCHEMA)
