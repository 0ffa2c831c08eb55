"""Open Parquet and Arrow IPC files by batches, and write files of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from engines.errors import ExportError
from engines.export.table_order import Order

BLOCK_BYTES = 32 << 20
BLOCK_ROWS = 8192
BROKEN = (pa.ArrowException, OSError, ValueError, KeyError, IndexError)


def open_arrow(source: Path) -> ArrowSource:
    """Open a file by what its first bytes say."""
    with source.open("rb") as stream:
        head = stream.read(4)
    return _Parquet(source) if head == b"PAR1" else _Ipc(source)


class ArrowSource(Protocol):
    """A file that is read by batches and written by tables."""

    schema: pa.Schema

    def batches(self, order: Order, start: int) -> Iterator[Any]:
        """Give batches, or the number of the row that comes next where a stretch is passed over."""
        ...

    def writer(self, out: Path, schema: pa.Schema) -> AbstractContextManager[Callable[[pa.Table], None]]:
        """Write a file of the same kind; gives what takes the tables."""
        ...


class _Parquet:
    """A Parquet file, row group by row group."""

    def __init__(self, source: Path) -> None:
        self._file = pq.ParquetFile(source, buffer_size=1 << 20, pre_buffer=False)
        self.schema = self._file.schema_arrow

    def batches(self, order: Order, start: int) -> Iterator[Any]:
        """Give batches, or the number of the row that comes next where a stretch is passed over."""
        for group in range(self._file.num_row_groups):
            told = self._file.metadata.row_group(group)
            stop = start + told.num_rows
            done = start
            if order.keep[start:stop].any():
                size = max(1, min(BLOCK_ROWS, BLOCK_BYTES * max(told.num_rows, 1) // max(told.total_byte_size, 1)))
                try:
                    for batch in self._file.iter_batches(size, row_groups=[group]):
                        yield batch
                        done += len(batch)
                except BROKEN as error:
                    _require_nothing_left(order, done, stop, error)
            yield stop
            start = stop

    @contextmanager
    def writer(self, out: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
        """Write with the compression of the source; small pieces are put together to groups."""
        with pq.ParquetWriter(out, schema, compression=self._compression()) as writer:
            waiting: list[pa.Table] = []

            def write(table: pa.Table) -> None:
                waiting.append(table)
                if sum(piece.nbytes for piece in waiting) >= BLOCK_BYTES * 2:
                    flush()

            def flush() -> None:
                if waiting:
                    writer.write_table(pa.concat_tables(waiting).cast(schema))
                    waiting.clear()

            yield write
            flush()

    def _compression(self) -> str:
        if not self._file.num_row_groups or not self._file.metadata.num_columns:
            return "snappy"
        found = str(self._file.metadata.row_group(0).column(0).compression).lower()
        return {"uncompressed": "none", "lz4_raw": "lz4"}.get(found, found)


class _Ipc:
    """An Arrow IPC file or stream."""

    def __init__(self, source: Path) -> None:
        self._memory = pa.memory_map(str(source))
        self._suffix = source.suffix.lower()
        try:
            self._reader = pa.ipc.open_file(self._memory)
        except pa.ArrowInvalid:
            self._memory.seek(0)
            self._reader = pa.ipc.open_stream(self._memory)
        self.schema = self._reader.schema

    def batches(self, order: Order, start: int) -> Iterator[Any]:
        """Give batches, cut so that each is small; or the number of the row that comes next."""
        try:
            for batch in self._all():
                size = max(1, min(BLOCK_ROWS, BLOCK_BYTES * max(len(batch), 1) // max(batch.nbytes, 1)))
                for first in range(0, len(batch), size):
                    piece = batch.slice(first, size)
                    yield piece
                    start += len(piece)
        except BROKEN as error:
            _require_nothing_left(order, start, len(order.keep), error)
            yield len(order.keep)

    def _all(self) -> Iterator[pa.RecordBatch]:
        if hasattr(self._reader, "num_record_batches"):
            for number in range(self._reader.num_record_batches):
                yield self._reader.get_batch(number)
        else:
            yield from self._reader

    @contextmanager
    def writer(self, out: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
        """Write a file where the source was one, else a stream; Feather files are compressed as their library does."""
        is_file = hasattr(self._reader, "num_record_batches")
        options = pa.ipc.IpcWriteOptions(compression="lz4" if self._suffix == ".feather" else None, emit_dictionary_deltas=True)
        opener = pa.ipc.new_file if is_file else pa.ipc.new_stream
        with pa.OSFile(str(out), "wb") as sink, opener(sink, schema, options=options) as writer:
            yield lambda table: writer.write_table(table.cast(schema))


def _require_nothing_left(order: Order, start: int, stop: int, error: BaseException) -> None:
    """Let a broken stretch pass where no row of it stays: it had none when it was read either."""
    if order.keep[start:stop].any():
        words = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise ExportError(f"the table cannot be read any more from row {start + 1} on: {words}", "look whether it is whole")


__all__ = ["ArrowSource", "open_arrow"]
