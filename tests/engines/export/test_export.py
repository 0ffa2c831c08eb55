"""Every format: the record tells the whole story, and tables keep what they were given."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.errors import ExportError, ParameterError
from engines.export import ENGINES, RECORD
from engines.export.guard import cell, guard, needs_guard, unguard
from engines.protocols import ExportRow, no_progress
from tests.engines.export.held import texts
from tests.engines.export.made import dataset, leave, tree, write_files

FILES = {"cat/a.jpg": b"1", "cat/b.jpg": b"2", "dog/=c.jpg": b"3", "dog/d.jpg": b"4"}
OWN = {
    "note": pa.array(["=HYPERLINK(1)", "'quoted", None, "-5 degrees"]),
    "n": pa.array([-1, None, 3, 4], pa.int32()),
    "score": pa.array([0.5, float("nan"), None, float("inf")], pa.float32()),
    "words": pa.array([["x"], [], None, ["=y"]], pa.list_(pa.string())),
    "nothing": pa.nulls(4),
}


ANY_SOURCE = [name for name in ENGINES.names() if name not in ("table", "coco")]
"""The others write what was read again, so they need a source of their kind; see their own tests."""


@pytest.fixture
def data(tmp_path):
    write_files(tmp_path / "source", FILES)
    broken = {"id": None, "path": "dog/broken.jpg", "row": None, "stage": "read", "reason": "truncated"}
    return dataset(tmp_path / "source", list(FILES), ["cat", "cat", "dog", None], own=OWN, rejects=[broken])


@pytest.mark.parametrize("name", ANY_SOURCE)
def test_the_record_tells_the_whole_story(tmp_path, data, name):
    before = tree(tmp_path / "source")
    seen = []
    lines = ['{"uuid": "1"}', '{"uuid": "2"}']
    record = leave(
        data,
        tmp_path / "out",
        name,
        excluded=[1],
        labels=["cat", "cat", "cat", "dog"],
        selected=np.array([True, True, False, True]),
        where="n > 3",
        why=lambda row: f"row {row} is a near duplicate",
        decisions=lines,
        progress=lambda fraction, message: seen.append(fraction),
    )
    assert json.loads((tmp_path / "out" / RECORD).read_text("utf-8")) == record
    assert (record["rows_in"], record["rows_out"], record["format"], record["where"]) == (4, 2, name, "n > 3")
    assert record["dropped"] == [
        {"id": "cat/b.jpg", "label": "cat", "reason": "row 1 is a near duplicate"},
        {"id": "dog/=c.jpg", "label": "dog", "reason": "not selected by n > 3"},
    ]
    assert record["rejects"] == [{"path": "dog/broken.jpg", "reason": "truncated"}]
    assert record["classes"] == [
        {"label": "cat", "before": 2, "after": 1},
        {"label": "dog", "before": 1, "after": 1},
        {"label": None, "before": 1, "after": 0},
    ]
    assert record["relabeled"] == [{"id": "dog/d.jpg", "from": None, "to": "dog"}]
    assert (tmp_path / "out" / "decisions.jsonl").read_text("utf-8").splitlines() == lines
    assert record["decisions"] == 2
    assert record["keys"]["dataset"] == "k"
    assert "numpy" in record["versions"]
    found = tree(tmp_path / "out")
    assert {file: found[file] for file in record["files"]} == record["files"]
    assert set(found) == {*record["files"], RECORD}
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert tree(tmp_path / "source") == before


@pytest.mark.parametrize("name", ANY_SOURCE)
def test_the_same_rows_give_the_same_files(tmp_path, data, name):
    first, second = (leave(data, tmp_path / folder, name, columns=data.rows)["files"] for folder in ("one", "two"))
    assert first == second


@pytest.mark.parametrize("name", ANY_SOURCE)
def test_no_row_left(tmp_path, data, name):
    with pytest.raises(ExportError, match="no row is left"):
        leave(data, tmp_path / "out", name, excluded=range(4))
    assert not (tmp_path / "out").exists()


def test_csv_is_safe_in_a_spreadsheet_and_loses_nothing(tmp_path, data):
    record = leave(data, tmp_path / "out", "csv", columns=data.rows)
    raw = (tmp_path / "out/samples.csv").read_text("utf-8")
    rows = list(csv.DictReader(raw.splitlines()))
    assert list(rows[0]) == ["id", "label", "split", "path", *OWN]
    assert [row["note"] for row in rows] == ["'=HYPERLINK(1)", "'quoted", "", "'-5 degrees"]
    assert [unguard(row["note"]) for row in rows] == ["=HYPERLINK(1)", "'quoted", "", "-5 degrees"]
    assert [row["n"] for row in rows] == ["-1", "", "3", "4"]
    assert [row["score"] for row in rows] == ["0.5", "", "", ""]
    assert [row["words"] for row in rows] == ['["x"]', "", "", '["=y"]']
    assert record["guarded"]["cells"] == {"note": 2}


def test_jsonl_keeps_types(tmp_path, data):
    leave(data, tmp_path / "out", "jsonl", columns=data.rows)
    rows = [json.loads(line) for line in (tmp_path / "out/samples.jsonl").read_text("utf-8").splitlines()]
    assert [row["note"] for row in rows] == OWN["note"].to_pylist()
    assert [row["words"] for row in rows] == OWN["words"].to_pylist()
    assert [row["score"] for row in rows] == [0.5, None, None, None]


def test_parquet_keeps_types_and_values(tmp_path, data):
    leave(data, tmp_path / "out", "parquet", columns=data.rows, labels=["cat", "cat", "wolf", None])
    table = pq.read_table(tmp_path / "out/samples.parquet")
    assert table.column_names == ["id", "label", "split", "path", *OWN]
    assert table.column("label").to_pylist() == ["cat", "cat", "wolf", None]
    for name, column in OWN.items():
        if name == "nothing":
            assert table.schema.field(name).type == pa.string()
        else:
            assert table.column(name).combine_chunks().equals(column) or name == "score"
    assert np.array_equal(table.column("score").to_numpy(), OWN["score"].to_numpy(zero_copy_only=False), equal_nan=True)


@pytest.mark.parametrize("name", ["csv", "parquet", "jsonl"])
def test_rows_from_elsewhere_with_different_columns(tmp_path, name):
    rows = [
        ExportRow(id="a", file=None, label=None, split=None, columns={"x": 1}),
        ExportRow(id="b", file=None, label="l", split="train", columns={"y": "text", "x": 2.5}),
    ]
    told = ENGINES.load(name)()(iter(rows), tmp_path, progress=no_progress)
    assert told["rows_out"] == 2
    if name == "parquet":
        assert pq.read_table(tmp_path / "samples.parquet").to_pylist() == [
            {"id": "a", "label": None, "split": None, "x": 1.0, "y": None},
            {"id": "b", "label": "l", "split": "train", "x": 2.5, "y": "text"},
        ]
    else:
        assert "text" in next(iter(tmp_path.iterdir())).read_text("utf-8")


@pytest.mark.parametrize(("given", "name"), [("review", "review"), (None, "text"), ("label", "text_label")])
def test_texts_leave_under_the_name_of_their_column(tmp_path, given, name):
    held = ["plain", "=1+1", 'with "quotes",\nlines']
    data = texts(tmp_path / "source", held, ["a", None, "b"], name=given, own={"n": pa.array([1, 2, 3])})
    columns = data.rows.select(["n"])
    for format_ in ("csv", "jsonl", "parquet"):
        leave(data, tmp_path / format_, format_, columns=columns)
    with (tmp_path / "csv/samples.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "label", "split", name, "n"]
    assert [unguard(row[name]) for row in rows] == held
    lines = (tmp_path / "jsonl/samples.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)[name] for line in lines] == held
    table = pq.read_table(tmp_path / "parquet/samples.parquet")
    assert table.column(name).to_pylist() == held
    assert table.column("label").to_pylist() == ["a", None, "b"]


def test_unknown_formats_name_the_nearest():
    with pytest.raises(ParameterError, match="did you mean 'parquet'"):
        ENGINES.load("parket")
    with pytest.raises(ParameterError, match="link cannot be 'move'"):
        ENGINES.load("folder")(link="move")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_guard_loses_nothing_and_starts_no_formula(text):
    safe = guard(text)
    assert unguard(safe) == text
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert needs_guard(text) == (safe != text)


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "true"), (1.0, "1.0"), ([], ""), ({"a": 1}, '{"a": 1}'), ("x", "x")]
)
def test_cells(value, text):
    assert cell(value) == text
