"""Go through the files of a table block by block: keep what is small, place what is large, and reject rows that are broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engines.artifacts import Float32
from engines.errors import SourceError
from engines.protocols import Progress
from engines.read.columns import as_text, text_column, unify
from engines.read.rejects import Rejects
from engines.read.table_block import Block, Part, TableFile
from engines.read.table_files import open_table
from engines.read.table_media import ColumnPictures, Pictures
from engines.read.table_paths import PathFinder
from engines.read.table_search import Roles
from engines.read.table_vectors import VectorSpool, vectors_of

MOST_REJECTS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is taken from each row: the parts that columns play, the length of each column of vectors, and where files are looked for.

    ``digests``: ids are made of the content of pictures.
    """

    source: Path
    parts: Sequence[Part]
    roles: Roles
    lengths: Mapping[str, int]
    finder: PathFinder
    scratch: Path
    digests: bool


@dataclass
class Gathered:
    """The rows that can be used, in the order of the files.

    ``numbers``: of each row in its table, from 0, over all files; ``files``: how many rows each file has, in their order.
    ``columns``: everything else that rows hold, by name, as pieces.
    """

    numbers: list[npt.NDArray[np.int64]] = field(default_factory=list)
    splits: list[Any] = field(default_factory=list)
    texts: list[Any] = field(default_factory=list)
    pictures: list[Pictures] = field(default_factory=list)
    vectors: dict[str, Float32] = field(default_factory=dict)
    rejects: Rejects = field(default_factory=Rejects)
    files: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    _pieces: dict[str, list[Any]] = field(default_factory=dict, repr=False)
    _lengths: dict[str, int] = field(default_factory=dict, repr=False)

    def column(self, name: str) -> pa.ChunkedArray:
        """Give a column of all rows."""
        pieces = self._pieces.get(name, [])
        lacking = self.rows - self._lengths.get(name, 0)
        return unify([*pieces, pa.nulls(lacking)]) if lacking or not pieces else unify(pieces)

    @property
    def columns(self) -> list[str]:
        """Name the columns in the order in which they were met."""
        return list(self._pieces)

    def keep(self, name: str, piece: Any) -> None:
        """Add a piece of a column that belongs to the rows that are taken now; rows before it that did not have the column hold nulls."""
        lacking = self.rows - self._lengths.get(name, 0)
        pieces = self._pieces.setdefault(name, [])
        if lacking:
            pieces.append(pa.nulls(lacking))
        pieces.append(piece)
        self._lengths[name] = self.rows + len(piece)


def gather(plan: Plan, progress: Progress) -> Gathered:
    """Read all rows.

    Raises:
        SourceError: when a file cannot be read at all.
        Cancelled: when ``progress`` asks for it; nothing half-made stays behind.
    """
    found = Gathered()
    spool = VectorSpool(plan.scratch, plan.lengths)
    start = 0
    try:
        for number, part in enumerate(plan.parts):
            file = open_table(part.path)

            def step(block: Block, number: int = number) -> None:
                fraction = (number + block.fraction) / len(plan.parts)
                progress(min(fraction, 1.0), f"reading the table · {found.rows:,} rows")

            rows = _Reader(plan, part, found, spool, start).run(file, step)
            found.files.append({"file": str(part.path), "split": part.split, "rows": rows})
            found.notes |= file.notes()
            for name, count in file.counts().items():
                found.counts[name] = found.counts.get(name, 0) + count
            start += rows
        found.vectors = spool.vectors()
    finally:
        spool.close()
    return found


@dataclass
class _Taken:
    """What was taken out of a block; ``reasons``: by number of the row in it why it cannot be used."""

    ids: Any = None
    texts: Any = None
    pictures: Pictures | None = None
    matrices: dict[str, Float32] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)

    def lacking(self, rows: Any, reason: str) -> None:
        """Note a reason for all rows of a mask."""
        self.reasons |= dict.fromkeys(np.flatnonzero(rows.to_numpy(zero_copy_only=False)).tolist(), reason)


class _Reader:
    """Reads one file into what is gathered; ``start``: how many rows the files before it have."""

    def __init__(self, plan: Plan, part: Part, found: Gathered, spool: VectorSpool, start: int) -> None:
        self._plan, self._part = plan, part
        self._found, self._spool, self._start = found, spool, start

    def run(self, file: TableFile, step: Callable[[Block], None]) -> int:
        """Read all blocks; give the number of rows that the file has."""
        roles, plan = self._plan.roles, self._plan
        pictures = None
        if roles.image is not None:
            pictures = ColumnPictures.of(self._part.path, roles.image, plan.finder, plan.scratch, digests=plan.digests)
        known = roles.image if pictures is not None and pictures.known is not None else None
        rows = 0
        try:
            for block in file.blocks(without=known):
                for bad in block.bad:
                    self._reject(bad.row, bad.reason)
                    rows = max(rows, bad.row + 1)
                if len(block):
                    self._take(self._with_constants(block), pictures)
                    rows = max(rows, int(block.rows[-1]) + 1)
                step(block)
            if pictures is not None:
                pictures.close()
        finally:
            if pictures is not None:
                pictures.drop()
        return rows

    def _with_constants(self, block: Block) -> Block:
        constants = {
            name: pa.array([value] * len(block), pa.string())
            for name, value in self._part.constants.items()
            if name not in block.columns
        }
        if not constants:
            return block
        return Block(rows=block.rows, columns={**block.columns, **constants}, fraction=block.fraction, mapped=block.mapped)

    def _take(self, block: Block, pictures: ColumnPictures | None) -> None:
        """Keep the rows of a block that can be used, and reject the others."""
        found, taken = self._found, self._look(block, pictures)
        self._reject_rows(block, taken)
        good = np.ones(len(block), dtype=np.bool_)
        good[list(taken.reasons)] = False
        mask = pa.array(good)
        self._keep_columns(block, mask, whole=bool(good.all()))
        found.numbers.append(block.rows[good] + self._start)
        count = int(good.sum())
        if self._part.split is not None or found.splits:
            found.splits += [pa.nulls(found.rows, pa.string())] if not found.splits and found.rows else []
            found.splits.append(pa.array([self._part.split] * count, pa.string()))
        if taken.texts is not None:
            found.texts.append(taken.texts.filter(mask))
        if taken.pictures is not None:
            found.pictures.append(taken.pictures.keep(good))
        if taken.matrices:
            self._spool.add({name: matrix[good] for name, matrix in taken.matrices.items()})
        found.rows += count

    def _look(self, block: Block, pictures: ColumnPictures | None) -> _Taken:
        """Take ids, texts, vectors and pictures out of a block, with the reasons why rows lack one."""
        roles = self._plan.roles
        taken = _Taken()
        if roles.id is not None:
            taken.ids = text_column(_flat(block.column(roles.id)))
            taken.lacking(taken.ids.is_null(), f"has no value in the column of ids {roles.id!r}")
        if roles.text is not None and roles.kind == "texts":
            taken.texts = _texts(block.column(roles.text))
            blank = pc.or_kleene(taken.texts.is_null(), pc.equal(pc.utf8_trim_whitespace(taken.texts), ""))
            taken.lacking(blank.fill_null(True), "has no text")
        for name, length in self._plan.lengths.items():
            taken.matrices[name], wrong = vectors_of(block.column(name), length, name)
            taken.reasons = wrong | taken.reasons
        if pictures is not None and roles.image is not None:
            taken.pictures = pictures.take(block, roles.image)
            taken.reasons = {**taken.pictures.reasons, **taken.reasons}
        return taken

    def _reject_rows(self, block: Block, taken: _Taken) -> None:
        if not taken.reasons:
            return
        ids = taken.ids.to_pylist() if taken.ids is not None else None
        paths = taken.pictures.path.to_pylist() if taken.pictures is not None else None
        for row, reason in sorted(taken.reasons.items()):
            name, path = ids[row] if ids else None, paths[row] if paths else None
            self._reject(int(block.rows[row]), reason, name=name, path=path)

    def _keep_columns(self, block: Block, mask: Any, *, whole: bool) -> None:
        roles, found = self._plan.roles, self._found
        moved = {roles.image, *roles.vectors} | ({roles.text} if roles.kind == "texts" else set())
        as_it_is = {roles.label, roles.caption}
        for name, column in block.columns.items():
            # One column may play two parts when a person says so.
            if name in moved - {roles.label, roles.caption, roles.id, roles.split}:
                continue
            plain = _flat(column) if name in as_it_is else _plain(column)
            if plain is None:
                found.left_out[name] = str(column.type)
                continue
            found.keep(name, plain if whole else plain.filter(mask))

    def _reject(self, row: int, reason: str, *, name: str | None = None, path: str | None = None) -> None:
        """Note a row, by its number in this file, that cannot be used."""
        if len(self._found.rejects) >= MOST_REJECTS:
            raise SourceError(
                f"{self._plan.source} has more than {MOST_REJECTS:,} rows that cannot be used; row {row + 1} {reason}",
                "is it a table, and are the columns the right ones?",
            )
        # The row is told beside the reason; where there are several files, it has to say which.
        words = reason if len(self._plan.parts) == 1 else f"row {row + 1} of {self._part.path.name} {reason}"
        self._found.rejects.add(name, words, path=path, row=row + self._start)


def _flat(column: Any) -> Any:
    """Take a dictionary away."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _texts(column: Any) -> Any:
    column = _flat(column)
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    return pa.array([as_text(value) for value in column.to_pylist()], pa.string())


def _plain(column: Any) -> Any:
    """Give a person's column a type that every later step knows: numbers, truth values, dates, texts; None for bytes."""
    column = _flat(column)
    kind = column.type
    if _holds_bytes(kind):
        return None
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64(), safe=False)
    simple = (
        pa.types.is_string(kind),
        pa.types.is_boolean(kind),
        pa.types.is_integer(kind),
        pa.types.is_floating(kind),
        pa.types.is_date(kind),
        pa.types.is_timestamp(kind),
        pa.types.is_null(kind),
    )
    return column if any(simple) else pa.array([as_text(value) for value in column.to_pylist()], pa.string())


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(_holds_bytes(field.type) for field in kind)
    if pa.types.is_map(kind):
        return _holds_bytes(kind.key_type) or _holds_bytes(kind.item_type)
    if hasattr(kind, "value_type"):
        return _holds_bytes(kind.value_type)
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


__all__ = ["Gathered", "Plan", "gather"]
