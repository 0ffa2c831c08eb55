"""What is exported is read again by our own readers as it was decided: rows, labels, splits, pictures, texts and columns."""

import json

import pyarrow as pa
import pytest

from engines import read as stage
from engines.artifacts import Dataset
from engines.media import MediaFiles
from engines.protocols import SourceOptions, no_progress
from engines.read.webdataset import WebDatasetReader
from tests.engines.export.held import in_tar, in_zip, pictures, texts
from tests.engines.export.made import dataset, leave, write_files

NAMES = ["train/cat/a.png", "train/dog/b.png", "val/cat/c.png", "val/dog/d.png"]
SPLITS = ["train", "train", "val", "val"]
GIVEN = ["cat", "dog", "cat", "dog"]
DECIDED = ["cat", "=wolf", "cat", "dog"]
OWN = {"weight": pa.array([1.5, None, 3.0, 4.0]), "note": pa.array(["x", "=1", "ü", None])}


def read(source, tmp_path, name="") -> Dataset:
    if name == "webdataset":
        return WebDatasetReader()(source, SourceOptions(), scratch=tmp_path / "scratch", progress=no_progress).dataset
    return stage.read(source, scratch=tmp_path / "scratch").dataset


def plain(root):
    files = dict(zip(NAMES, pictures(4), strict=True))
    write_files(root, files)
    return dataset(root, NAMES, GIVEN, SPLITS, OWN)


SOURCES = {
    "folder": plain,
    "zip": lambda root: in_zip(root, dict(zip(NAMES, pictures(4), strict=True)), GIVEN, SPLITS, OWN),
    "tar": lambda root: in_tar(root, dict(zip(NAMES, pictures(4), strict=True)), GIVEN, SPLITS, OWN),
}


@pytest.mark.parametrize("name", ["folder", "hf", "webdataset"])
@pytest.mark.parametrize("source", SOURCES)
def test_pictures_with_their_labels_splits_and_columns(tmp_path, name, source):
    data = SOURCES[source](tmp_path / "source")
    leave(data, tmp_path / "out", name, labels=DECIDED, excluded=[3], columns=data.rows.select(["weight", "note"]))
    again = read(tmp_path / "out", tmp_path, name)
    key = "own_id" if "own_id" in again.own_columns else "id"
    rows = {row[key]: (number, row) for number, row in enumerate(again.rows.to_pylist())}
    if name == "webdataset":
        rows = {f"{row_id}.png": found for row_id, found in rows.items()} if key == "id" else rows
    assert sorted(rows) == NAMES[:3]
    files = MediaFiles(again)
    for place, (row_id, raw) in enumerate(zip(NAMES[:3], pictures(4), strict=False)):
        number, row = rows[row_id]
        assert (row["label"], row["split"]) == (DECIDED[place], SPLITS[place])
        assert (row["weight"], row["note"]) == (OWN["weight"][place].as_py(), OWN["note"][place].as_py())
        assert files.read(number) == raw
    assert again.rejects.num_rows == 0


HELD = ["the first text of them all", "=a text that looks like a formula", "a text\nof two lines", "grüße, with a comma"]


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet", "hf", "webdataset"])
def test_texts_with_their_labels_and_splits(tmp_path, name):
    data = texts(tmp_path / "source", HELD, GIVEN, name="review", splits=SPLITS)
    leave(data, tmp_path / "out", name, labels=DECIDED, excluded=[3])
    source = tmp_path / "out" / f"samples.{name}" if name in ("csv", "jsonl", "parquet") else tmp_path / "out"
    again = read(source, tmp_path, name)
    assert again.kind == "texts"
    guarded = ["'" + text if name == "csv" and text.startswith("=") else text for text in HELD[:3]]
    labels = ["'" + label if name == "csv" and label.startswith("=") else label for label in DECIDED[:3]]
    found = dict(
        zip(
            again.ids,
            zip(again.media.column("media").to_pylist(), again.labels, again.rows.column("split").to_pylist(), strict=True),
            strict=True,
        )
    )
    assert found == {f"t{place}": (guarded[place], labels[place], SPLITS[place]) for place in range(3)}


def test_boxes_are_read_by_the_reader_that_the_stage_chooses(tmp_path):
    write_files(tmp_path / "coco", {f"train2017/{number}.png": raw for number, raw in enumerate(pictures(3))})
    held = {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(3)],
        "annotations": [{"image_id": number, "category_id": 1, "bbox": [0, 0, 1, 1]} for number in range(3)],
        "categories": [{"id": 1, "name": "cat"}],
    }
    write_files(tmp_path / "coco", {"annotations/instances_train2017.json": json.dumps(held).encode()})
    data = read(tmp_path / "coco", tmp_path)
    assert data.origin["reader"] == "coco"
    leave(data, tmp_path / "out", "coco", labels=["dog", "cat", "cat"], excluded=[2])
    assert read(tmp_path / "out", tmp_path).labels == ["dog", "cat"]
    write_files(
        tmp_path / "yolo", {"images/a.png": pictures(1)[0], "labels/a.txt": b"0 0.5 0.5 1 1\n", "classes.txt": b"cat\n"}
    )
    data = read(tmp_path / "yolo", tmp_path)
    assert data.origin["reader"] == "yolo"
    leave(data, tmp_path / "out yolo", "yolo", labels=["dog"])
    assert read(tmp_path / "out yolo", tmp_path).labels == ["dog"]
