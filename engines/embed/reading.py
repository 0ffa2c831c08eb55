"""Read and decode single files in threads: each content once, whichever row brings it first."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from engines.artifacts import Dataset
from engines.embed.decode import Unusable, decode, draft_scale
from engines.embed.facts import FACTS_SIDE, measure, thumbnail
from engines.embed.rowcache import RowCache, State
from engines.protocols import PictureEncoder

MAX_BYTES = 2 << 30


@dataclass(kw_only=True)
class Decoded:
    """What one decode gave: facts with thumbnail, and the encoder's input; None = the cache has it."""

    facts: tuple[dict[str, Any], bytes] | None
    prepared: npt.NDArray[Any] | None


@dataclass(kw_only=True)
class Fate:
    """What became of a content: usable unless there is a reason; ``new`` = the cache does not know the reason yet."""

    content: str
    reason: str | None = None
    new: bool = False
    decoded: Decoded | None = None


Claim = Future[Fate]
"""The work on a content; whoever read the content first does it, the others wait for it."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is known about a row: its content, or why there is none; ``stats`` where the file was read just now."""

    row: int
    content: str | None = None
    stats: tuple[int, int, int] | None = None
    reason: str | None = None
    claim: Claim | None = None


class Pictures:
    """The files of a data set, read for one encoder."""

    def __init__(self, dataset: Dataset, encoder: PictureEncoder, encoder_key: str, cache: RowCache) -> None:
        self._dataset, self._encoder, self._encoder_key, self._cache = dataset, encoder, encoder_key, cache
        self._root = os.fsencode(dataset.root)
        self._media: list[bytes] = dataset.media.column(0).to_pylist()
        self._claims: dict[str, Claim] = {}
        self._lock = threading.Lock()

    def path(self, row: int) -> bytes:
        """Give the absolute path of a row as the system knows it."""
        return self._root + b"/" + self._media[row]

    def known(self, block: range) -> Iterator[int | Seen]:
        """Look a block of rows up: unchanged files with everything in the cache are seen without opening them."""
        stats = self._dataset.stats[block.start : block.stop].tolist()
        contents = self._cache.known_files([(self.path(row), *stat) for row, stat in zip(block, stats, strict=True)])
        states = self._cache.states([content for content in contents if content is not None], self._encoder_key)
        for row, content in zip(block, contents, strict=True):
            state = states.get(content) if content is not None else None
            if state is not None and (state.broken is not None or (state.facts and state.vector)):
                yield Seen(row=row, content=content, reason=state.broken)
            else:
                yield row

    def see(self, row: int) -> Seen:
        """Read a file, and decode it where its content is new."""
        try:
            raw, stats = _read(self.path(row))
        except Unusable as error:
            return Seen(row=row, reason=str(error))
        content = hashlib.blake2b(raw, digest_size=16).hexdigest()
        with self._lock:
            claim = self._claims.get(content)
            mine = claim is None
            if claim is None:
                claim = self._claims[content] = Future()
        if mine:
            try:
                claim.set_result(self._decode(raw, content))
            except BaseException as error:
                claim.set_exception(error)
                raise
        return Seen(row=row, content=content, stats=stats, claim=claim)

    def _decode(self, raw: bytes, content: str) -> Fate:
        state = self._cache.states([content], self._encoder_key)[content]
        if state.broken is not None:
            return Fate(content=content, reason=state.broken)
        if state.facts and state.vector:
            return Fate(content=content)
        try:
            return Fate(content=content, decoded=self._work(raw, content, state))
        except Unusable as error:
            return Fate(content=content, reason=str(error), new=True)

    def _work(self, raw: bytes, content: str, state: State) -> Decoded:
        """Decode once; only an encoder that wants a larger picture than the facts makes it twice."""
        picture = decode(raw, FACTS_SIDE)
        facts = None
        if not state.facts:
            told = {"content_hash": content, "file_size": len(raw), **measure(picture)}
            facts = (told, thumbnail(picture))
        prepared = None
        if not state.vector:
            if picture.scale > draft_scale(picture.width, picture.height, self._encoder.input_side):
                picture = decode(raw, self._encoder.input_side)
            prepared = self._encoder.prepare(picture.rgb)
        return Decoded(facts=facts, prepared=prepared)


def _read(path: bytes) -> tuple[bytes, tuple[int, int, int] | None]:
    """Give the bytes of a file with its size, time and inode, None where these changed meanwhile.

    Raises:
        Unusable: when it cannot be read.
    """
    try:
        with open(path, "rb", buffering=0) as handle:  # noqa: PTH123  # a path in raw bytes, which pathlib does not take
            info = os.fstat(handle.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise Unusable("not a regular file (a pipe, socket or device)")
            if info.st_size > MAX_BYTES:
                raise Unusable(f"a file of {info.st_size / 2**30:.1f} GiB; the limit is 2")
            raw = handle.readall()
            after = os.fstat(handle.fileno())
    except FileNotFoundError:
        raise Unusable("the file has disappeared since the folder was read") from None
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise Unusable("does not fit into memory") from None
    stats = (info.st_size, info.st_mtime_ns, info.st_ino)
    # A file that is written while it is read is not remembered under this time.
    return raw, stats if stats == (after.st_size, after.st_mtime_ns, after.st_ino) else None
