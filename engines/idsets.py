"""Sets of row ids that stay small: a short tuple, or a compressed bitmap over a roster of ids that is kept once."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from engines.keys import digest

Positions = npt.NDArray[np.int64]

SMALL = 256
"""Up to so many ids are kept as text."""
ROSTER_LEVEL = 1
BITMAP_LEVEL = 6


@dataclass(frozen=True, eq=False)
class Roster:
    """All ids of a data set at one moment, in order, with the content hashes of their media where these are known."""

    ids: Sequence[str]
    contents: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.contents and len(self.contents) != len(self.ids):
            raise ValueError(f"{len(self.contents)} content hashes for {len(self.ids)} ids")

    @cached_property
    def key(self) -> str:
        """Give the digest of ids and content hashes."""
        return digest(self._text())

    @cached_property
    def place(self) -> dict[str, int]:
        """Map ids to their positions."""
        return {id_: position for position, id_ in enumerate(self.ids)}

    def content_of(self, id_: str) -> str | None:
        """Give the content hash of an id; None where it is not known."""
        position = self.place.get(id_) if self.contents else None
        return (self.contents[position] or None) if position is not None else None

    def pack(self) -> bytes:
        """Write as compressed JSON."""
        return zlib.compress(self._text(), ROSTER_LEVEL)

    def _text(self) -> bytes:
        return json.dumps([list(self.ids), list(self.contents)], ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    @classmethod
    def unpack(cls, raw: bytes) -> Roster:
        """Read what ``pack`` wrote."""
        ids, contents = json.loads(zlib.decompress(raw))
        return cls(ids, contents)


@dataclass(frozen=True, eq=False, repr=False)
class IdSet(Sequence[str]):
    """Distinct ids: those of a bitmap in the order of its roster, then ``loose`` ones in the order given.

    ``contents`` are the content hashes of the loose ids (empty where not known), or nothing at all. ``bitmap`` is zlib-compressed,
    one bit per id of the roster, ``marked`` of them set. Compares equal to any sequence with the same ids in the same order.
    """

    loose: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    roster: Roster | None = None
    bitmap: bytes = b""
    marked: int = 0

    @classmethod
    def of(cls, ids: Iterable[str], roster: Roster | None = None) -> IdSet:
        """Keep ids, each once; more than ``SMALL`` of them as a bitmap over the roster (made of the ids themselves without one)."""
        distinct = tuple(dict.fromkeys(ids))
        if len(distinct) <= SMALL:
            known = tuple(roster.content_of(id_) or "" for id_ in distinct) if roster is not None and roster.contents else ()
            return cls(distinct, known if any(known) else ())
        roster = roster or Roster(sorted(distinct))
        found = np.array([roster.place.get(id_, -1) for id_ in distinct], dtype=np.int64)
        loose = tuple(distinct[number] for number in np.flatnonzero(found < 0))
        return cls.at(found[found >= 0], roster, loose)

    @classmethod
    def at(cls, positions: Positions, roster: Roster, loose: tuple[str, ...] = ()) -> IdSet:
        """Keep the ids at positions of a roster as a bitmap."""
        mask = np.zeros(len(roster.ids), dtype=bool)
        mask[positions] = True
        return cls(loose, (), roster, zlib.compress(np.packbits(mask).tobytes(), BITMAP_LEVEL), int(mask.sum()))

    def content_of(self, id_: str) -> str | None:
        """Give the content hash that an id had when it was decided on; None where it is not known."""
        if self.contents and id_ in self.loose:
            return self.contents[self.loose.index(id_)] or None
        return None if self.roster is None else self.roster.content_of(id_)

    def positions(self) -> Positions:
        """Give the ascending positions in the roster of the ids in the bitmap."""
        if self.roster is None:
            return np.zeros(0, dtype=np.int64)
        bits = np.unpackbits(np.frombuffer(zlib.decompress(self.bitmap), dtype=np.uint8), count=len(self.roster.ids))
        return np.flatnonzero(bits)

    def __iter__(self) -> Iterator[str]:
        if self.roster is not None:
            ids = self.roster.ids
            for position in self.positions():
                yield ids[position]
        yield from self.loose

    def __len__(self) -> int:
        return self.marked + len(self.loose)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return (tuple(self) if self.roster is not None else self.loose)[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (IdSet, tuple, list)):
            return NotImplemented
        return len(self) == len(other) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"IdSet({', '.join(map(repr, self.loose[:3]))}{', ...' if len(self) > 3 else ''}; {len(self)} ids)"


def check_ids(ids: Iterable[Any]) -> str | None:
    """Say what is wrong with ids (not text, empty, not encodable), or None."""
    for id_ in ids:
        if not isinstance(id_, str):
            return f"an id is text, not {type(id_).__name__} ({id_!r:.60})"
        if not id_:
            return "an id is empty"
        if not id_.isascii():
            try:
                id_.encode("utf-8")
            except UnicodeEncodeError:
                return f"the id {id_!r:.60} is no valid Unicode text"
    return None


__all__ = ["SMALL", "IdSet", "Positions", "Roster", "check_ids"]
