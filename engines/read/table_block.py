"""What the opener of a file format gives to whoever reads tables: blocks of rows as Arrow columns, and rows that are broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

BLOCK_ROWS = 8192
BLOCK_BYTES = 16 << 20
BLOCK_CELLS = 1_000_000


class Bad(NamedTuple):
    """A row of the file that cannot be used: its number from 0, and why."""

    row: int
    reason: str


class Mapped(NamedTuple):
    """Where a file lies in memory: an Arrow buffer at ``address + offset`` is the file's bytes from ``offset`` on."""

    address: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some rows of a file: their numbers in it (from 0, ascending), and their columns; ``fraction`` of the file is read then.

    ``bad``: rows of the file that are broken and therefore not among ``rows``. ``mapped``: the columns lie in the mapped file.
    """

    rows: npt.NDArray[np.int64]
    columns: Mapping[str, Any]
    bad: tuple[Bad, ...] = ()
    fraction: float = 1.0
    mapped: Mapped | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> Any:
        """Give a column as one Arrow array; nulls where a file without a schema does not have it here."""
        found = self.columns.get(name)
        return pa.nulls(len(self.rows)) if found is None else found


class TableFile(Protocol):
    """An opened file of rows.

    ``columns`` are its names in order, each once; a format without a schema may learn more of them while it is read. ``metadata`` is what
    an Arrow schema carries. ``typed`` is false where every value is a text (CSV).
    """

    format: ClassVar[str]
    typed: ClassVar[bool]
    path: Path
    columns: list[str]
    metadata: Mapping[bytes, bytes]

    def blocks(self, *, without: str | None = None) -> Iterator[Block]:
        """Give the rows in their order, with bounded memory; a format by columns need not read the column ``without``.

        Raises:
            SourceError: when the file cannot be read any further as a whole.
        """
        ...

    def notes(self) -> dict[str, Any]:
        """Say how the file was read (encoding, delimiter), for ``Dataset.origin``; complete when its blocks have been read."""
        ...

    def counts(self) -> dict[str, int]:
        """Count what was passed over or mended in silence."""
        ...


@dataclass
class Part:
    """A file of a table that may lie in several: where, which split its place tells, and columns that its folders' names tell."""

    path: Path
    split: str | None = None
    constants: dict[str, str] = field(default_factory=dict)


__all__ = ["BLOCK_BYTES", "BLOCK_CELLS", "BLOCK_ROWS", "Bad", "Block", "Mapped", "Part", "TableFile"]
