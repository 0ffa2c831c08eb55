"""The folder for ``datasets``: what the library itself reads is what was decided."""

import io
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engines.export import huggingface
from engines.export.splits import split_names
from engines.protocols import ExportRow, no_progress
from tests.engines.export.held import in_tar, in_zip, pictures, texts
from tests.engines.export.made import dataset, leave, tree, write_files

os.environ["HF_HUB_OFFLINE"] = "1"
import datasets

datasets.disable_progress_bars()


@pytest.fixture
def load(tmp_path):
    """Load a folder with the real library, its cache in a folder of the test."""
    return lambda folder: datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


def test_pictures_labels_and_columns_come_back(tmp_path, load):
    files = dict(zip(["train/cat/a.png", "train/dog/b.png", "val/cat/c.png", "val/dog/d.png"], pictures(4), strict=True))
    write_files(tmp_path / "source", files)
    own = {"weight": pa.array([1.5, None, 3.0, 4.0]), "image": pa.array(["x", "y", None, "z"]), "nothing": pa.nulls(4)}
    data = dataset(tmp_path / "source", list(files), ["cat", "dog", "cat", "dog"], ["train", "train", "val", "val"], own)
    columns = data.rows.select(data.own_columns).append_column("tags", pa.array([["t"], [], [], ["u", "v"]]))
    record = leave(data, tmp_path / "out", "hf", labels=["cat", "=wolf", None, "dog"], excluded=[3], columns=columns)
    assert (record["rows_out"], record["columns"]) == (3, {"image": "own_image"})
    loaded = load(tmp_path / "out")
    assert {name: part.num_rows for name, part in loaded.items()} == {"train": 2, "val": 1}
    features = loaded["train"].features
    assert features["label"] == datasets.ClassLabel(names=["=wolf", "cat"])
    assert features["image"] == datasets.Image()
    rows = [*loaded["train"], *loaded["val"]]
    assert [row["id"] for row in rows] == list(files)[:3]
    assert [features["label"].int2str(row["label"]) for row in rows[:2]] == ["cat", "=wolf"]
    assert rows[2]["label"] is None
    assert [row["weight"] for row in rows] == [1.5, None, 3.0]
    assert [row["own_image"] for row in rows] == ["x", "y", None]
    assert [row["tags"] for row in rows] == [["t"], [], []]
    for row, raw in zip(rows, files.values(), strict=False):
        assert np.array_equal(np.asarray(row["image"]), np.asarray(Image.open(io.BytesIO(raw))))


@pytest.mark.parametrize("inside", [in_zip, in_tar])
def test_members_of_containers_keep_their_bytes(tmp_path, inside):
    files = dict(zip(["cat/a.png", "dog/b.png"], pictures(2), strict=True))
    leave(inside(tmp_path / "source", files, ["cat", "dog"]), tmp_path / "out", "hf")
    table = pq.read_table(tmp_path / "out/data/train-00000-of-00001.parquet")
    held = table.column("image").to_pylist()
    assert [(one["path"], one["bytes"]) for one in held] == [("a.png", files["cat/a.png"]), ("b.png", files["dog/b.png"])]


def test_texts_come_back_under_their_own_column(tmp_path, load):
    held = ["a text", "with, comma\nand line", "=1+1"]
    data = texts(tmp_path / "source", held, ["x", None, "y"], name="review")
    leave(data, tmp_path / "out", "hf")
    loaded = load(tmp_path / "out")["train"]
    assert loaded["review"][:] == held
    assert [loaded.features["label"].int2str(row["label"]) for row in loaded if row["label"] is not None] == ["x", "y"]


def test_numbers_of_classes_stay_as_the_source_had_them(tmp_path, load):
    from dataclasses import replace

    data = texts(tmp_path / "source", ["a", "b", "c"], ["zebra", "ant", "ant"])
    data = replace(data, origin={"label_names": ["zebra", "never used", "ant"]})
    leave(data, tmp_path / "out", "hf", labels=["zebra", "new", "ant"])
    loaded = load(tmp_path / "out")["train"]
    assert loaded.features["label"].names == ["zebra", "never used", "ant", "new"]
    assert loaded["label"][:] == [0, 3, 2]


def test_files_are_cut_by_size_and_memory_stays_bounded(tmp_path, monkeypatch, load):
    monkeypatch.setattr(huggingface, "BLOCK_ROWS", 7)
    rng = np.random.default_rng(0)
    files = {f"{number:03d}.bin": rng.bytes(100_000) for number in range(40)}
    write_files(tmp_path / "source", files)
    data = dataset(tmp_path / "source", list(files), ["x"] * 40)
    record = leave(data, tmp_path / "out", "hf", parameters={"shard_mb": 1})
    names = sorted(path.name for path in (tmp_path / "out/data").iterdir())
    assert names == [f"train-{number:05d}-of-00003.parquet" for number in range(3)]
    assert set(record["files"]) == {*(f"data/{name}" for name in names), "README.md", "decisions.jsonl"}
    tables = [pq.ParquetFile(tmp_path / "out/data" / name) for name in names]
    assert all(table.metadata.row_group(0).num_rows <= 7 for table in tables)
    held = [one for table in tables for one in table.read().to_pylist()]
    assert {one["id"]: one["image"]["bytes"] for one in held} == files
    again = leave(data, tmp_path / "again", "hf", parameters={"shard_mb": 1})
    assert again["files"] == record["files"]


def test_a_picture_that_has_gone_is_told(tmp_path, load):
    write_files(tmp_path / "source", dict(zip(["a.png", "b.png"], pictures(2), strict=True)))
    data = dataset(tmp_path / "source", ["a.png", "b.png"], ["x", "y"], ["only", "train"])
    (tmp_path / "source/a.png").unlink()
    record = leave(data, tmp_path / "out", "hf")
    assert record["missing"] == [{"id": "a.png", "reason": "the file is not there any more"}]
    assert list(load(tmp_path / "out")) == ["train"]


def test_rows_that_are_of_no_plan(tmp_path):
    rows = [
        ExportRow(id="a", file=None, label=None, split=None, columns={"x": 1}),
        ExportRow(id="b", file=None, label="l", split="t", columns={"y": "text", "x": 2.5}),
    ]
    told = huggingface.HuggingFaceExporter()(iter(rows), tmp_path, progress=no_progress)
    assert told["rows_out"] == 2
    found = [row for path in sorted((tmp_path / "data").iterdir()) for row in pq.read_table(path).to_pylist()]
    assert sorted(found, key=lambda row: row["id"]) == [
        {"label": None, "id": "a", "x": 1.0, "y": None},
        {"label": 0, "id": "b", "x": 2.5, "y": "text"},
    ]


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["train", "Train", "all", "a-b", "a b", "no_split"])))
)
def test_names_of_splits_are_words_and_differ(splits):
    given_names = split_names(list(dict.fromkeys(splits)))
    names = list(given_names.values())
    assert all(name.replace("_", "x").isalnum() and name.isascii() and name.lower() != "all" for name in names)
    assert len({name.casefold() for name in names}) == len(names)
    if "train" in splits:
        assert given_names["train"] == "train"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.text(max_size=8)), st.one_of(st.none(), st.text(max_size=5))), min_size=1, max_size=6
    )
)
def test_whatever_labels_and_splits_hold(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("any")
    data = texts(
        folder / "source", [f"text {n}" for n in range(len(rows))], [row[0] for row in rows], splits=[row[1] for row in rows]
    )
    record = leave(data, folder / "out", "hf")
    assert record["rows_out"] == len(rows)
    found = {}
    for path in sorted((folder / "out/data").iterdir()):
        features = datasets.Features.from_arrow_schema(pq.read_schema(path))
        table = pq.read_table(path)
        called = path.name.partition("-")[0]
        for row in table.to_pylist():
            label = row.get("label")
            found[row["id"]] = (None if label is None else features["label"].int2str(label), called)
    names = {entry["name"]: entry["split"] for entry in record["splits"]}
    assert {key: (label, names.get(called, called)) for key, (label, called) in found.items()} == {
        f"t{number}": row for number, row in enumerate(rows)
    }


def test_the_folder_says_what_it_is(tmp_path):
    data = texts(tmp_path / "source", ["a", "b"], ["x", "y"], splits=["train", "odd split"])
    leave(data, tmp_path / "out", "hf")
    card = (tmp_path / "out/README.md").read_text("utf-8")
    assert "split: odd_split" in card
    schema = pq.read_schema(tmp_path / "out/data/train-00000-of-00001.parquet")
    assert json.loads(schema.metadata[b"huggingface"])["info"]["features"]["label"]["names"] == ["x", "y"]
    assert not [name for name in tree(tmp_path / "out") if name.endswith(".part")]
