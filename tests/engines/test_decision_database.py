"""The file of decisions: synced, never thrown away, never half written, and its faults told in words."""

import os
import sqlite3

import pytest

from engines import decision_database
from engines.decisions import DecisionLog
from engines.errors import EnvironmentFault


@pytest.fixture
def log(tmp_path):
    made = DecisionLog(tmp_path / "decisions.sqlite", who="ann")
    yield made
    made.close()


def test_an_acknowledged_decision_is_synced(log):
    log.append("exclude", ["a"])
    with log._lock:
        assert log._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert log._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_damaged_file_stays_and_is_told(tmp_path):
    path = tmp_path / "decisions.sqlite"
    log = DecisionLog(path)
    for number in range(30):
        log.append("exclude", [f"row{number}" for number in range(number * 200 + 1)])
    log.close()
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 4 : len(raw) // 2] = os.urandom(len(raw) // 2 - len(raw) // 4)
    path.write_bytes(raw)
    with pytest.raises(EnvironmentFault, match="damaged") as told:
        DecisionLog(path)
    assert "left as it is" in told.value.hint
    assert path.read_bytes() == bytes(raw)


def test_a_damaged_bitmap_is_told_and_not_replayed(log):
    log.append("exclude", [f"row{number}" for number in range(1000)])
    log._connection.execute("DROP TRIGGER decisions_hold")
    log._connection.execute("UPDATE decisions SET bitmap = x'00ff'")
    with pytest.raises(EnvironmentFault, match="damaged: entry 1 cannot be read"):
        DecisionLog(log.path).entries()


@pytest.mark.parametrize("content", [b"this is no database, but a text that somebody put there" * 40, b"\0" * 4096])
def test_a_foreign_file_stays_and_is_told(tmp_path, content):
    path = tmp_path / "decisions.sqlite"
    path.write_bytes(content)
    with pytest.raises(EnvironmentFault):
        DecisionLog(path)
    assert path.read_bytes() == content


def test_another_database_and_a_newer_version_are_refused(tmp_path):
    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(EnvironmentFault, match="no log of decisions"):
        DecisionLog(foreign)
    newer = DecisionLog(tmp_path / "newer.sqlite")
    newer.append("exclude", ["a"])
    newer._connection.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(EnvironmentFault, match="newer version"):
        DecisionLog(newer.path)


def test_a_full_disk_takes_nothing_half(log):
    log.append("exclude", ["a"])
    pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
    log._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(EnvironmentFault, match="no room") as told:
        log.append("exclude", [f"row {number} {os.urandom(16).hex()}" for number in range(5_000)])
    assert told.value.exit_code == 3
    assert [tuple(entry.ids) for entry in log.entries()] == [("a",)]
    log._connection.execute("PRAGMA max_page_count = 100000")
    assert log.append("exclude", ["b"]).seq == 2


def test_a_removed_file_takes_no_decisions(log):
    log.append("exclude", ["a"])
    for file in log.path.parent.iterdir():
        file.unlink()
    with pytest.raises(EnvironmentFault, match="removed or replaced"):
        log.append("exclude", ["b"])


def test_entries_can_neither_be_changed_nor_deleted(log):
    log.append("exclude", ["a"])
    for statement in ("DELETE FROM decisions", "UPDATE decisions SET who = 'eve'"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            log._connection.execute(statement)
    assert log.entries()[0].who == "ann"


def test_a_locked_file_is_told(log, monkeypatch):
    log.append("exclude", ["a"])
    log.close()
    monkeypatch.setattr(decision_database, "BUSY_SECONDS", 0.1)
    with sqlite3.connect(log.path, isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(EnvironmentFault, match="another program has held"):
            log.append("exclude", ["b"])
        holder.execute("ROLLBACK")
    holder.close()
    assert log.append("exclude", ["b"]).seq == 2


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/home/ann/x", "ext4"), ("/mnt/share/x", "nfs4"), ("/mnt/share two/x", "sshfs"), ("/mnt/shared", "ext4")],
)
def test_network_drives_are_recognized(path, kind):
    mounts = "/dev/a / ext4 rw 0 0\nserver:/x /mnt/share nfs4 rw 0 0\nuser@host: /mnt/share\\040two fuse.sshfs rw 0 0\n"
    assert decision_database._file_system(path, mounts) == kind
    assert (kind in decision_database.NETWORK_FILE_SYSTEMS) == (kind != "ext4")


def test_no_wal_on_a_network_drive(tmp_path, monkeypatch):
    monkeypatch.setattr(decision_database, "on_network_drive", lambda path: True)
    log = DecisionLog(tmp_path / "decisions.sqlite")
    log.append("exclude", ["a"])
    assert log._connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    log.close()
