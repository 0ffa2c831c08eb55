"""Find the rows that decided ids stand for now, fast for a million of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engines.idsets import IdSet, Roster

Int64 = npt.NDArray[np.int64]

GONE = -1


class RowFinder:
    """Map ids to row numbers; ids that are no row any more are looked for by content, else they become orphans."""

    def __init__(self, now: Roster) -> None:
        self._now = now
        self._places: dict[int, tuple[Roster, Int64 | None]] = {}
        self._orphans: dict[str, None] = {}
        self.moved: dict[str, int] = {}

    @property
    def orphans(self) -> tuple[str, ...]:
        """List the ids that were asked for and are no row, in the order in which they were met."""
        return tuple(self._orphans)

    def forget(self) -> None:
        """Forget which ids were gone or found again; what is known of rosters stays."""
        self._orphans.clear()
        self.moved.clear()

    def rows(self, ids: Sequence[str]) -> Int64:
        """Give the rows of ids, those that are gone left out."""
        if not isinstance(ids, IdSet):
            ids = IdSet.of(ids)
        loose = np.array([self._row(id_, ids.content_of) for id_ in ids.loose], dtype=np.int64)
        found = loose[loose != GONE]
        rows = found if ids.roster is None else np.concatenate([self._marked_rows(ids, ids.roster), found])
        # Only where an id was found again by content can two ids be one row.
        return np.unique(rows) if self.moved else rows

    def _marked_rows(self, ids: IdSet, roster: Roster) -> Int64:
        positions = ids.positions()
        places = self._places_of(roster)
        if places is None:
            return positions
        rows = places[positions]
        missing = rows == GONE
        if missing.any():
            again = [self._row(roster.ids[position], roster.content_of) for position in positions[missing]]
            rows = rows.copy()
            rows[missing] = again
            rows = rows[rows != GONE]
        return rows

    def _places_of(self, roster: Roster) -> Int64 | None:
        """Give the row of every id of a roster, -1 where it is gone; None where the roster is the rows as they are."""
        known = self._places.get(id(roster))
        if known is None:
            # Keeping the roster beside its places keeps its identity from being given to another one.
            known = self._places[id(roster)] = (roster, self._work_out(roster))
        return known[1]

    def _work_out(self, roster: Roster) -> Int64 | None:
        ids, now = roster.ids, self._now.ids
        if roster is self._now or (len(ids) == len(now) and list(ids) == list(now)):
            return None
        row_of = self._now.place
        return np.fromiter((row_of.get(id_, GONE) for id_ in ids), dtype=np.int64, count=len(ids))

    def _row(self, id_: str, content_of: Callable[[str], str | None]) -> int:
        row = self._now.place.get(id_, GONE)
        if row == GONE:
            content = content_of(id_)
            row = self._row_of_content.get(content, GONE) if content else GONE
            if row == GONE:
                self._orphans[id_] = None
            else:
                self.moved[id_] = row
        return row

    @cached_property
    def _row_of_content(self) -> dict[str, int]:
        """Map contents to their row where only one row has them; among copies nobody can tell which one was meant."""
        found: dict[str, int] = {}
        for row, content in enumerate(self._now.contents):
            if content:
                found[content] = GONE if content in found else row
        return found
