"""Each format says which data sets it can hold, before anything is written."""

from dataclasses import replace

import pyarrow as pa
import pytest

from engines.errors import ExportError
from engines.export import ENGINES, fitting
from engines.export.fitting import require_fitting
from tests.engines.export.held import in_zip, texts
from tests.engines.export.made import dataset, leave, write_files


def shapes(tmp_path):
    write_files(tmp_path / "pictures", {"cat/a.png": b"1"})
    plain = dataset(tmp_path / "pictures", ["cat/a.png"], ["cat"])
    held = texts(tmp_path / "texts", ["a"], ["x"])
    row = pa.table({"row": pa.array([0], pa.int64())})
    table = replace(held, kind="table", media=pa.table({"media": pa.nulls(1, pa.binary())}))
    table = replace(table, rows=table.rows.append_column("row", row.column("row")), origin={"reader": "table", "format": "csv"})
    return {
        "pictures": plain,
        "members": in_zip(tmp_path / "zip", {"a.png": b"1"}, ["x"]),
        "coco": replace(plain, origin={"reader": "coco"}),
        "yolo": replace(plain, origin={"reader": "yolo"}),
        "texts": held,
        "files of texts": replace(held, rows=held.rows.set_column(1, "path", pa.array(["a.txt"]))),
        "table": table,
        "saved by datasets": replace(table, origin={"reader": "hugging_face", "format": "arrow"}),
        "vectors": replace(table, kind="vectors", origin={"reader": "vectors"}),
        "vectors of sounds": replace(plain, kind="vectors", origin={"reader": "vectors"}),
        "several": replace(table, origin={"reader": "several", "sources": [{"reader": "table"}]}),
    }


EVERYTHING = {"csv", "parquet", "jsonl", "hf"}
EXPECTED = {
    "pictures": {"folder", "webdataset", "yolo"},
    "members": {"folder", "webdataset", "yolo"},
    "coco": {"folder", "webdataset", "coco"},
    "yolo": {"folder", "webdataset", "yolo"},
    "texts": {"webdataset"},
    "files of texts": {"folder", "webdataset"},
    "table": {"table"},
    "saved by datasets": set(),
    "vectors": set(),
    "vectors of sounds": {"folder", "webdataset"},
    "several": set(),
}


@pytest.mark.parametrize("shape", EXPECTED)
def test_which_formats_hold_which_data_sets(tmp_path, shape):
    data = shapes(tmp_path)[shape]
    found = fitting(data)
    assert list(found) == ENGINES.names()
    assert {name for name, words in found.items() if not words} == EVERYTHING | EXPECTED[shape]
    assert all(words == words.strip() and not words.endswith(".") for words in found.values())


def test_a_format_that_does_not_fit_writes_nothing_and_names_those_that_do(tmp_path):
    data = shapes(tmp_path)["texts"]
    before = sorted(tmp_path.rglob("*"))
    for name, words in fitting(data).items():
        if words:
            with pytest.raises(ExportError, match=f"the format {name} does not fit") as told:
                leave(data, tmp_path / "out", name)
            assert told.value.hint == "formats that fit: csv, parquet, jsonl, hf, webdataset"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_plug_in_that_knows_nothing_of_the_question_fits(tmp_path):
    class Old:
        suffix = ".old"

    require_fitting("old", Old, shapes(tmp_path)["texts"])
