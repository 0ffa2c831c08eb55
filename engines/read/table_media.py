"""Find the pictures of the rows of a table: files that it names, or bytes that it holds, each as a place in a file."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engines.read.media_pack import ELSEWHERE, IN_FILE, IN_PACK, MediaIndex, MediaPack, pack_for
from engines.read.table_block import Block, Mapped
from engines.read.table_paths import FoundFile, PathFinder
from engines.read.table_profile import is_payload_text

DIGEST = 8
NOTHING = "has no picture"
EMPTY = "has an empty picture (zero bytes)"


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Where the pictures of some rows lie.

    ``media``: path of the file, relative to the root or absolute (binary); ``offset`` = -1: the picture is a file of its own. ``path``:
    what a person reads; ``digest``: bytes that name the content, or the name of its file. ``stats`` (n, 3): size, time and inode of a file
    of its own, -1 for containers, which may not be complete yet. ``reasons``: by number of the row why there is no picture.
    """

    media: Any
    offset: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    path: Any
    digest: Any
    stats: npt.NDArray[np.int64]
    reasons: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.offset)

    def keep(self, rows: npt.NDArray[np.bool_]) -> Pictures:
        """Keep some rows; reasons are no longer needed."""
        mask = pa.array(rows)
        return Pictures(
            media=self.media.filter(mask),
            offset=self.offset[rows],
            length=self.length[rows],
            path=self.path.filter(mask),
            digest=self.digest.filter(mask),
            stats=self.stats[rows],
        )


@dataclass
class ColumnPictures:
    """The pictures of one column of one file, block by block; ``close`` keeps what was found out, ``drop`` forgets it."""

    path: Path
    finder: PathFinder
    pack: MediaPack
    digests: bool
    known: MediaIndex | None = None
    _indexes: list[MediaIndex] = field(default_factory=list, repr=False)
    _holds: bool = False
    _source: BinaryIO | None = field(default=None, repr=False)

    @classmethod
    def of(cls, path: Path, column: str, finder: PathFinder, scratch: Path, *, digests: bool) -> ColumnPictures:
        """Look up what is known about the column; ``digests``: ids are made of the content of pictures."""
        pack = pack_for(scratch, path, column)
        return cls(path=path, finder=finder, pack=pack, digests=digests, known=pack.known(digests=digests))

    def take(self, block: Block, column: str) -> Pictures:
        """Find the pictures of the rows of a block."""
        if self.known is not None:
            return self._pictures(self.known.take(block.rows))
        index = self._look(block, block.column(column))
        self._indexes.append(index)
        return self._pictures(index)

    def close(self) -> None:
        """Keep what was found out, where the file itself holds pictures."""
        if self.known is None and self._holds:
            self.pack.commit(self._indexes)
        self.drop()

    def drop(self) -> None:
        """Remove what was begun."""
        self.pack.drop()
        if self._source is not None:
            self._source.close()
            self._source = None

    def _pictures(self, index: MediaIndex) -> Pictures:
        containers = {IN_FILE: os.fsencode(self.path.resolve()), IN_PACK: os.fsencode(self.pack.pack.resolve())}
        media: list[bytes | None] = []
        stats = np.full((len(index.rows), 3), -1, dtype=np.int64)
        reasons: dict[int, str] = {}
        paths: list[str | None] = index.name.to_pylist()
        for row, (where, reason) in enumerate(zip(index.where.tolist(), index.reason.to_pylist(), strict=True)):
            file = reason or (self.finder.find(paths[row] or "") if where == ELSEWHERE else "")
            if isinstance(file, FoundFile):
                paths[row] = file.path
                # An inode may need all 64 bits.
                stats[row] = np.array(file.stats, dtype=np.uint64).astype(np.int64)
            elif file:
                reasons[row] = file
            media.append(file.media if isinstance(file, FoundFile) else containers.get(where))
        return Pictures(
            media=pa.array(media, pa.binary()),
            offset=index.offset,
            length=index.length,
            path=pa.array(paths, pa.string()),
            digest=index.digest,
            stats=stats,
            reasons=reasons,
        )

    def _look(self, block: Block, values: Any) -> MediaIndex:
        """Find out where the pictures of a block lie, and put those into the pack that do not lie in the file as they are."""
        raw, names = _halves(values)
        count = len(block)
        where = np.full(count, ELSEWHERE, dtype=np.int8)
        offset, length = np.full(count, -1, dtype=np.int64), np.full(count, -1, dtype=np.int64)
        digests: list[bytes | None] = [None] * count
        reasons: list[str | None] = [None] * count
        places = _mapped_places(raw, block.mapped) if raw is not None and block.mapped is not None else None
        for row, name in enumerate(names):
            content = None if places is not None else _content(raw, row, name)
            size = int(places[1][row]) if places is not None else len(content) if isinstance(content, bytes) else 0
            if isinstance(content, str):
                reasons[row] = content
            elif size:
                self._holds = True
                if places is not None:
                    where[row], offset[row] = IN_FILE, places[0][row]
                    digests[row] = self._digest(int(offset[row]), size) if self.digests else None
                elif content is not None:
                    where[row], offset[row] = IN_PACK, self.pack.add(content)
                    digests[row] = hashlib.sha256(content).digest()[:DIGEST]
                length[row] = size
            elif name:
                digests[row] = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:DIGEST]
            else:
                reasons[row] = EMPTY if content == b"" or (places is not None and places[2][row]) else NOTHING
        held = [None if raw is None and where[row] != ELSEWHERE else name for row, name in enumerate(names)]
        return MediaIndex(
            rows=block.rows,
            where=where,
            offset=offset,
            length=length,
            digest=pa.array(digests, pa.binary()),
            name=pa.array(held, pa.string()),
            reason=pa.array(reasons, pa.string()),
        )

    def _digest(self, offset: int, length: int) -> bytes:
        """Hash bytes of the file by reading them: what is read through the map would count as memory of this process."""
        if self._source is None:
            self._source = self.path.open("rb", buffering=0)
        state = hashlib.sha256()
        while length > 0 and (piece := os.pread(self._source.fileno(), min(length, 1 << 22), offset)):
            state.update(piece)
            offset, length = offset + len(piece), length - len(piece)
        return state.digest()[:DIGEST]


def _halves(values: Any) -> tuple[Any, list[str | None]]:
    """Split a column into its bytes (None: it has none) and the names beside them."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = values.type
    nothing: list[str | None] = [None] * len(values)
    if pa.types.is_struct(kind):
        raw = pc.struct_field(values, "bytes") if kind.get_field_index("bytes") >= 0 else None
        names = pc.struct_field(values, "path").to_pylist() if kind.get_field_index("path") >= 0 else nothing
        names = [name if isinstance(name, str) else None for name in names]
        if raw is not None and not _is_bytes(raw.type):
            raw = _decoded(raw)
        return raw, names
    if _is_bytes(kind):
        return values, nothing
    return None, [value if isinstance(value, str) else None if value is None else str(value) for value in values.to_pylist()]


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _decoded(raw: Any) -> Any:
    """Give the bytes that JSON holds as base64."""
    texts = raw.to_pylist()
    return pa.array([_from_base64(text) if isinstance(text, str) else None for text in texts], pa.large_binary())


def _content(raw: Any, row: int, name: str | None) -> bytes | str | None:
    """Give the bytes of a row; None where it only names a file, words where they cannot be read."""
    if raw is not None:
        value = raw[row].as_py()
        return value if isinstance(value, bytes) else None
    if name is None or not (name.startswith("data:") or is_payload_text(name)):
        return None
    head, comma, body = name.partition(",") if name.startswith("data:") else (";base64", ",", name)
    if not comma:
        return "has a data URI without data"
    content = _from_base64(body) if head.endswith(";base64") else unquote_to_bytes(body)
    return content or "has a data URI that is not base64"


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return None


def _mapped_places(
    raw: Any, mapped: Mapped
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]] | None:
    """Give offset and length in the file of every value, and which are there; None when they do not lie in it (compressed)."""
    if not (pa.types.is_binary(raw.type) or pa.types.is_large_binary(raw.type)):
        return None
    _, ends, data = raw.buffers()
    valid = raw.is_valid().to_numpy(zero_copy_only=False)
    if data is None or data.size == 0 or ends is None:
        return np.zeros(len(raw), np.int64), np.zeros(len(raw), np.int64), valid
    start = data.address - mapped.address
    if start < 0 or start + data.size > mapped.size:
        return None
    width = np.int32 if pa.types.is_binary(raw.type) else np.int64
    bounds = np.frombuffer(ends, dtype=width)[raw.offset : raw.offset + len(raw) + 1].astype(np.int64)
    return bounds[:-1] + start, np.where(valid, np.diff(bounds), 0), valid


def with_container_stats(media: Any, offset: npt.NDArray[np.int64], stats: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Fill size, time and inode of containers in, each looked up once; their paths are absolute."""
    inside = np.flatnonzero(offset >= 0)
    filled = stats.copy()
    known: dict[bytes, npt.NDArray[np.int64]] = {}
    for row, path in zip(inside.tolist(), media.take(pa.array(inside)).to_pylist(), strict=True):
        if path not in known:
            info = os.stat(path)  # noqa: PTH116  # a path of bytes
            known[path] = np.array([info.st_size, info.st_mtime_ns, info.st_ino], dtype=np.uint64).astype(np.int64)
        filled[row] = known[path]
    return filled


__all__ = ["ColumnPictures", "Pictures", "with_container_stats"]
