"""YOLO out of YOLO: what is read again is what was decided; other pictures become folders of classes."""

import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engines.errors import ExportError
from engines.protocols import SourceOptions, no_progress
from engines.read.yolo import YoloReader
from tests.engines.export.held import in_zip, pictures, texts
from tests.engines.export.made import dataset, leave, tree, write_files
from tests.engines.read.reading import read as read_any


def read(source):
    return YoloReader()(source, SourceOptions(), scratch=source, progress=no_progress).dataset


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "source"
    names = [*(f"images/train/{number}.png" for number in (1, 2, 3, 4)), "images/val/1.png"]
    write_files(root, dict(zip(names, pictures(5), strict=True)))
    write_files(
        root,
        {
            "labels/train/1.txt": b"0 0.5 0.5 0.4 0.4\n1 0.5 0.5 0.1 0.1\r\n  0   0.1 0.1 0.1  0.1\t0.1 ",
            "labels/train/2.txt": b"1 0.1 0.1 0.3 0.1 0.3 0.3\n",
            "labels/train/3.txt": b"0 0.5 0.5 0.1 0.1\n1 0.5 0.5 0.1 0.1\n",
            "labels/val/1.txt": b"",
            "data.yaml": b"# ours\npath: /nowhere\ntrain: images/train\nval: images/val\nkpts: &x\n  - 1\nnames:\n  0: cat\n  1: dog\n",
        },
    )
    return root


def test_what_is_read_again_is_what_was_decided(tmp_path, source):
    data = read(source)
    before = tree(source)
    assert data.labels == ["cat", "dog", None, None, None]
    record = leave(data, tmp_path / "out", "yolo", labels=["wolf", "cat", "cat", None, "dog"], excluded=[3])
    again = read(tmp_path / "out")
    assert again.ids == [data.ids[place] for place in (0, 1, 2, 4)]
    assert again.labels == ["wolf", "cat", None, None]
    assert again.rows.column("split").to_pylist() == ["train", "train", "train", "val"]
    assert (
        tmp_path / "out/labels/train/1.txt"
    ).read_bytes() == b"2 0.5 0.5 0.4 0.4\n1 0.5 0.5 0.1 0.1\r\n  2   0.1 0.1 0.1  0.1\t0.1 "
    assert (tmp_path / "out/labels/train/3.txt").read_bytes() == (source / "labels/train/3.txt").read_bytes()
    assert not (tmp_path / "out/labels/train/4.txt").exists()
    assert (tmp_path / "out/labels/val/1.txt").read_bytes() == b""
    assert [(entry["id"], entry["to"]) for entry in record["not_relabeled"]] == [
        ("images/train/3.png", "cat"),
        ("images/val/1.png", "dog"),
    ]
    assert (record["added_classes"], record["boxes_relabeled"], record["labels"]) == (["wolf"], 3, 4)
    said = yaml.safe_load((tmp_path / "out/data.yaml").read_text("utf-8"))
    assert said == {
        "train": "images/train",
        "val": "images/val",
        "nc": 3,
        "names": {0: "cat", 1: "dog", 2: "wolf"},
        "kpts": [1],
    }
    assert tree(source) == before
    assert {path: digest for path, digest in tree(tmp_path / "out").items() if path != "export.json"} == record["files"]


def test_without_a_yaml_names_stay_in_their_list_and_numbers_numbers(tmp_path, source):
    (source / "data.yaml").unlink()
    record = leave(read(source), tmp_path / "numbers", "yolo", labels=["1", "5", None, None, None])
    assert not (tmp_path / "numbers/classes.txt").exists()
    assert read(tmp_path / "numbers").labels == ["1", "5", None, None, None]
    leave(read(source), tmp_path / "named", "yolo", labels=["1", "wolf", None, None, None])
    assert (tmp_path / "named/classes.txt").read_text() == "0\n1\nwolf\n"
    assert read(tmp_path / "named").labels == ["1", "wolf", None, None, None]
    write_files(source, {"labels/classes.txt": b"cat\ndog\n"})
    leave(read(source), tmp_path / "list", "yolo", labels=["wolf", "dog", None, None, None])
    assert (tmp_path / "list/labels/classes.txt").read_text() == "cat\ndog\nwolf\n"
    assert read(tmp_path / "list").labels == ["wolf", "dog", None, None, None]
    assert not (tmp_path / "list/data.yaml").exists()
    assert record["rows_out"] == 5


def test_lists_of_pictures_are_written_again(tmp_path, source):
    write_files(
        source,
        {
            "lists/train.txt": b"images/train/1.png\nimages/train/2.png\n",
            "lists/val.txt": b"images/train/3.png\nimages/val/1.png\n",
            "data.yaml": b"train: lists/train.txt\nval: lists/val.txt\nnames: [cat, dog]\n",
        },
    )
    data = read(source)
    leave(data, tmp_path / "out", "yolo", excluded=[1])
    again = read(tmp_path / "out")
    known = dict(zip(data.ids, data.rows.column("split").to_pylist(), strict=True))
    assert dict(zip(again.ids, again.rows.column("split").to_pylist(), strict=True)) == {
        row_id: split for row_id, split in known.items() if row_id != "images/train/2.png"
    }
    assert again.rejects.num_rows == 0


def test_pictures_that_share_a_stem_get_labels_of_their_own(tmp_path):
    root = tmp_path / "source"
    write_files(
        root,
        {
            "images/a.png": b"1",
            "images/a.jpg": b"2",
            "images/A.bmp": b"3",
            "labels/a.txt": b"0 0.5 0.5 1 1\n",
            "data.yaml": b"train: images\nnames: [cat]\n",
        },
    )
    data = read(root)
    assert data.labels == [None, "cat", "cat"]
    record = leave(data, tmp_path / "out", "yolo", labels=[None, "dog", "cat"])
    again = read(tmp_path / "out")
    places = {row_id: record["renamed_files"].get(row_id, row_id) for row_id in data.ids}
    labels = dict(zip(again.ids, again.labels, strict=True))
    assert [labels[places[row_id]] for row_id in data.ids] == [None, "dog", "cat"]


def test_other_pictures_become_folders_of_classes(tmp_path):
    files = dict(zip(["train/cat/a.png", "train/dog/a.png", "val/cat/b.png", "val/c.png"], pictures(4), strict=True))
    write_files(tmp_path / "source", files)
    data = dataset(tmp_path / "source", list(files), ["cat", "dog", "cat", None], ["train", "train", "val", "val"])
    record = leave(data, tmp_path / "out", "yolo", labels=["cat", "cat", "con", None])
    assert {name for name in tree(tmp_path / "out") if name.endswith(".png")} == {
        "train/cat/a.png",
        "train/cat/a-2.png",
        "val/_con/b.png",
    }
    assert record["missing"] == [
        {"id": "val/c.png", "reason": "it has no label, and this layout knows pictures of classes alone"}
    ]
    assert record["folders"][1] == {"folder": "val/_con", "split": "val", "label": "con"}
    again, _ = read_any(tmp_path / "out")
    assert sorted(zip(again.labels, again.rows.column("split").to_pylist(), strict=True)) == [
        ("_con", "val"),
        ("cat", "train"),
        ("cat", "train"),
    ]


def test_without_splits_everything_is_training_and_members_keep_their_bytes(tmp_path):
    files = dict(zip(["cat/a.png", "dog/a.png"], pictures(2), strict=True))
    leave(in_zip(tmp_path / "source", files, ["cat", "dog"]), tmp_path / "out", "yolo")
    assert {path: (tmp_path / "out/train" / path).read_bytes() for path in files} == files


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ExportError, match="texts have no files"):
        leave(texts(tmp_path / "source", ["a"], ["x"]), tmp_path / "out", "yolo")
    write_files(tmp_path / "source", {"a.png": b"1"})
    with pytest.raises(ExportError, match="none of the 1 rows could be written: it has no label"):
        leave(dataset(tmp_path / "source", ["a.png"], [None]), tmp_path / "out", "yolo")
    from dataclasses import replace

    data = replace(dataset(tmp_path / "source", ["a.png"], ["x"]), origin={"reader": "coco"})
    with pytest.raises(ExportError, match="the format coco keeps"):
        leave(data, tmp_path / "out", "yolo")


NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAME, min_size=2, max_size=4, unique=True), NAME, st.booleans())
def test_whatever_classes_are_called(tmp_path_factory, names, new, gone):
    root = tmp_path_factory.mktemp("any")
    write_files(root / "source", {f"images/{number}.png": b"png" for number in range(len(names))})
    write_files(root / "source", {f"labels/{number}.txt": f"{number} 0.5 0.5 1 1".encode() for number in range(len(names))})
    # Every JSON text is one of YAML too, as long as it holds no surrogates.
    listed = "".join(f"  - {json.dumps(name, ensure_ascii=True) if name.isascii() else quote(name)}\n" for name in names)
    write_files(root / "source", {"data.yaml": f"train: images\nnames:\n{listed}".encode()})
    data = read(root / "source")
    assert data.labels == names
    leave(data, root / "out", "yolo", labels=[new, *names[1:]], excluded=[1] if gone else [])
    assert read(root / "out").labels == [new, *names[1 + gone :]]


def quote(name):
    from engines.yolo_format import quote as ours

    return ours(name)
