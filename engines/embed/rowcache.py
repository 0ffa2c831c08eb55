"""Remember per content what decoding and encoding it gave, in one SQLite file that may be deleted at any time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import PIL
import pyarrow as pa

from engines.artifacts import Float32, PictureFacts
from engines.embed.facts import FACTS_VERSION
from engines.errors import EnvironmentFault
from engines.keys import digest

T = TypeVar("T")

APPLICATION = 0x64786330
CHUNK = 400
BLOCK = 8192
BUSY_SECONDS = 60.0

FACT_NAMES = tuple(PictureFacts.COLUMNS)[1:]
VERSION = int(digest("facts", str(FACTS_VERSION), *map(str, PictureFacts.COLUMNS.items()), PIL.__version__)[:7], 16)
"""Facts, and what counts as broken, depend on our code and on Pillow: another version of either starts anew."""

_TABLES = {
    "files": "path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, content BLOB",
    "facts": "content BLOB PRIMARY KEY, " + ", ".join(FACT_NAMES) + ", thumb BLOB",
    "vectors": "content BLOB, encoder TEXT, vector BLOB, probabilities BLOB, PRIMARY KEY (content, encoder)",
    "broken": "content BLOB PRIMARY KEY, reason TEXT",
}
_INSERT = {
    "files": "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
    "facts": f"INSERT OR REPLACE INTO facts VALUES (?, {', '.join('?' for _ in FACT_NAMES)}, ?)",  # noqa: S608  # question marks only
    "vectors": "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)",
    "broken": "INSERT OR REPLACE INTO broken VALUES (?, ?)",
}
_MACHINE = ("full", "readonly", "read-only", "unable to open", "disk i/o", "locked", "busy", "permission")


class CacheLost(Exception):
    """Report that the cache was damaged and has been started anew; whoever needs its rows makes them again."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What the cache knows about a content: whether its facts and its vector are there, or why it cannot be used."""

    facts: bool
    vector: bool
    broken: str | None


@dataclass(kw_only=True)
class Batch:
    """What is written in one transaction: at most this is lost when the process is killed. Hashes are of contents.

    ``files``: path, size, mtime_ns, inode, hash; ``facts``: facts by their names, and the thumbnail; ``vectors``: hash, vector and
    probabilities of ``encoder``; ``broken``: hash and reason.
    """

    encoder: str
    files: list[tuple[bytes, int, int, int, str]] = field(default_factory=list)
    facts: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)
    vectors: list[tuple[str, Float32, npt.NDArray[np.float16]]] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return max(len(self.files), len(self.facts), len(self.vectors))


class RowCache:
    """The row cache of a workspace; safe for several threads and processes.

    A file that is damaged, or that something else wrote, is moved aside (``.broken``) and started anew: everything in it can be
    computed again, and no decision is ever kept here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._lock = threading.RLock()
        self._connections: list[sqlite3.Connection] = []
        self._generation = 0
        with contextlib.suppress(CacheLost):
            self._call(_first_row)
            return
        self._call(_first_row)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of all threads; a later call opens new ones."""
        with self._lock:
            self._generation += 1
            for connection in self._connections:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
            self._connections.clear()

    def known_files(self, files: Sequence[tuple[bytes, int, int, int]]) -> list[str | None]:
        """Give the content hash of each (absolute path, size, mtime_ns, inode) that has not changed since it was read."""
        query = "SELECT path, size, mtime_ns, inode, content FROM files WHERE path"
        found = {row[0]: row[1:] for row in self._select(query, [file[0] for file in files])}
        return [found[path][3].hex() if path in found and found[path][:3] == tuple(stats) else None for path, *stats in files]

    def state(self, content: str, encoder: str) -> State:
        """Tell what is known about one content."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM facts WHERE content = ?1), EXISTS (SELECT 1 FROM vectors WHERE content = ?1 AND encoder = ?2), "
            "(SELECT reason FROM broken WHERE content = ?1)"
        )
        ((facts, vector, broken),) = self._call(partial(_fetch, query, (bytes.fromhex(content), encoder)))
        return State(facts=bool(facts), vector=bool(vector), broken=broken)

    def states(self, contents: Sequence[str], encoder: str) -> dict[str, State]:
        """Tell per content hash what is known."""
        keys = [bytes.fromhex(content) for content in contents]
        facts = {row[0] for row in self._select("SELECT content FROM facts WHERE content", keys)}
        vectors = {row[0] for row in self._select("SELECT content FROM vectors WHERE encoder = ? AND content", keys, encoder)}
        broken = {row[0]: row[1] for row in self._select("SELECT content, reason FROM broken WHERE content", keys)}
        return {key.hex(): State(facts=key in facts, vector=key in vectors, broken=broken.get(key)) for key in keys}

    def write(self, batch: Batch) -> None:
        """Write a batch in one transaction.

        Raises:
            EnvironmentFault: when the disk is full or the folder cannot be written.
        """
        rows: dict[str, list[tuple[Any, ...]]] = {
            "files": [(*file[:4], bytes.fromhex(file[4])) for file in batch.files],
            "facts": [_fact_row(facts, thumb) for facts, thumb in batch.facts],
            "vectors": [
                (bytes.fromhex(content), batch.encoder, vector.tobytes(), probabilities.tobytes())
                for content, vector, probabilities in batch.vectors
            ],
            "broken": [(bytes.fromhex(content), reason) for content, reason in batch.broken],
        }

        def store(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for table, values in rows.items():
                    connection.executemany(_INSERT[table], values)

        self._call(store)

    def facts(self, contents: Sequence[str]) -> pa.Table:
        """Give the facts of contents, in their order.

        Raises:
            CacheLost: when one of them is not there (any more).
        """
        blocks = [self._facts(contents[start : start + BLOCK]) for start in range(0, max(len(contents), 1), BLOCK)]
        return pa.concat_tables(blocks).combine_chunks()

    def _facts(self, contents: Sequence[str]) -> pa.Table:
        """Give the facts of so few contents that they may be Python values for a moment."""
        query = f"SELECT content, {', '.join(FACT_NAMES)} FROM facts WHERE content"  # noqa: S608  # names of our own columns
        found = {row[0].hex(): row for row in self._select(query, _keys(contents))}
        if len(found) < len(set(contents)):
            raise CacheLost("facts are missing")
        columns = {"content_hash": pa.array(contents, pa.string())}
        for number, name in enumerate(FACT_NAMES, start=1):
            kind = PictureFacts.COLUMNS[name]
            values = [found[content][number] for content in contents]
            if kind == pa.uint64():
                columns[name] = pa.array(np.array(values, dtype=np.int64).view(np.uint64), kind)
            else:
                columns[name] = pa.array(values, kind)
        return pa.table(columns)

    def vectors(self, contents: Sequence[str], encoder: str) -> tuple[Float32, npt.NDArray[np.float16]]:
        """Give vectors and probabilities of contents, in their order.

        Raises:
            CacheLost: when one of them is not there (any more).
        """
        places: dict[bytes, list[int]] = {}
        for place, key in enumerate(map(bytes.fromhex, contents)):
            places.setdefault(key, []).append(place)
        vectors, probabilities = np.empty((len(contents), 0), np.float32), np.empty((len(contents), 0), np.float16)
        query = "SELECT content, vector, probabilities FROM vectors WHERE encoder = ? AND content"
        filled = 0
        for content, vector, shares in self._select(query, list(places), encoder):
            if not filled:
                vectors = np.empty((len(contents), len(vector) // 4), np.float32)
                probabilities = np.empty((len(contents), len(shares) // 2), np.float16)
            for place in places[content]:
                vectors[place] = np.frombuffer(vector, np.float32)
                probabilities[place] = np.frombuffer(shares, np.float16)
            filled += 1
        if filled < len(places):
            raise CacheLost("vectors are missing")
        return vectors, probabilities

    def thumb(self, content: str) -> bytes | None:
        """Give the thumbnail (JPEG) of a content, or None where it is not known."""
        with contextlib.suppress(CacheLost):
            for (thumb,) in self._select("SELECT thumb FROM facts WHERE content", _keys([content])):
                return bytes(thumb)
        return None

    def _select(self, query: str, keys: Sequence[bytes], *before: str) -> Iterator[tuple[Any, ...]]:
        """Run ``query IN (keys)`` in chunks."""
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            marks = ", ".join("?" * len(chunk))
            yield from self._call(partial(_fetch, f"{query} IN ({marks})", (*before, *chunk)))

    def _call(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run an action on this thread's connection.

        Raises:
            EnvironmentFault: for a full disk, a missing permission, or another process that does not let go.
            CacheLost: when the file was damaged and is moved aside.
        """
        try:
            return action(self._connection())
        except sqlite3.DatabaseError as error:
            words = str(error).lower()
            if any(sign in words for sign in _MACHINE):
                hint = "free some space, check the permissions of the workspace, or choose another one with --workspace"
                raise EnvironmentFault(f"{self.path} cannot be used: {error}", hint) from None
            self._move_aside()
            raise CacheLost(str(error)) from None

    def _connection(self) -> sqlite3.Connection:
        """Give the connection of this thread."""
        if getattr(self._local, "generation", None) != self._generation:
            with self._lock:
                connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
                self._connections.append(connection)
                _prepare(connection)
                self._local.connection, self._local.generation = connection, self._generation
        found: sqlite3.Connection = self._local.connection
        return found

    def _move_aside(self) -> None:
        with self._lock:
            self.close()
            try:
                self.path.replace(self.path.with_name(self.path.name + ".broken"))
                for suffix in ("-wal", "-shm"):
                    Path(os.fspath(self.path) + suffix).unlink(missing_ok=True)
            except FileNotFoundError:
                return  # another process was quicker
            except OSError as error:
                raise EnvironmentFault(f"{self.path} is damaged and cannot be moved aside: {error.strerror}") from None


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables where they are not there; refuse a file of another program."""
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    if _marks(connection) == (APPLICATION, VERSION):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        application, version = _marks(connection)
        if (application, version) == (APPLICATION, VERSION):
            return
        if application != APPLICATION and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise sqlite3.DatabaseError("the file belongs to another program")
        for table, columns in _TABLES.items():
            connection.execute(f"DROP TABLE IF EXISTS {table}")
            connection.execute(f"CREATE TABLE {table} ({columns})")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite does not wait for this one when two processes start together, so we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    """Give what the header of the file says: whose it is, and which version wrote it."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(application), int(version)


def _first_row(connection: sqlite3.Connection) -> None:
    """Touch every table, so that damage shows at once."""
    for table in _TABLES:
        connection.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()  # noqa: S608  # names of our own tables


def _fetch(query: str, values: tuple[str | bytes, ...], connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(query, values).fetchall()


def _keys(contents: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(content) for content in dict.fromkeys(contents)]


def _fact_row(facts: dict[str, Any], thumb: bytes) -> tuple[Any, ...]:
    """Order the facts as the table has them; SQLite's integers are signed."""
    values = [facts[name] for name in FACT_NAMES]
    signed = [
        value - 2**64 if PictureFacts.COLUMNS[name] == pa.uint64() and value >= 2**63 else value
        for name, value in zip(FACT_NAMES, values, strict=True)
    ]
    return (bytes.fromhex(facts["content_hash"]), *signed, thumb)
