"""The append-only log of what people decided: acknowledged = on the disk; safe for threads, tabs and processes."""

from __future__ import annotations

import getpass
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from engines.decision_database import (
    INSERT,
    LATEST_LIVE,
    LATEST_UNDO,
    READ,
    decision_of,
    faults,
    immediate,
    open_database,
    row_of,
)
from engines.decision_entry import ACTIONS, ROW_ACTIONS, Decision, live, new_uuid, now, validate
from engines.decision_lines import read_jsonl, write_jsonl
from engines.errors import DecisionError, EnvironmentFault
from engines.idsets import IdSet, Roster, check_ids


class DecisionLog:
    """Append decisions to ``path`` and read them back; the file is made by the first decision.

    Undo takes back its author's latest decision that still stands, redo brings back what the same author undid last; a new decision
    of that author ends what can be redone. Other authors' decisions are never touched. The instance may be shared by threads, and
    any number of processes may work on one file.
    """

    def __init__(self, path: str | Path, *, who: str | None = None) -> None:
        self.path = Path(path)
        self.who = who or _author()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = (0, 0)
        self._entries: list[Decision] = []
        self._rosters: dict[str, Roster] = {}
        self._roster: Roster | None = None
        with self._lock, faults(self.path):
            if self.path.exists():
                self._open()

    def use_roster(self, roster: Roster) -> None:
        """Tell all ids of the data set as it is now, with content hashes where files have them.

        Large decisions are then kept as bitmaps over these ids, and ids that vanish later can be found again by content.
        """
        with self._lock:
            self._roster = roster

    # -- write ---------------------------------------------------------------------------------------------------------

    def append(
        self,
        action: str,
        ids: Iterable[str] = (),
        *,
        value: str | float | None = None,
        check: str | None = None,
        why: str = "",
        who: str | None = None,
        run_key: str = "",
    ) -> Decision:
        """Append a decision; when this returns it is on the disk.

        Raises:
            DecisionError: when action, ids or value do not fit together (undo and redo have methods of their own).
            EnvironmentFault: when it could not be written; then nothing of it is there.
        """
        if action in ("undo", "redo"):
            raise DecisionError(f"{action} is no decision to append", f"call {action}()")
        given = list(ids) if not isinstance(ids, str) else [ids]
        wrong = check_ids(given)
        if wrong:
            raise DecisionError(wrong)
        validate(action, given, value, check, why)
        made = Decision(
            seq=0,
            uuid=new_uuid(),
            time=now(),
            who=who or self.who,
            action=action,
            ids=IdSet.of(given, self._roster),
            value=value,
            check=check,
            why=why,
            run_key=run_key,
        )
        with self._writing():
            return self._insert(made)

    def undo(self, who: str | None = None) -> Decision | None:
        """Take back this author's latest decision that still stands; give it, or None when there is none."""
        return self._take_back("undo", who or self.who)

    def redo(self, who: str | None = None) -> Decision | None:
        """Bring back what this author undid last; give that decision, or None when there is nothing to bring back."""
        return self._take_back("redo", who or self.who)

    def undoable(self, who: str | None = None) -> Decision | None:
        """Give what ``undo`` would take back."""
        return self._latest(LATEST_LIVE, who or self.who)

    def redoable(self, who: str | None = None) -> Decision | None:
        """Give the decision that ``redo`` would bring back."""
        undo = self._latest(LATEST_UNDO, who or self.who)
        return None if undo is None else self._by_uuid(str(undo.undoes))

    def merge(self, decisions: Iterable[Decision]) -> int:
        """Append decisions of another log in their order, those known by uuid left out; give how many were new.

        Raises:
            DecisionError: when an undo or redo has no counterpart; then nothing was appended.
        """
        added = 0
        with self._writing() as connection:
            for number, decision in enumerate(decisions, start=1):
                if connection.execute("SELECT 1 FROM decisions WHERE uuid = ?", (decision.uuid,)).fetchone():
                    continue
                _require_counterpart(connection, decision, number)
                self._insert(decision)
                added += 1
        return added

    def import_jsonl(self, path: str | Path) -> int:
        """Append the decisions of a JSON Lines file; doing it twice adds nothing. Give how many were new.

        Raises:
            DecisionError: for a line that is no decision, with its number; then nothing was appended.
        """
        return self.merge(read_jsonl(path))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # -- read ----------------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Give the number of the latest entry, of whichever process; 0 = nothing was decided yet."""
        with self._lock, faults(self.path):
            connection = self._reading()
            return (
                0
                if connection is None
                else int(connection.execute("SELECT coalesce(max(seq), 0) FROM decisions").fetchone()[0])
            )

    def entries(self) -> list[Decision]:
        """List all entries in order, undos and redos included."""
        with self._lock, faults(self.path):
            connection = self._reading()
            if connection is not None:
                last = self._entries[-1].seq if self._entries else 0
                self._entries += [
                    self._decode(row) for row in connection.execute(f"{READ} WHERE seq > ? ORDER BY seq", (last,)).fetchall()
                ]
            return list(self._entries)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _take_back(self, action: str, who: str) -> Decision | None:
        if not self.version:
            return None
        with self._writing() as connection:
            row = connection.execute(LATEST_LIVE if action == "undo" else LATEST_UNDO, (who,)).fetchone()
            if row is None:
                return None
            taken = self._by_seq(connection, row[0])
            self._insert(Decision(seq=0, uuid=new_uuid(), time=now(), who=who, action=action, undoes=taken.uuid))
            return taken if action == "undo" else self._by_uuid(str(taken.undoes))

    def _latest(self, query: str, who: str) -> Decision | None:
        with self._lock, faults(self.path):
            connection = self._reading()
            row = None if connection is None else connection.execute(query, (who,)).fetchone()
            return None if row is None or connection is None else self._by_seq(connection, row[0])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock of the file for a block; all of it is committed or nothing."""
        with self._lock, faults(self.path):
            connection = self._connection or self._open()
            self._require_same_file()
            with immediate(connection):
                yield connection

    def _reading(self) -> sqlite3.Connection | None:
        if self._connection is None and self.path.exists():
            self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        self._connection = open_database(self.path)
        found = self.path.stat()
        self._inode = (found.st_dev, found.st_ino)
        return self._connection

    def _require_same_file(self) -> None:
        """Refuse to write into a file that somebody removed or replaced: the decision would be gone with it."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._inode:
            raise EnvironmentFault(f"{self.path} was removed or replaced while it was open", "open the data set again")

    def _insert(self, decision: Decision) -> Decision:
        """Write one decision inside of a transaction; give it with its number."""
        connection = self._connection
        assert connection is not None
        ids = decision.ids if isinstance(decision.ids, IdSet) else IdSet.of(decision.ids, self._roster)
        if ids.roster is not None:
            self._keep_roster(connection, ids.roster)
        cursor = connection.execute(INSERT, row_of(decision, ids))
        return replace(decision, seq=int(cursor.lastrowid or 0), ids=ids)

    def _keep_roster(self, connection: sqlite3.Connection, roster: Roster) -> None:
        known = roster.key in self._rosters
        if not known and not connection.execute("SELECT 1 FROM rosters WHERE key = ?", (roster.key,)).fetchone():
            values = (roster.key, len(roster.ids), roster.pack())
            connection.execute("INSERT INTO rosters (key, size, packed) VALUES (?, ?, ?)", values)

    def _decode(self, row: Sequence[Any]) -> Decision:
        try:
            return decision_of(row, self._roster_of(row[6]) if row[6] else None)
        except (zlib.error, ValueError, TypeError) as error:
            raise sqlite3.DatabaseError(f"entry {row[0]} cannot be read: {error}") from error

    def _roster_of(self, key: str) -> Roster:
        """Give a roster of the file; the one in use is shared, so that its ids are in memory once."""
        if key not in self._rosters:
            if self._roster is not None and self._roster.key == key:
                self._rosters[key] = self._roster
            else:
                connection = self._connection
                assert connection is not None
                packed = connection.execute("SELECT packed FROM rosters WHERE key = ?", (key,)).fetchone()
                if packed is None:
                    raise sqlite3.DatabaseError(f"the roster {key} is missing")
                self._rosters[key] = Roster.unpack(packed[0])
        return self._rosters[key]

    def _by_seq(self, connection: sqlite3.Connection, seq: int) -> Decision:
        return self._decode(connection.execute(f"{READ} WHERE seq = ?", (seq,)).fetchone())

    def _by_uuid(self, uuid: str) -> Decision | None:
        connection = self._connection
        row = None if connection is None else connection.execute(f"{READ} WHERE uuid = ?", (uuid,)).fetchone()
        return None if row is None else self._decode(row)


def _require_counterpart(connection: sqlite3.Connection, decision: Decision, number: int) -> None:
    if decision.action not in ("undo", "redo"):
        return
    row = connection.execute("SELECT action FROM decisions WHERE uuid = ?", (decision.undoes,)).fetchone()
    if row is None or (decision.action == "redo") != (row[0] == "undo") or row[0] == "redo":
        raise DecisionError(
            f"decision {number} ({decision.action}) takes back {str(decision.undoes)!r:.60}, which is not there",
            "import the whole log, in its order",
        )


def _author() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


__all__ = ["ACTIONS", "ROW_ACTIONS", "Decision", "DecisionLog", "live", "read_jsonl", "write_jsonl"]
