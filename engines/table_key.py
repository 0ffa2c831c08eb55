"""The key of a table: by what it says, not by how its memory is cut."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engines.keys import digest


def table_digest(table: pa.Table) -> str:
    """Hash names, types and values of a table; how its memory is cut into chunks does not enter, nor what lies behind a null."""
    parts: list[bytes | str] = []
    for name in table.column_names:
        column = table.column(name)
        parts += [name, str(column.type), *_hashes(column)]
    return digest(*parts)


def _hashes(column: pa.ChunkedArray) -> list[bytes]:
    """Hash where nulls are, how long values are, and what they say: three streams, each the same for any chunks."""
    streams = [hashlib.blake2b(digest_size=16) for _ in range(3)]
    start = 0
    for chunk in column.chunks:
        for stream, piece in zip(streams, _pieces(chunk, start), strict=True):
            stream.update(piece)
        start += len(chunk)
    return [len(column).to_bytes(8, "little"), *(stream.digest() for stream in streams)]


def _pieces(chunk: pa.Array, start: int) -> Iterator[bytes | memoryview]:
    """Give the pieces of the three streams; ``start``: how many values come before."""
    nulls = (
        np.flatnonzero(chunk.is_null().to_numpy(zero_copy_only=False)) + start if chunk.null_count else np.empty(0, np.int64)
    )
    yield nulls.astype("<i8").tobytes()
    kind = chunk.type
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        filled = chunk.fill_null("" if pa.types.is_string(kind) else b"") if chunk.null_count else chunk
        yield pc.binary_length(filled).to_numpy(zero_copy_only=False).tobytes()
        yield _text_bytes(filled)
        return
    yield b""
    if pa.types.is_boolean(kind):
        chunk, kind = chunk.cast(pa.uint8()), pa.uint8()
    elif pa.types.is_temporal(kind) and kind.bit_width in (32, 64):
        kind = pa.int32() if kind.bit_width == 32 else pa.int64()
        chunk = chunk.view(kind)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        filled = chunk.fill_null(pa.scalar(0, pa.int8()).cast(kind)) if chunk.null_count else chunk
        yield filled.to_numpy(zero_copy_only=False).tobytes()
    else:
        # One value at a time, so that the cuts do not enter.
        yield b"".join(_one(value) for value in chunk.to_pylist())


def _one(value: object) -> bytes:
    raw = repr(value).encode("utf-8", "surrogatepass")
    return len(raw).to_bytes(8, "little") + raw


def _text_bytes(array: pa.Array) -> bytes | memoryview:
    """Give the bytes of all texts of an array without nulls, one after another."""
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return b""
    ends = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    return memoryview(data)[int(ends[0]) : int(ends[-1])]
