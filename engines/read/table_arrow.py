"""Read Parquet, and Arrow IPC files and streams (Feather, what ``datasets`` saves), by blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engines.errors import EnvironmentFault, SourceError
from engines.read.arrow_types import usual
from engines.read.columns import unique_names
from engines.read.table_block import BLOCK_BYTES, BLOCK_CELLS, BLOCK_ROWS, Bad, Block, Mapped

BUFFER = 1 << 20
MOST_LOST = 100_000
COMPLETE = "is the file complete?"
BROKEN = (pa.ArrowException, OSError, ValueError, KeyError, IndexError)
"""What Arrow raises for a file that is broken; its own exceptions are not under one roof."""


class ParquetFile:
    """Rows of a Parquet file, row group by row group; a group that is broken is left out, the others are read."""

    format: ClassVar[str] = "parquet"
    typed: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _opened(path, lambda: pq.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False), "Parquet")
        schema = _checked(path, self._file.schema_arrow, "Parquet")
        self.columns = unique_names(schema.names)
        self._repeated = len(set(schema.names)) < len(schema.names)
        self.metadata: Mapping[bytes, bytes] = schema.metadata or {}
        self._rows = int(self._file.metadata.num_rows)

    def blocks(self, *, without: str | None = None) -> Iterator[Block]:
        """Give the rows; see ``TableFile``."""
        columns = None
        names = self.columns
        if without is not None and not self._repeated and len(names) > 1:
            columns = names = [name for name in self.columns if name != without]
        start, total = 0, max(self._rows, 1)
        for group in range(self._file.num_row_groups):
            told = self._file.metadata.row_group(group)
            size = _rows_at_once(told.num_rows, told.total_byte_size, len(self.columns))
            done = start
            try:
                for batch in self._file.iter_batches(size, row_groups=[group], columns=columns):
                    sound = _sound(pa.RecordBatch.from_arrays(batch.columns, names=names))
                    yield _block(sound, done, fraction=(done + len(batch)) / total)
                    done += len(batch)
            except MemoryError:
                raise EnvironmentFault(f"a row group of {self.path} does not fit into memory", COMPLETE) from None
            except BROKEN as error:
                yield _lost(done, start + told.num_rows, error)
            start += told.num_rows

    def notes(self) -> dict[str, Any]:
        """Say nothing: the file says everything itself."""
        return {}

    def counts(self) -> dict[str, int]:
        """Count nothing."""
        return {}


class ArrowFile:
    """Rows of an Arrow IPC file or stream, which is mapped: what lies uncompressed in it is not copied."""

    format: ClassVar[str] = "arrow"
    typed: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.stat().st_size == 0:
            raise SourceError(f"{path} is empty", "give a file that holds rows")
        self._memory = _opened(path, lambda: pa.memory_map(str(path)), "Arrow")
        whole = self._memory.read_buffer()
        self._mapped = Mapped(whole.address, whole.size)
        self._whole = whole
        schema = _checked(path, self._reader().schema, "Arrow")
        self.columns = unique_names(schema.names)
        self.metadata: Mapping[bytes, bytes] = schema.metadata or {}

    def blocks(self, *, without: str | None = None) -> Iterator[Block]:
        """Give the rows; see ``TableFile``."""
        # Without a column left, a block would not know how many rows it has.
        names = [name for name in self.columns if name != without] or self.columns
        start = 0
        for batch in self._batches():
            if isinstance(batch, Exception):
                yield _lost(start, start, batch)
                return
            try:
                columns = [column for name, column in zip(self.columns, batch.columns, strict=True) if name in names]
                # Whether buffers are as long as they should be is checked here, before anything looks into them.
                chosen = pa.RecordBatch.from_arrays(columns, names=names)
            except BROKEN as error:
                yield _lost(start, start + len(batch), error)
                start += len(batch)
                continue
            heavy = sum(column.nbytes for column in chosen.columns if not _binary(column.type))
            size = _rows_at_once(len(batch), heavy, len(names))
            for first in range(0, len(batch), size):
                piece = chosen.slice(first, size)
                try:
                    yield _block(_sound(piece), start + first, fraction=self._fraction(batch), mapped=self._mapped)
                except BROKEN as error:
                    yield _lost(start + first, start + first + len(piece), error)
            start += len(batch)

    def notes(self) -> dict[str, Any]:
        """Say nothing: the file says everything itself."""
        return {}

    def counts(self) -> dict[str, int]:
        """Count nothing."""
        return {}

    def _reader(self) -> Any:
        def opened() -> Any:
            source = pa.BufferReader(self._whole)
            try:
                return pa.ipc.open_file(source)
            except pa.ArrowInvalid:
                return pa.ipc.open_stream(pa.BufferReader(self._whole))

        return _opened(self.path, opened, "Arrow")

    def _batches(self) -> Iterator[Any]:
        """Give the batches; an exception as the last one where the file cannot be read any further."""
        reader = self._reader()
        try:
            if hasattr(reader, "num_record_batches"):
                for number in range(reader.num_record_batches):
                    yield reader.get_batch(number)
            else:
                yield from reader
        except MemoryError:
            raise EnvironmentFault(f"a batch of {self.path} does not fit into memory", COMPLETE) from None
        except BROKEN as error:
            yield error

    def _fraction(self, batch: Any) -> float:
        """Tell by the place of a buffer how much of the file has been read; 0 where it was unpacked."""
        for column in batch.columns:
            for buffer in column.buffers():
                if buffer is not None and 0 <= buffer.address - self._mapped.address < self._mapped.size:
                    return float((buffer.address - self._mapped.address) / self._mapped.size)
        return 0.0


def _opened(path: Path, opener: Any, name: str) -> Any:
    try:
        return opener()
    except MemoryError:
        raise EnvironmentFault(f"{path} does not fit into memory", COMPLETE) from None
    except BROKEN as error:
        strerror = error.strerror if isinstance(error, OSError) and error.errno else None
        if strerror:
            raise SourceError(f"{path} cannot be read: {strerror}") from None
        raise SourceError(f"{path} is not a readable {name} file: {first_line(error)}", COMPLETE) from None


def _checked(path: Path, schema: pa.Schema, name: str) -> pa.Schema:
    """Check that all names in a schema, also nested ones, are texts."""
    _opened(path, lambda: [_field_names(field) for field in schema], name)
    return schema


def _field_names(field: pa.Field) -> list[Any]:
    kind = field.type
    return [field.name, *(_field_names(kind.field(place)) for place in range(kind.num_fields))]


def first_line(error: BaseException) -> str:
    """Give the first line of a complaint, of bounded length."""
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__


def _rows_at_once(rows: int, size: int, columns: int) -> int:
    """Say how many rows a block may have, so that it holds about ``BLOCK_BYTES`` at most."""
    by_bytes = BLOCK_BYTES * max(rows, 1) // max(size, 1)
    return max(1, min(BLOCK_ROWS, BLOCK_CELLS // max(columns, 1), by_bytes))


def _binary(kind: pa.DataType) -> bool:
    """Tell whether a column holds bytes, which are not touched while they lie in a mapped file."""
    if pa.types.is_struct(kind):
        return any(_binary(field.type) for field in kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _sound(batch: Any) -> Any:
    """Check offsets and texts, which a broken or malicious file may have wrong; texts that are not UTF-8 are mended."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        mended = [_mended(column) for column in batch.columns]
        batch = pa.RecordBatch.from_arrays(mended, names=batch.schema.names)
        batch.validate(full=True)
    return batch


def _mended(column: Any) -> Any:
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return column
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raw = column.view(pa.binary() if pa.types.is_string(column.type) else pa.large_binary())
        raw.validate(full=True)
        return pa.array([None if value is None else value.decode("utf-8", "replace") for value in raw.to_pylist()], pa.string())
    return column


def _block(batch: Any, start: int, *, fraction: float, mapped: Mapped | None = None) -> Block:
    return Block(
        rows=np.arange(start, start + len(batch), dtype=np.int64),
        columns=dict(zip(batch.schema.names, map(usual, batch.columns), strict=True)),
        fraction=fraction,
        mapped=mapped,
    )


def _lost(start: int, stop: int, error: BaseException) -> Block:
    """Give a block without rows for a stretch of the file that is broken; ``stop`` = ``start``: nobody knows where it ends."""
    # A broken file may name any number of rows.
    told = range(start, stop) if 0 < stop - start <= MOST_LOST else range(start, start + 1)
    more = (
        ""
        if len(told) == stop - start
        else f", nor can those up to row {stop}"
        if stop > start
        else ", nor can those that follow"
    )
    reason = f"cannot be read{more}: {first_line(error)}"
    bad = tuple(Bad(row, reason) for row in told)
    return Block(rows=np.empty(0, dtype=np.int64), columns={}, bad=bad)


__all__ = ["ArrowFile", "ParquetFile", "first_line"]
