"""The folder of pictures: what leaves, under which names, and that it can be read again."""

import csv
import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engines.errors import ExportError
from engines.export import copying
from engines.export.folder import FolderExporter
from engines.protocols import ExportRow, no_progress
from tests.engines.export.held import in_tar, in_zip, pictures, texts
from tests.engines.export.made import dataset, leave, tree, write_files
from tests.engines.read.reading import read


@pytest.fixture
def source(tmp_path):
    return tmp_path / "source"


def test_split_label_name_and_bytes(tmp_path, source):
    files = {"train/cat/a.jpg": b"1", "train/dog/a.jpg": b"2", "test/cat/b.jpg": b"3", "test/cat/c.jpg": b"4"}
    write_files(source, files)
    data = dataset(source, list(files), ["cat", "dog", "cat", None], ["train", "train", "test", None])
    before = tree(source)
    record = leave(data, tmp_path / "out", labels=["cat", "cat", "cat", None], excluded=[2])
    found = tree(tmp_path / "out")
    assert {"train/cat/a.jpg", "train/cat/a-2.jpg", "_no_split/_unlabeled/c.jpg"} == {
        name for name in found if name.endswith(".jpg")
    }
    assert (tmp_path / "out/train/cat/a-2.jpg").read_bytes() == b"2"
    assert record["renamed_files"] == {"train/dog/a.jpg": "train/cat/a-2.jpg"}
    assert record["files"].items() <= found.items()
    assert set(found) == {*record["files"], "export.json"}
    assert tree(source) == before


def test_without_labels_the_files_lie_flat_and_spare_the_record(tmp_path, source):
    write_files(source, {"x/export.json": b"1", "y/b.jpg": b"2", "z/B.JPG": b"3"})
    data = dataset(source, ["x/export.json", "y/b.jpg", "z/B.JPG"], [None] * 3)
    leave(data, tmp_path / "out")
    assert set(tree(tmp_path / "out")) == {
        *("export-2.json", "b.jpg", "B-2.JPG"),
        *("metadata.csv", "decisions.jsonl", "export.json"),
    }


def test_names_of_classes_are_safe_and_the_mapping_is_told(tmp_path, source):
    labels = ["CON", "cat", "Cat", "a/b", "..", "_unlabeled", "", "é", "e\u0301", "-rf", "x" * 300, None]
    paths = [f"{number}.jpg" for number in range(len(labels))]
    write_files(source, {path: path.encode() for path in paths})
    record = leave(dataset(source, paths, labels), tmp_path / "out")
    folders = {entry["folder"]: entry["label"] for entry in record["folders"]}
    assert len(folders) == len(labels)
    assert list(folders)[:5] == ["_CON", "cat", "Cat-2", "a_b", "_"]
    assert all(len(folder) <= 200 for folder in folders)
    assert {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()} == set(folders)
    assert sorted(map(str, folders.values())) == sorted(map(str, labels))


def test_the_export_is_read_again_as_it_was_decided(tmp_path, source):
    files = {"train/a dog/1.png": b"1", "train/CON/2.png": b"2", "val/a dog/3.png": b"3", "val/CON/4.png": b"4"}
    write_files(source, files)
    own = {"caption": pa.array(['one, "two"\nthree', None, "x", "y"]), "weight": pa.array([1.5, None, -2.0, 3.0])}
    data = dataset(source, list(files), ["a dog", "CON", "a dog", "CON"], ["train", "train", "val", "val"], own)
    leave(data, tmp_path / "out", labels=["a dog", "CON", "=wolf", None], columns=data.rows.select(["caption", "weight"]))
    assert (tmp_path / "out/metadata.jsonl").exists(), "a label that looks like a formula does not go into a CSV file"
    again, _ = read(tmp_path / "out")
    rows = {row["own_id"]: row for row in again.rows.to_pylist()}
    assert {id_: row["label"] for id_, row in rows.items()} == dict(zip(data.ids, ["a dog", "CON", "=wolf", None], strict=True))
    assert [rows[id_]["split"] for id_ in data.ids] == ["train", "train", "val", "val"]
    assert [rows[id_]["caption"] for id_ in data.ids] == own["caption"].to_pylist()
    assert [rows[id_]["weight"] for id_ in data.ids] == own["weight"].to_pylist()
    assert set(again.rejects.column("path").to_pylist()) <= {"decisions.jsonl", "export.json"}


def test_a_harmless_table_is_csv(tmp_path, source):
    write_files(source, {"cat/a.jpg": b"1"})
    own = {"note": pa.array(['a;b, "c"\r\nd']), "tags": pa.array([["x", "y"]]), "n": pa.array([-1])}
    record = leave(dataset(source, ["cat/a.jpg"], ["cat"]), tmp_path / "out", columns=pa.table(own))
    with (tmp_path / "out/metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {
            "file_name": "cat/a.jpg",
            "id": "cat/a.jpg",
            "label": "cat",
            "note": own["note"][0].as_py(),
            "tags": '["x", "y"]',
            "n": "-1",
        }
    ]
    assert record["table"] == "metadata.csv"
    assert not (tmp_path / "out/metadata.jsonl").exists()


def test_files_that_have_gone_or_changed_are_told(tmp_path, source):
    write_files(source, {"cat/a.jpg": b"1", "cat/b.jpg": b"2", "cat/c.jpg": b"3"})
    data = dataset(source, ["cat/a.jpg", "cat/b.jpg", "cat/c.jpg"], ["cat"] * 3)
    contents = [hashlib.blake2b(content, digest_size=16).hexdigest() for content in (b"1", b"2", b"3")]
    (source / "cat/a.jpg").unlink()
    (source / "cat/b.jpg").write_bytes(b"other")
    record = leave(data, tmp_path / "out", contents=contents)
    assert record["missing"] == [{"id": "cat/a.jpg", "reason": "the file is not there any more"}]
    assert record["changed"] == ["cat/b.jpg"]
    assert (record["rows_in"], record["rows_out"]) == (3, 2)
    assert record["classes"] == [{"label": "cat", "before": 3, "after": 2}]
    for path in (source / "cat").iterdir():
        path.unlink()
    with pytest.raises(ExportError, match="none of the 3 rows could be written: the file is not there"):
        leave(data, tmp_path / "out2")
    assert not (tmp_path / "out2").exists()


def test_a_folder_in_place_of_a_file_is_missing(tmp_path, source):
    write_files(source, {"cat/a.jpg": b"1", "cat/b.jpg/inside": b"2"})
    record = leave(dataset(source, ["cat/a.jpg", "cat/b.jpg"], ["cat"] * 2), tmp_path / "out")
    assert [entry["id"] for entry in record["missing"]] == ["cat/b.jpg"]
    assert "cannot be read" in record["missing"][0]["reason"]


def test_names_that_are_no_text(tmp_path, source):
    names = [b"caf\xe9.jpg", b"caf\xc3\xa9.jpg", b"-rf.jpg", b"new\nline.jpg", b"a\\b.jpg", ("ü" * 100).encode() + b".jpg"]
    write_files(source, dict.fromkeys(names, b"x"))
    record = leave(dataset(source, names, ["c"] * len(names)), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out/c").iterdir()) == sorted(
        ["caf_xe9.jpg", "café.jpg", "_-rf.jpg", "new_line.jpg", "a_b.jpg", "ü" * 98 + ".jpg"]
    )
    assert record["rows_out"] == len(names)
    assert json.loads((tmp_path / "out/export.json").read_text("utf-8"))["renamed_files"] == record["renamed_files"]


def test_hard_links_and_symlinks(tmp_path, source):
    write_files(source, {"cat/a.jpg": b"1"})
    data = dataset(source, ["cat/a.jpg"], ["cat"])
    hard = leave(data, tmp_path / "hard", parameters={"link": "hardlink"})
    assert (tmp_path / "hard/cat/a.jpg").samefile(source / "cat/a.jpg")
    assert "hard links" in hard["notes"][0]
    soft = leave(data, tmp_path / "soft", parameters={"link": "symlink"})
    assert (tmp_path / "soft/cat/a.jpg").readlink() == source / "cat/a.jpg"
    assert soft["files"]["cat/a.jpg"] == hard["files"]["cat/a.jpg"] == hashlib.sha256(b"1").hexdigest()


def test_a_hard_link_to_a_link_shares_the_file_itself(tmp_path, source):
    write_files(source, {"real.bin": b"1"})
    (source / "a.jpg").symlink_to("real.bin")
    leave(dataset(source, ["a.jpg"], ["cat"]), tmp_path / "out", parameters={"link": "hardlink"})
    assert not (tmp_path / "out/cat/a.jpg").is_symlink()
    assert (tmp_path / "out/cat/a.jpg").samefile(source / "real.bin")


def test_a_hard_link_across_disks_says_copy(tmp_path, source, monkeypatch):
    def across(source, target):
        raise OSError(18, "Invalid cross-device link")

    write_files(source, {"cat/a.jpg": b"1"})
    monkeypatch.setattr(copying.os, "link", across)
    with pytest.raises(ExportError, match="another disk") as told:
        leave(dataset(source, ["cat/a.jpg"], ["cat"]), tmp_path / "out", parameters={"link": "hardlink"})
    assert "copy" in told.value.hint
    assert not (tmp_path / "out").exists()


def test_rows_without_files_are_told(tmp_path):
    rows = iter([ExportRow(id="v1", file=None, label="x", split=None)])
    with pytest.raises(ExportError, match="has no file") as told:
        FolderExporter()(rows, tmp_path, progress=no_progress)
    assert "csv" in told.value.hint


@pytest.mark.parametrize("inside", [in_zip, in_tar, partial(in_zip, packed=False)])
def test_members_of_containers_become_files_with_the_same_bytes(tmp_path, source, inside):
    files = dict(
        zip(["train/cat/a.png", "train/dog/a.png", "test/cat/no suffix", "test/cat/b\\xe9.png"], pictures(4), strict=True)
    )
    data = inside(source, files, ["cat", "dog", "cat", "cat"], ["train", "train", "test", "test"])
    before = tree(source)
    record = leave(data, tmp_path / "out", labels=["cat", "cat", "cat", "cat"])
    found = {name: (tmp_path / "out" / name).read_bytes() for name in tree(tmp_path / "out") if name.endswith(".png")}
    assert found == {
        "train/cat/a.png": files["train/cat/a.png"],
        "train/cat/a-2.png": files["train/dog/a.png"],
        "test/cat/no suffix.png": files["test/cat/no suffix"],
        "test/cat/b_xe9.png": files["test/cat/b\\xe9.png"],
    }
    assert all(record["files"][name] == hashlib.sha256(raw).hexdigest() for name, raw in found.items())
    assert tree(source) == before


def test_there_can_be_no_link_to_a_member(tmp_path, source):
    data = in_zip(source, {"a.png": b"1"}, ["x"])
    with pytest.raises(ExportError, match="lies inside of a container") as told:
        leave(data, tmp_path / "out", parameters={"link": "hardlink"})
    assert "copy" in told.value.hint
    assert not (tmp_path / "out").exists()


def test_a_container_that_broke_is_told(tmp_path, source):
    data = in_zip(source, dict(zip(["a.png", "b.png"], pictures(2, side=64), strict=True)), ["x", "y"])
    raw = (source / "all.zip").read_bytes()
    place = data.media.column("offset")[1].as_py()
    (source / "all.zip").write_bytes(raw[: place + 4])
    record = leave(data, tmp_path / "out")
    assert [entry["id"] for entry in record["missing"]] == ["b.png"]
    assert "container" in record["missing"][0]["reason"]
    assert record["rows_out"] == 1


def test_texts_that_came_as_files_become_files_again(tmp_path, source):
    held = ["one", "grün\nzwei", "=three"]
    data = texts(source, held, ["pos", "neg", None])
    paths = pa.array(["pos/a.txt", "neg/a.txt", "pos/b"])
    data = replace(data, rows=data.rows.set_column(1, "path", paths))
    leave(data, tmp_path / "out", labels=["pos", "pos", None])
    assert (tmp_path / "out/pos/a.txt").read_bytes() == b"one"
    assert (tmp_path / "out/pos/a-2.txt").read_bytes().decode() == "grün\nzwei"
    assert (tmp_path / "out/_unlabeled/b.txt").read_bytes() == b"=three"


LABELS = st.one_of(
    st.none(), st.text(max_size=12), st.sampled_from(["a", "A", "nul", "..", "=x", "é", "e\u0301", "a/b", "a_b"])
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(LABELS, st.sampled_from([None, "train", "Train"]), st.booleans()), min_size=1, max_size=12))
def test_whatever_the_labels_every_row_leaves_once_with_its_bytes(tmp_path_factory, rows):
    folder: Path = tmp_path_factory.mktemp("any")
    paths = [f"{number % 3}/{number // 3}.jpg" for number in range(len(rows))]
    write_files(folder / "source", {path: path.encode() for path in paths})
    data = dataset(folder / "source", paths, [row[0] for row in rows], [row[1] for row in rows])
    excluded = [number for number, row in enumerate(rows) if row[2]]
    before = tree(folder / "source")
    if len(excluded) == len(rows):
        with pytest.raises(ExportError, match="no row is left"):
            leave(data, folder / "out", excluded=excluded)
        return
    record = leave(data, folder / "out", excluded=excluded)
    names = {path: path for path in paths}
    table = folder / "out" / record["table"]
    if table.suffix == ".csv":
        with table.open(encoding="utf-8", newline="") as file:
            names = {row["id"]: row["file_name"] for row in csv.DictReader(file)}
    else:
        lines = table.read_text("utf-8").split("\n")[:-1]
        names = {row["id"]: row["file_name"] for row in map(json.loads, lines)}
    staying = [path for number, path in enumerate(paths) if number not in excluded]
    assert sorted(names) == sorted(staying)
    assert all((folder / "out" / names[path]).read_bytes() == path.encode() for path in staying)
    assert sum(1 for path in (folder / "out").rglob("*.jpg")) == len(staying)
    assert {entry["id"] for entry in record["dropped"]} == set(paths) - set(staying)
    assert sum(entry["after"] for entry in record["classes"]) == record["rows_out"] == len(staying)
    assert tree(folder / "source") == before
