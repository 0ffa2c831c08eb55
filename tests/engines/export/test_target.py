"""Where an export may go: beside the data set, into a new place, whole or not at all."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from engines.errors import Cancelled, EnvironmentFault, ExportError
from engines.export import target as place
from engines.export.target import PREFIX, filling, require_free, sweep
from tests.engines.export.held import in_zip
from tests.engines.export.made import dataset, leave, tree, write_files

FILES = {f"cat/{number}.jpg": f"picture {number}".encode() for number in range(60)}


@pytest.fixture
def data(tmp_path):
    write_files(tmp_path / "source", FILES)
    return dataset(tmp_path / "source", list(FILES), ["cat"] * len(FILES))


def _left_over(folder):
    return [path.name for path in folder.rglob("*") if path.name.startswith(PREFIX)]


@pytest.mark.parametrize(
    "where", ["source", "source/out", "source/cat/deep/er", "", "source/../source/x", "link", "link/x", "linked_out"]
)
def test_never_into_or_above_the_data_set(tmp_path, data, where):
    (tmp_path / "link").symlink_to(tmp_path / "source")
    (tmp_path / "source" / "empty").mkdir()
    (tmp_path / "linked_out").symlink_to(tmp_path / "source" / "empty")
    before = tree(tmp_path / "source")
    with pytest.raises(ExportError, match=r"lies inside of|holds"):
        leave(data, tmp_path / where if where else tmp_path, "csv")
    assert tree(tmp_path / "source") == before
    assert not _left_over(tmp_path)


def test_the_source_may_be_given_as_a_link(tmp_path, data):
    (tmp_path / "link").symlink_to(tmp_path / "source")
    linked = dataset(tmp_path / "link", list(FILES), ["cat"] * len(FILES))
    with pytest.raises(ExportError, match="lies inside of"):
        leave(linked, tmp_path / "source" / "out", "csv")
    assert not (tmp_path / "source" / "out").exists()


def test_a_file_as_source_may_have_neighbors(tmp_path):
    (tmp_path / "vectors.npy").write_bytes(b"x")
    assert require_free(tmp_path / "out", [tmp_path / "vectors.npy"]) == tmp_path / "out"
    with pytest.raises(ExportError):
        require_free(tmp_path / "vectors.npy", [tmp_path / "vectors.npy"])
    with pytest.raises(ExportError, match="holds"):
        require_free(tmp_path, [tmp_path / "vectors.npy"])


def test_beside_a_table_but_not_among_the_pictures_that_it_names(tmp_path):
    files = {"t.csv": b"x", "img/deep/a.png": b"1", "img/b.png": b"2"}
    write_files(tmp_path, files)
    data = dataset(tmp_path, ["img/deep/a.png", "img/b.png"], ["x", "y"])
    table = replace(data, source=str(tmp_path / "t.csv"), origin={"reader": "table"})
    leave(table, tmp_path / "out", "csv")
    for where in ("img/out", "img/deep", "t.csv"):
        with pytest.raises(ExportError, match=r"lies inside of|exists|holds"):
            leave(table, tmp_path / where, "csv")
    several = replace(
        table,
        source="a + b",
        origin={"reader": "several", "sources": [{**table.origin, "source": table.source, "root": table.root}]},
    )
    leave(several, tmp_path / "out2", "csv")
    flat = dataset(tmp_path, ["a.png"], ["x"])
    flat = replace(flat, source=str(tmp_path / "t.csv"), origin={"reader": "table"})
    write_files(tmp_path, {"a.png": b"3"})
    with pytest.raises(ExportError, match="lies inside of"):
        leave(flat, tmp_path / "out3", "csv")


def test_beside_a_container(tmp_path):
    data = in_zip(tmp_path, {"a.png": b"1"}, ["x"])
    leave(data, tmp_path / "out")
    assert (tmp_path / "out/x/a.png").read_bytes() == b"1"


def test_never_over_anything(tmp_path, data):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".keep").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name, words in (("full", "not empty"), ("file", "no folder"), ("dangling", "no folder")):
        with pytest.raises(ExportError, match=words):
            leave(data, tmp_path / name, "csv")
    assert (tmp_path / "full" / ".keep").read_text() == (tmp_path / "file").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    leave(data, tmp_path / "empty", "csv")
    assert (tmp_path / "empty" / "export.json").exists()
    with pytest.raises(ExportError, match="not empty"):
        leave(data, tmp_path / "empty", "csv")


def test_cancel_leaves_nothing_not_even_new_parents(tmp_path, data):
    def progress(fraction, message):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        leave(data, tmp_path / "new" / "deep" / "out", progress=progress)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_a_full_disk_leaves_nothing(tmp_path, data, monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(place, "_sync_all", full)
    with pytest.raises(EnvironmentFault, match="No space left") as told:
        leave(data, tmp_path / "out")
    assert "free some space" in told.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written(tmp_path, data):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(EnvironmentFault, match="cannot write"):
        leave(data, tmp_path / "locked" / "out")


def test_somebody_else_took_the_name_meanwhile(tmp_path):
    def write():
        with filling(tmp_path / "out"):
            write_files(tmp_path / "out", {"theirs": b"y"})

    with pytest.raises(ExportError, match="somebody else"):
        write()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["theirs"]
    assert not _left_over(tmp_path)


KILLED = """
import sys, time
from pathlib import Path
from engines.export.target import filling
with filling(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("x")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_killed_export_leaves_no_target_and_is_swept_by_the_next(tmp_path, data):
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "out")], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"writing\n"
        process.kill()
    assert not (tmp_path / "out").exists()
    assert len(_left_over(tmp_path)) == 1
    leave(data, tmp_path / "other", "csv")
    assert _left_over(tmp_path) == []


def test_the_sweep_spares_the_living_other_machines_and_files(tmp_path):
    living = tmp_path / f"{PREFIX}{place._host()}-{os.getpid()}-ab"
    far = tmp_path / f"{PREFIX}0000-1-ab"
    for folder in (living, far):
        folder.mkdir()
    (tmp_path / f"{PREFIX}{place._host()}-x").write_text("a file")
    (tmp_path / f"{PREFIX}0000-1-link").symlink_to(far)
    sweep(tmp_path)
    assert len(_left_over(tmp_path)) == 4
    os.utime(far, (time.time() - 90_000,) * 2)
    sweep(tmp_path)
    assert not far.exists()
    assert living.exists()
