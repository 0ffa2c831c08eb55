"""Read and decode single files in threads: each content once, whichever row brings it first."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from engines.artifacts import Dataset
from engines.embed.decode import Unusable, decode, draft_scale
from engines.embed.facts import FACTS_SIDE, measure, thumbnail
from engines.embed.rowcache import RowCache, State
from engines.media import MediaFiles, Place, Unreadable, read_place
from engines.protocols import PictureEncoder


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
        self._files = MediaFiles(dataset)
        self._claims: dict[str, Claim] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def location(self, row: int) -> bytes:
        """Name the place of a row: the absolute path of its file as the system knows it, and where in it the picture lies."""
        return self._place(row).location

    def _place(self, row: int) -> Place:
        place = self._files.place(row)
        assert place is not None, "a row of pictures has no file"
        return place

    def known(self, block: range) -> Iterator[int | Seen]:
        """Look a block of rows up: unchanged files with everything in the cache are seen without opening them."""
        stats = self._dataset.stats[block.start : block.stop].tolist()
        contents = self._cache.known_files([(self.location(row), *stat) for row, stat in zip(block, stats, strict=True)])
        states = self._cache.states([content for content in contents if content is not None], self._encoder_key)
        for row, content in zip(block, contents, strict=True):
            state = states.get(content) if content is not None else None
            if state is not None and (state.broken is not None or (state.facts and state.vector)):
                yield Seen(row=row, content=content, reason=state.broken)
            else:
                yield row

    def stop(self) -> None:
        """Let threads that have several pictures before them end after the one at hand; what they give is of no use then."""
        self._stopped = True

    def see(self, rows: Sequence[int]) -> list[Seen]:
        """Read files, and decode those whose content is new."""
        return [self._see(row) for row in rows if not self._stopped]

    def _see(self, row: int) -> Seen:
        try:
            raw, stats = read_place(self._place(row))
        except Unreadable as error:
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

    def forget(self, contents: Iterable[str]) -> None:
        """Drop the work on contents that the cache knows by now; another copy of them is looked up there."""
        with self._lock:
            for content in contents:
                self._claims.pop(content, None)

    def _decode(self, raw: bytes, content: str) -> Fate:
        state = self._cache.state(content, self._encoder_key)
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
