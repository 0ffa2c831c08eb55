"""YOLO folders: every picture is a row, its label comes from the lines beside it, and what is wrong is told with its line."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engines.errors import SourceError
from engines.protocols import SourceOptions, no_progress
from engines.read.folder import FolderReader
from engines.read.yolo import YoloReader


def read(source, **options):
    return YoloReader()(source, SourceOptions(**options), scratch=source, progress=no_progress).dataset


def picture(path, color=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (color % 256, 7, 9)).save(path)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "yolo"
    for number, name in enumerate(["train/1.png", "train/2.png", "train/3.png", "val/deep/1.png"]):
        picture(root / "images" / name, number)
    write(root / "labels/train/1.txt", "0 0.5 0.5 0.4 0.4\n1 0.5 0.5 0.1 0.9\n\n0 0.1 0.1 0.1 0.1\n")
    write(root / "labels/train/2.txt", "")
    write(root / "labels/val/deep/1.txt", "1 0.1 0.1 0.3 0.1 0.3 0.3 0.1 0.3")
    write(
        root / "data.yaml",
        "path: ../elsewhere # not here\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: 'dog: big'\n",
    )
    return root


def test_rows_labels_splits_and_columns(folder):
    assert YoloReader.reads(folder)
    for source in (folder, folder / "data.yaml"):
        data = read(source)
        rows = data.rows.to_pylist()
        assert [(row["id"], row["label"], row["split"], row["classes"], row["boxes"]) for row in rows] == [
            ("images/train/1.png", "cat", "train", "cat, dog: big", 3),
            ("images/train/2.png", None, "train", None, 0),
            ("images/train/3.png", None, "train", None, 0),
            ("images/val/deep/1.png", "dog: big", "val", "dog: big", 1),
        ]
        assert data.rejects.num_rows == 0
        assert data.counts == {}
        assert data.origin["class_names"] == ["cat", "dog: big"]
        assert data.origin["splits"] == {"train": ["images/train"], "val": ["images/val"]}
        json.dumps(data.origin)


def test_media_ids_and_files_are_those_of_the_same_pictures_given_as_a_folder(folder):
    data = read(folder)
    plain = FolderReader()(folder, SourceOptions(), scratch=folder, progress=no_progress).dataset
    assert data.ids == plain.ids
    assert data.media.equals(plain.media)
    assert data.stats.tolist() == plain.stats.tolist()
    assert data.root == plain.root


def test_without_a_yaml_folders_tell_the_splits_and_a_list_the_names(folder):
    (folder / "data.yaml").unlink()
    assert YoloReader.reads(folder)
    assert read(folder).rows.column("label").to_pylist() == ["0", None, None, "1"], "classes without names are numbers"
    write(folder / "labels/classes.txt", "cat\ndog\n\n")
    data = read(folder)
    assert data.rows.column("label").to_pylist() == ["cat", None, None, "dog"]
    assert data.rows.column("split").to_pylist() == ["train", "train", "train", "val"]
    assert data.rejects.num_rows == 0


def test_a_folder_per_split_as_roboflow_writes_it(tmp_path):
    for split in ("train", "valid"):
        picture(tmp_path / split / "images/a.png")
        write(tmp_path / split / "labels/a.txt", "1 0.5 0.5 1 1")
    write(tmp_path / "README.roboflow.txt", "words")
    write(
        tmp_path / "data.yaml",
        "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['a', \"b\"]\nroboflow:\n  license: x\n",
    )
    data = read(tmp_path)
    assert data.rows.select(["id", "label", "split"]).to_pylist() == [
        {"id": "train/images/a.png", "label": "b", "split": "train"},
        {"id": "valid/images/a.png", "label": "b", "split": "val"},
    ]
    assert data.rejects.column("path").to_pylist() == ["README.roboflow.txt"]


def test_lists_of_pictures_are_splits_and_missing_ones_rejects(tmp_path):
    for number in range(4):
        picture(tmp_path / f"images/{number}.png")
        write(tmp_path / f"labels/{number}.txt", "0 0.5 0.5 1 1")
    write(tmp_path / "train.txt", "./images/0.png\nimages/1.png\n./images/gone.png\n")
    write(tmp_path / "val.txt", f"{tmp_path}/images/2.png\n/etc/passwd\n")
    write(tmp_path / "data.yaml", "train: train.txt\nval: [val.txt, nowhere]\nnames: [only]\n")
    data = read(tmp_path)
    assert data.rows.select(["id", "split"]).to_pylist() == [
        {"id": "images/0.png", "split": "train"},
        {"id": "images/1.png", "split": "train"},
        {"id": "images/2.png", "split": "val"},
    ]
    assert data.counts == {"pictures_in_no_split": 1}
    reasons = "\n".join(data.rejects.column("reason").to_pylist())
    assert "train.txt: line 3 names ./images/gone.png" in reasons
    assert "val.txt: line 2 names /etc/passwd" in reasons
    assert "data.yaml: val: there is no nowhere below" in reasons
    assert data.rejects.num_rows == 3


def test_a_yaml_elsewhere_leads_to_its_pictures(folder, tmp_path):
    (folder / "data.yaml").unlink()
    write(tmp_path / "configs/my.yaml", "path: ../yolo\ntrain: images/train\nval: images/val\nnames: [cat, dog]\n")
    data = read(tmp_path / "configs/my.yaml")
    assert data.root == str(folder.resolve())
    assert data.rows.column("label").to_pylist() == ["cat", None, None, "dog"]


def test_bad_lines_and_labels_of_no_picture_are_rejects(folder):
    write(
        folder / "labels/train/3.txt",
        "0 0.5 0.5 0.1 0.1\n2 0.5 0.5 1 1\nzero 1 1 1 1\n0 0.5 0.5 nan 1\n0 0.5 0.5\n0 5 5 5 5\n-1 0 0 0 0\n",
    )
    write(folder / "labels/train/gone.txt", "0 0.5 0.5 1 1")
    (folder / "labels/val/deep/1.txt").write_bytes(b"\xff\xfe\n1 0.5 0.5 1 1\n")
    data = read(folder)
    assert data.rows.column("label").to_pylist() == ["cat", None, "cat", "dog: big"]
    told = {(row["path"], row["row"]): row["reason"] for row in data.rejects.to_pylist()}
    assert set(told) == {
        *(("labels/train/3.txt", number) for number in range(1, 7)),
        ("labels/train/gone.txt", None),
        ("labels/val/deep/1.txt", 0),
    }
    assert "there are 2 classes" in told["labels/train/3.txt", 1]
    assert "line 3 cannot be used: it holds something that is no number" in told["labels/train/3.txt", 2]
    assert "not between 0 and 1" in told["labels/train/3.txt", 3]
    assert "it has 3 values" in told["labels/train/3.txt", 4]
    assert told["labels/train/gone.txt", None] == "labels of a picture that is not there"


def test_splits_that_hold_no_picture_give_way_to_folders(folder):
    write(folder / "data.yaml", "train: wrong/train\nval: labels\nnames: [cat, dog]\n")
    data = read(folder)
    assert data.rows.column("split").to_pylist() == ["train", "train", "train", "val"]
    assert any("none of its splits holds a picture" in reason for reason in data.rejects.column("reason").to_pylist())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("names: {0: a, 2: b}\ntrain: x\n", "0, 2"),
        ("names: [a, 'b\ntrain: x\n", "not closed"),
        ("names: [[a]]\ntrain: x\n", "lists of lists"),
    ],
)
def test_a_yaml_that_is_not_understood_is_an_error(folder, text, words):
    write(folder / "data.yaml", text)
    with pytest.raises(SourceError, match=r"data.yaml cannot be understood") as told:
        read(folder)
    assert words in str(told.value)


def test_options_about_columns_and_other_folders(folder, tmp_path):
    with pytest.raises(SourceError, match="--id"):
        read(folder, id="x")
    picture(tmp_path / "plain/cat/a.png")
    write(tmp_path / "plain/mkdocs.yml", "site_name: x\nnames: y\n")
    write(tmp_path / "plain/images/x.txt", "words")
    write(tmp_path / "plain/labels/x.txt", "words that are no labels")
    assert not YoloReader.reads(tmp_path / "plain")
    assert not YoloReader.reads(tmp_path / "plain/cat/a.png")
    assert not YoloReader.reads(tmp_path / "nowhere")


def test_keypoints_follow_the_box(tmp_path):
    picture(tmp_path / "images/a.png")
    write(tmp_path / "labels/a.txt", "0 0.5 0.5 0.2 0.2 0.9 0.9 2 0.1 0.1 1\n1 0.5 0.5 0.1 0.1 0 0 0 0 0 0")
    write(tmp_path / "data.yaml", "train: images\nkpt_shape: [2, 3]\nnames: [a, b]\n")
    row = read(tmp_path).rows.to_pylist()[0]
    assert (row["label"], row["boxes"]) == ("a", 2)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=80), st.text("names:trainvl[]{},'\"\\ -#01\n", max_size=80)), st.binary(max_size=60))
def test_damaged_files_end_in_words_or_in_rows(tmp_path_factory, text, raw):
    root = tmp_path_factory.mktemp("damaged")
    picture(root / "images/a.png")
    write(root / "labels/b.txt", "0 0.5 0.5 1 1")
    (root / "labels/a.txt").write_bytes(raw)
    (root / "data.yaml").write_bytes(("train: images\nnames: [a]\n" + text).encode("utf-8", "surrogatepass"))
    with contextlib.suppress(SourceError):
        assert read(root).ids == ["images/a.png"]
