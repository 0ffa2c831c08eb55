"""The store: what was put comes back, a broken value counts as missing, writing is all or nothing."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engines import store as store_module
from engines.artifacts import Embeddings, Names, Projection
from engines.errors import Cancelled, EnvironmentFault
from engines.store import Store, writing
from engines.value import InvalidValue


def projection(key: str = "a" * 24, n: int = 5) -> Projection:
    coords = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    return Projection(key=key, name="pca", coords=coords, notes={"kept_neighbors": 0.5})


def test_round_trip_is_memory_mapped_and_read_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.get(Projection, "a" * 24) is None
    stored = store.put(projection())
    assert isinstance(stored.coords, np.memmap)
    np.testing.assert_array_equal(stored.coords, projection().coords)
    assert stored.notes == {"kept_neighbors": 0.5}
    with pytest.raises(ValueError, match="read-only"):
        stored.coords[0, 0] = 1


def test_empty_arrays_and_tables_come_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert len(store.put(projection(n=0)).coords) == 0
    names = Names(key="n" * 24, table=Names.SCHEMA.empty_table())
    assert store.put(names).table.schema.equals(Names.SCHEMA)


@pytest.mark.parametrize("damage", ["truncate", "garbage header", "missing file", "header of another format"])
def test_a_broken_value_counts_as_missing_and_can_be_put_again(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    store.put(projection())
    folder = store.folder(Projection, "a" * 24)
    if damage == "truncate":
        (folder / "coords.npy").write_bytes((folder / "coords.npy").read_bytes()[:-8])
    elif damage == "garbage header":
        (folder / "value.json").write_bytes(b"\x00\xff{")
    elif damage == "missing file":
        (folder / "coords.npy").unlink()
    else:
        header = json.loads((folder / "value.json").read_text())
        (folder / "value.json").write_text(json.dumps({**header, "format": 99}))
    assert store.get(Projection, "a" * 24) is None
    np.testing.assert_array_equal(store.put(projection()).coords, projection().coords)


def test_a_value_is_never_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(projection())
    inode = store.folder(Projection, "a" * 24).stat().st_ino
    store.put(projection())
    assert store.folder(Projection, "a" * 24).stat().st_ino == inode


def test_values_of_a_kind_can_be_cleared_and_put_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    other = Embeddings(
        key="b" * 24, encoder="x", vectors=np.ones((1, 2), np.float32), probabilities=np.empty((1, 0), np.float16)
    )
    store.put(other)
    store.clear(Projection)  # there is none yet
    held = store.put(projection())
    store.clear(Projection)
    assert (store.get(Projection, held.key), store.has(Embeddings, other.key)) == (None, True)
    np.testing.assert_array_equal(held.coords, projection().coords)  # who has it open keeps it
    assert store.put(projection()).key == held.key
    assert [path.name for path in store.folder(Projection, held.key).parent.iterdir()] == [held.key]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def half() -> None:
        with writing(tmp_path / "kind" / "key") as folder:
            (folder / "part").write_text("x")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        half()
    assert list((tmp_path / "kind").iterdir()) == []


@pytest.mark.parametrize("fault", [OSError("Not enough free space to write 9 bytes"), OSError(errno.ENOSPC, "No space left")])
def test_a_full_disk_is_told_with_a_hint_however_it_shows(tmp_path: Path, fault: OSError) -> None:
    with pytest.raises(EnvironmentFault, match="cannot write") as caught, writing(tmp_path / "kind" / "key"):
        raise fault
    assert "free some space" in caught.value.hint


def test_a_workspace_that_cannot_be_written_is_an_environment_fault(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(EnvironmentFault, match="cannot write"):
        Store(blocked).put(projection())


def test_a_fault_of_the_disk_that_is_nothing_special_comes_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(np, "save", broken)
    with pytest.raises(EnvironmentFault, match="Input/output error") as told:
        Store(tmp_path).put(projection())
    assert "room on the disk" in told.value.hint


def test_the_second_one_waits_and_sees_the_progress_of_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    heard: list[tuple[float, str]] = []
    order: list[str] = []
    holding, seen = threading.Event(), threading.Event()

    def first() -> None:
        with store.lock("key"):
            store.noting("key", lambda _fraction, _message: None)(0.25, "half of a half")
            holding.set()
            assert seen.wait(20)
            order.append("first")

    def listen(fraction: float, message: str) -> None:
        heard.append((fraction, message))
        seen.set()

    thread = threading.Thread(target=first)
    thread.start()
    assert holding.wait(20)
    with store.lock("key", listen):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert heard[0] == (0.25, "waiting for another process: half of a half")


def test_a_killed_writer_leaves_neither_a_half_value_nor_a_lock(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from engines.store import Store, writing\n"
        "store = Store(Path(sys.argv[1]))\n"
        "with store.lock('k'), writing(store.root / 'values' / 'projection' / 'k') as folder:\n"
        "    (folder / 'coords.npy').write_bytes(b'half'); print('ready', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.kill()
    process.wait()
    process.stdout.close()
    store = Store(tmp_path)
    started = time.monotonic()
    with store.lock("k"):
        assert store.get(Projection, "k") is None
        store.put(projection("k"))
    assert time.monotonic() - started < 10
    leftovers = list((tmp_path / "values" / "projection").glob(".writing-*"))
    assert leftovers
    for folder in leftovers:
        os.utime(folder, (0, 0))
    store.sweep()
    assert not list((tmp_path / "values" / "projection").glob(".writing-*"))
    assert store.has(Projection, "k")


def test_a_value_with_broken_invariants_cannot_be_made() -> None:
    with pytest.raises(InvalidValue, match="not finite"):
        Projection(key="k", name="pca", coords=np.full((2, 2), np.nan, dtype=np.float32))


def test_a_large_array_is_written_in_blocks_as_numpy_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BLOCK_BYTES", 64)
    said: list[str] = []
    store, value = Store(tmp_path), projection(n=37)
    stored = store.put(value, lambda _, message: said.append(message))
    np.testing.assert_array_equal(stored.coords, value.coords)
    np.save(tmp_path / "coords.npy", value.coords)
    assert (store.folder(Projection, value.key) / "coords.npy").read_bytes() == (tmp_path / "coords.npy").read_bytes()
    assert said == [f"writing {start} of 37 rows" for start in range(0, 37, 8)]


def test_who_cancels_while_an_array_is_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BLOCK_BYTES", 64)

    def stop(fraction: float, message: str) -> None:
        if fraction > 0.5:
            raise Cancelled

    store = Store(tmp_path)
    with pytest.raises(Cancelled):
        store.put(projection(n=37), stop)
    assert store.get(Projection, "a" * 24) is None
    assert list((tmp_path / "values" / "projection").iterdir()) == []
