"""Open ``decisions.sqlite`` so that what is acknowledged is on the disk, and turn SQLite's errors into words."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engines.decision_entry import Decision
from engines.errors import EnvironmentFault
from engines.idsets import IdSet, Roster

FORMAT = 1
APPLICATION_ID = 0x44455831  # "DEX1": tells our file from any other SQLite database
BUSY_SECONDS = 30.0
NETWORK_FILE_SYSTEMS = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "afs", "ncpfs", "9p", "davfs", "sshfs"),
        *("ceph", "glusterfs", "lustre", "beegfs", "gpfs"),
    }
)
SCHEMA = """
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    time TEXT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    loose TEXT NOT NULL,
    roster TEXT REFERENCES rosters (key),
    bitmap BLOB,
    marked INTEGER NOT NULL,
    value TEXT NOT NULL,
    check_name TEXT,
    why TEXT NOT NULL,
    undoes TEXT,
    run_key TEXT NOT NULL
) STRICT;
CREATE INDEX by_author ON decisions (who, seq);
CREATE INDEX by_undone ON decisions (undoes) WHERE undoes IS NOT NULL;
CREATE TABLE rosters (key TEXT PRIMARY KEY, size INTEGER NOT NULL, packed BLOB NOT NULL) STRICT;
CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END;
CREATE TRIGGER decisions_hold BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
"""


COLUMNS = "uuid, time, who, action, loose, roster, bitmap, marked, value, check_name, why, undoes, run_key"
READ = f"SELECT seq, {COLUMNS} FROM decisions"  # noqa: S608 the names are the literal above
INSERT = f"INSERT INTO decisions ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 a literal
UNDONE = """EXISTS (SELECT 1 FROM decisions u WHERE u.undoes = d.uuid AND u.action = 'undo'
            AND NOT EXISTS (SELECT 1 FROM decisions r WHERE r.undoes = u.uuid AND r.action = 'redo'))"""
LATEST_LIVE = f"""SELECT d.seq FROM decisions d WHERE d.who = ? AND d.action NOT IN ('undo', 'redo') AND NOT {UNDONE}
                  ORDER BY d.seq DESC LIMIT 1"""  # noqa: S608 no outside text
LATEST_UNDO = """SELECT u.seq FROM decisions u WHERE u.who = ?1 AND u.action = 'undo'
                 AND NOT EXISTS (SELECT 1 FROM decisions r WHERE r.undoes = u.uuid AND r.action = 'redo')
                 AND u.seq > (SELECT coalesce(max(seq), 0) FROM decisions WHERE who = ?1 AND action NOT IN ('undo', 'redo'))
                 ORDER BY u.seq DESC LIMIT 1"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the file, made if missing; every commit is synced to the disk before it returns.

    Raises:
        EnvironmentFault: when the file is damaged (it stays untouched), foreign, of a newer version, or cannot be written.
    """
    with faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not path.exists()
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        if fresh and os.name != "nt":
            _sync_folder(path.parent)
        return connection


def row_of(decision: Decision, ids: IdSet) -> tuple[Any, ...]:
    """Give the values of ``COLUMNS``."""
    return (
        decision.uuid,
        decision.time,
        decision.who,
        decision.action,
        json.dumps([ids.loose, ids.contents]),
        ids.roster.key if ids.roster is not None else None,
        ids.bitmap if ids.roster is not None else None,
        ids.marked,
        json.dumps(decision.value),
        decision.check,
        decision.why,
        decision.undoes,
        decision.run_key,
    )


def decision_of(row: Sequence[Any], roster: Roster | None) -> Decision:
    """Read a row of ``READ``, whose large set of ids is over ``roster``.

    Raises:
        ValueError, TypeError, zlib.error: when the row is not what was written.
    """
    seq, uuid, time, who, action, loose, _, bitmap, marked, value, check, why, undoes, run_key = row
    ids, contents = json.loads(loose)
    if roster is not None and len(zlib.decompress(bitmap)) != (len(roster.ids) + 7) // 8:
        raise ValueError("the bitmap does not fit its roster")
    return Decision(
        seq=seq,
        uuid=uuid,
        time=time,
        who=who,
        action=action,
        ids=IdSet(tuple(ids), tuple(contents), roster, bitmap or b"", marked),
        value=json.loads(value),
        check=check,
        why=why,
        undoes=undoes,
        run_key=run_key,
    )


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    application, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not empty and application != APPLICATION_ID:
        raise EnvironmentFault(f"{path} is no log of decisions", "move it away, or choose another --workspace")
    if version > FORMAT:
        raise EnvironmentFault(f"{path} was written by a newer version of dataset-explorer", "update dataset-explorer")
    if not empty:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    connection.execute(f"PRAGMA journal_mode = {'DELETE' if on_network_drive(path) else 'WAL'}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    if empty:
        with immediate(connection):
            # Another process may have been first between the look and the lock.
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                for statement in _statements(SCHEMA):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {FORMAT}")


def _statements(script: str) -> Iterator[str]:
    """Cut a script into statements; ``executescript`` would commit the transaction that is under way."""
    pending = ""
    for line in script.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a block as one transaction that holds the write lock from its start; nothing of it stays when it fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Turn errors of the disk and of SQLite into an ``EnvironmentFault``; nothing is ever repaired by removing it."""
    try:
        yield
    except sqlite3.Error as error:
        raise _fault(path, error) from error
    except OSError as error:
        raise EnvironmentFault(
            f"cannot write {path}: {error.strerror or error}", "free some space or choose a --workspace that you may write"
        ) from error


def _fault(path: Path, error: sqlite3.Error) -> EnvironmentFault:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return EnvironmentFault(
            f"no room for a decision in {path}: {error}", "free some space and decide again; the rest is safe"
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        hint = "close what holds it, then decide again"
        return EnvironmentFault(f"another program has held {path} for {BUSY_SECONDS:.0f} s", hint)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return EnvironmentFault(f"{path} cannot be opened for writing: {error}", "choose a --workspace that you may write")
    if name.startswith("SQLITE_IOERR"):
        return EnvironmentFault(f"the disk failed below {path}: {error}", "look at the disk; the decision was not taken")
    return EnvironmentFault(
        f"{path} is damaged: {error}",
        "it was left as it is; copy it, try `sqlite3 decisions.sqlite .recover`, or move it away to start with no decisions",
    )


def on_network_drive(path: Path) -> bool:
    """Tell whether a file lies on a network drive, where the shared memory of SQLite's WAL does not work."""
    if os.name == "nt":
        import ctypes

        drive = path.resolve().drive
        remote = 4
        return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == remote  # type: ignore[attr-defined,unused-ignore]  # Windows only
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return _file_system(str(path.resolve()), mounts) in NETWORK_FILE_SYSTEMS


def _file_system(path: str, mounts: str) -> str:
    """Give the type of the file system that holds ``path``: the last of the longest mount points above it."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
        above = path == point or path.startswith(point.rstrip("/") + "/")
        if above and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind.removeprefix("fuse.")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = [
    "INSERT",
    "LATEST_LIVE",
    "LATEST_UNDO",
    "READ",
    "decision_of",
    "faults",
    "immediate",
    "on_network_drive",
    "open_database",
    "row_of",
]
