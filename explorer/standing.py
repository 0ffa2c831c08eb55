"""What stands about the rows as they are now: the log of decisions, its replay, and rows that are named by number or id."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Dataset, PictureFacts
from engines.errors import DecisionError

if TYPE_CHECKING:
    from engines.curate.state import Replay, State
    from engines.decisions import DecisionLog
    from engines.idsets import Roster

Rows = npt.NDArray[np.int64]
Named = Sequence[int] | Sequence[str] | Sequence[bool] | Rows


class Standing:
    """The log at ``path`` and what is kept beside it from one decision to the next; nothing of a million rows is made anew for one of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._log: DecisionLog | None = None
        self._now: tuple[Dataset, PictureFacts | None, Roster] | None = None
        self._replay: tuple[Roster, Replay] | None = None

    @property
    def log(self) -> DecisionLog:
        """Give the log, opened on first use."""
        with self._lock:
            if self._log is None:
                from engines.decisions import DecisionLog

                self._log = DecisionLog(self._path)
            return self._log

    def roster(self, dataset: Dataset, facts: PictureFacts | None) -> Roster:
        """Give the ids of the rows with the hash of each one's file or text; the last one asked for is kept."""
        with self._lock:
            known = self._now
            if known is None or known[0] is not dataset or known[1] is not facts:
                from engines.idsets import Roster

                known = self._now = (dataset, facts, Roster(dataset.ids, _contents(dataset, facts)))
            return known[2]

    def state(self, roster: Roster) -> State:
        """Give what the decisions amount to for the rows of a roster."""
        with self._lock:
            if self._replay is None or self._replay[0] is not roster:
                from engines.curate.state import Replay

                self._replay = (roster, Replay(roster))
            return self._replay[1].over(self.log.entries())


def rows_of(roster: Roster, named: Named) -> Rows:
    """Give the numbers of rows that are named by number, by id, or by one truth value per row (as ``samples["x"] > 0`` gives them).

    Raises:
        DecisionError: for a number or id that is not in the data set, for truth values of another count, and for what is neither.
    """
    n = len(roster.ids)
    if isinstance(named, np.ndarray) and named.ndim == 1 and named.dtype.kind in "iu":
        outside = named[(named < 0) | (named >= n)]
        if len(outside):
            raise _no_row(outside[0], n)
        return named.astype(np.int64)
    hint = "name rows by their ids, by their numbers, or by one true or false per row"
    try:
        rows = named.tolist() if isinstance(named, np.ndarray) else list(named)
    except TypeError:
        raise DecisionError(f"rows cannot be named by {named!r:.60}", hint) from None
    if rows and all(isinstance(row, (bool, np.bool_)) for row in rows):
        if len(rows) != n:
            raise DecisionError(f"{len(rows):,} truth values do not fit {n:,} rows", hint)
        return np.flatnonzero(np.array(rows, dtype=bool))
    found = []
    for row in rows:
        number = roster.place.get(row) if isinstance(row, str) else _whole(row)
        if number is None and isinstance(row, str):
            raise DecisionError(f"there is no row with the id {row!r}", "ids are in the column id of samples")
        if number is None:
            raise DecisionError(f"{row!r:.60} is no row", hint)
        if not 0 <= number < n:
            raise _no_row(row, n)
        found.append(number)
    return np.array(found, dtype=np.int64)


def _no_row(row: Any, n: int) -> DecisionError:
    return DecisionError(f"there is no row {row}", f"rows go from 0 to {n - 1}" if n else "the data set has no rows")


def _whole(row: Any) -> int | None:
    """Give a whole number, also one that numpy holds as a float; None for anything else."""
    number = isinstance(row, (int, float, np.integer, np.floating)) and not isinstance(row, bool)
    return int(row) if number and math.isfinite(row) and row == int(row) else None


def _contents(dataset: Dataset, facts: PictureFacts | None) -> list[str]:
    if facts is not None and len(facts) == len(dataset):  # and not of rows that were read before
        return list(facts.facts.column("content_hash").to_pylist())
    if dataset.kind == "texts":
        from engines.embed.text_rows import content_of

        return [content_of(text or "") for text in dataset.media.column("media").to_pylist()]
    return []


__all__ = ["Named", "Rows", "Standing", "rows_of"]
