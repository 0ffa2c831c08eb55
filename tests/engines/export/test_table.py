"""The table that was read, corrected: its own columns, order, types and cells, and the labels as decided."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyarrow import feather

from engines.errors import Cancelled, ExportError
from engines.protocols import SourceOptions, no_progress
from engines.read.table import TableReader
from engines.read.texts import TextReader
from tests.engines.export.held import pictures, texts
from tests.engines.export.made import leave, tree, write_files


def read(source, tmp_path, **options):
    return TableReader()(source, SourceOptions(**options), scratch=tmp_path / "scratch", progress=no_progress).dataset


def changed(data, new):
    """Give the labels of a data set with some changed, by row."""
    return [new.get(row, label) for row, label in enumerate(data.labels)]


SENTENCES = [f"text number {number} is a sentence of its own" for number in range(8)]
LABELS = ["pos", "neg", "pos", "neg", "pos", "neg", "pos", "neg"]

# -- delimited text ---------------------------------------------------------------------------------------------------

ROUGH = (
    "﻿text;label; odd ;score;score\r\n"
    'first text of them all;pos;"quo""ted; and\r\nbroken";0,10;1e400\r\n'
    "\r\n"
    "second text of them all;neg;'single';007;\r\n"
    '"third text, =1+1";pos;=1+1;+5;-5\r\n'
    "too;short\r\n"
    "fourth text of them all;;  spaced  ;;NULL\r\n"
    "fifth text of them all;neg;last;1;2"
)


@pytest.fixture
def rough(tmp_path):
    path = tmp_path / "source" / "rough.csv"
    path.parent.mkdir()
    path.write_bytes(ROUGH.encode("utf-8"))
    return path


def test_what_was_not_decided_stays_byte_for_byte(tmp_path, rough):
    data = read(rough, tmp_path)
    assert data.labels == ["pos", "neg", "pos", None, "neg"]
    record = leave(data, tmp_path / "out", "table", excluded=[1], columns=data.rows)
    lines = ROUGH.split("\r\n")
    assert (tmp_path / "out/rough.csv").read_bytes().decode() == "\r\n".join(
        [*lines[:3], lines[5], lines[7], lines[8]]
    ) + "\r\n"
    assert record["rows_out"] == 4
    assert record["formula_cells"] == {"odd": 1}
    assert rough.read_bytes().decode() == ROUGH


def test_a_new_label_changes_its_cell_alone(tmp_path, rough):
    data = read(rough, tmp_path)
    leave(data, tmp_path / "out", "table", labels=changed(data, {0: 'ne"w; one', 3: "found", 4: "=evil"}))
    found = list(
        csv.reader(io.StringIO((tmp_path / "out/rough.csv").read_bytes().decode("utf-8-sig"), newline=""), delimiter=";")
    )
    given = [row for row in csv.reader(io.StringIO(ROUGH.lstrip("﻿"), newline=""), delimiter=";") if len(row) == 5]
    for row, label in ((1, 'ne"w; one'), (4, "found"), (5, "=evil")):
        given[row][1] = label
    assert found == given
    again = read(tmp_path / "out/rough.csv", tmp_path)
    assert again.labels == ['ne"w; one', "neg", "pos", "found", "=evil"]
    assert [row["odd"] for row in again.rows.to_pylist()] == [row["odd"] for row in data.rows.to_pylist()]


def test_formulas_are_guarded_where_that_is_asked_for(tmp_path, rough):
    data = read(rough, tmp_path)
    record = leave(data, tmp_path / "out", "table", labels=changed(data, {4: "=evil"}), parameters={"formulas": "guard"})
    found = list(
        csv.reader(io.StringIO((tmp_path / "out/rough.csv").read_bytes().decode("utf-8-sig"), newline=""), delimiter=";")
    )
    assert [row[1] for row in found] == ["label", "pos", "neg", "pos", "", "'=evil"]
    assert [row[2] for row in found][3] == "'=1+1"
    assert [row[3] for row in found] == ["score", "0,10", "007", "+5", "", "1"], "numbers are no formulas"
    assert record["guarded"]["cells"] == {"odd": 1, "label": 1}


def test_tags_are_a_column_only_where_there_are_some(tmp_path, rough):
    data = read(rough, tmp_path)
    none = pa.array([[]] * 5, pa.list_(pa.string()))
    leave(data, tmp_path / "none", "table", columns=pa.table({"tags": none}))
    assert (tmp_path / "none/rough.csv").read_bytes().decode().startswith("﻿text;label; odd ;score;score\r\n")
    some = pa.array([["a", 'b"'], [], [], ["=c"], []], pa.list_(pa.string()))
    leave(data, tmp_path / "some", "table", columns=pa.table({"tags": some}), excluded=[1])
    found = pd.read_csv(tmp_path / "some/rough.csv", sep=";", dtype=str, keep_default_na=False)
    assert list(found["tags"]) == ['["a", "b\\""]', "", '["=c"]', ""]


@pytest.mark.parametrize(
    ("name", "encoding", "line"),
    [
        ("t.tsv", "utf-8", "\n"),
        ("t.csv", "utf-16", "\r\n"),
        ("t.csv", "utf-8", "\r"),
        ("t.csv", "cp1252", "\n"),
        ("t.csv", "utf-32", "\n"),
    ],
)
def test_encodings_and_line_ends_stay(tmp_path, name, encoding, line):
    mark = "\t" if name == "t.tsv" else ","
    lines = ["text,label"] + [f"{text} é,{label}" for text, label in zip(SENTENCES, LABELS, strict=True)]
    raw = "".join(one.replace(",", mark) + line for one in lines).encode(encoding)
    path = tmp_path / "source" / name
    write_files(path.parent, {name: raw})
    data = read(path, tmp_path)
    assert data.labels == LABELS
    leave(data, tmp_path / "same", "table")
    assert (tmp_path / "same" / name).read_bytes() == raw
    leave(data, tmp_path / "out", "table", labels=changed(data, {1: "naïve"}), excluded=[0])
    again = read(tmp_path / "out" / name, tmp_path)
    assert again.labels == ["naïve", *LABELS[2:]]
    assert again.media.column("media").to_pylist() == data.media.column("media").to_pylist()[1:]


def test_columns_of_zeros_and_ones(tmp_path):
    rows = "".join(
        f"{text},{int(label == 'pos')},{int(label == 'neg')}\n" for text, label in zip(SENTENCES, LABELS, strict=True)
    )
    path = tmp_path / "source/t.csv"
    write_files(path.parent, {"t.csv": f"text,label_pos,label_neg\n{rows}".encode()})
    data = read(path, tmp_path)
    assert data.labels == LABELS
    record = leave(data, tmp_path / "out", "table", labels=changed(data, {0: "neg", 1: "pos | neg", 2: "other"}))
    again = read(tmp_path / "out/t.csv", tmp_path)
    assert again.labels == ["neg", "pos | neg", *LABELS[2:]]
    assert [entry["reason"] for entry in record["not_relabeled"]] == ["there is no column for the class 'other'"]


# -- JSON -------------------------------------------------------------------------------------------------------------


def json_rows():
    return [
        {"text": text, "label": label, "n": number, "deep": {"a": [1, None, 1.50]}, "big": 12345678901234567890}
        for number, (text, label) in enumerate(zip(SENTENCES, LABELS, strict=True))
    ]


def test_lines_of_json_stay_letter_for_letter(tmp_path):
    lines = [json.dumps(row, separators=(",", ":")).replace("1.5", "1.50") for row in json_rows()]
    lines[3] = '{"text": "grüße an alle, die das lesen", "label": null,   "extra": true}'
    raw = "\n".join([*lines[:4], "", "not json", *lines[4:]])
    path = tmp_path / "source/t.jsonl"
    write_files(path.parent, {"t.jsonl": raw.encode()})
    data = read(path, tmp_path)
    assert data.rejects.num_rows == 1
    leave(data, tmp_path / "out", "table", labels=changed(data, {0: "new", 3: "ñew"}), excluded=[1])
    found = (tmp_path / "out/t.jsonl").read_text("utf-8").split("\n")
    assert found[1] == lines[2]
    assert found[3:] == [*lines[4:], ""]
    assert json.loads(found[0]) == {**json_rows()[0], "label": "new"}
    assert found[2] == '{"text": "grüße an alle, die das lesen", "label": "ñew", "extra": true}'


@pytest.mark.parametrize("orient", ["records", "split", "columns", "list", "wrapped"])
def test_every_layout_of_json_comes_back(tmp_path, orient):
    frame = pd.DataFrame(json_rows())[["text", "label", "n"]]
    path = tmp_path / "source/t.json"
    path.parent.mkdir()
    if orient == "list":
        path.write_text(json.dumps(frame.to_dict("list")))
    elif orient == "wrapped":
        path.write_text(json.dumps({"version": 3, "data": frame.to_dict("records")}))
    else:
        frame.to_json(path, orient=orient)
    data = read(path, tmp_path)
    assert data.labels == LABELS
    tags = pa.table({"tags": pa.array([["a"], *[[]] * 7], pa.list_(pa.string()))})
    leave(data, tmp_path / "out", "table", labels=changed(data, {7: "new"}), excluded=[1, 2], columns=tags)
    expected = frame.drop(index=[1, 2])
    expected.loc[7, "label"] = "new"
    expected = expected.assign(decided=[["a"], *[[]] * 5]).rename(columns={"decided": "tags"})
    if orient == "list":
        found = pd.DataFrame(json.loads((tmp_path / "out/t.json").read_text()))
    elif orient == "wrapped":
        held = json.loads((tmp_path / "out/t.json").read_text())
        assert held["version"] == 3
        found = pd.DataFrame(held["data"])
    else:
        found = pd.read_json(tmp_path / "out/t.json", orient=orient)
    assert found.to_dict("list") == expected.to_dict("list")
    if orient in ("split", "columns"):
        assert list(found.index) == list(expected.index)


def test_numbers_stay_numbers_in_json_and_lists_lists(tmp_path):
    rows = [{"text": text, "label": number % 2} for number, text in enumerate(SENTENCES)]
    rows[5]["label"] = None
    write_files(tmp_path / "source", {"n.json": json.dumps(rows, indent=1).encode()})
    data = read(tmp_path / "source/n.json", tmp_path)
    leave(data, tmp_path / "out", "table", labels=changed(data, {0: "1", 5: "0", 6: "unclear"}))
    found = json.loads((tmp_path / "out/n.json").read_text())
    assert [row["label"] for row in found] == [1, 1, 0, 1, 0, 0, "unclear", 1]
    rows = [{"text": text, "labels": ["a", "b"] if number % 2 else ["a"]} for number, text in enumerate(SENTENCES)]
    write_files(tmp_path / "source", {"l.json": json.dumps(rows).encode()})
    data = read(tmp_path / "source/l.json", tmp_path, label="labels")
    assert data.labels[:2] == ["a", "a | b"]
    leave(data, tmp_path / "lists", "table", labels=changed(data, {0: "b | c", 1: "d"}))
    found = json.loads((tmp_path / "lists/l.json").read_text())
    assert [row["labels"] for row in found[:3]] == [["b", "c"], ["d"], ["a"]]


# -- Parquet and Arrow ------------------------------------------------------------------------------------------------


def arrow_table():
    return pa.table(
        {
            "text": SENTENCES,
            "label": pa.array(LABELS).dictionary_encode(),
            "when": pa.array(np.arange(8), pa.timestamp("ns")),
            "small": pa.array([1, None, 3, 4, 5, 6, 7, 8], pa.int8()),
            "nested": pa.array([{"a": [1, 2]}] * 8),
            "raw": pa.array([b"\x00\xff"] * 8),
            "price": pa.array([None] * 8, pa.decimal128(5, 2)),
        }
    ).replace_schema_metadata({"mine": "kept"})


def write_arrow(path, table):
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=3, compression="zstd")
    elif path.name == "stream.arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    elif path.suffix == ".arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    else:
        feather.write_feather(table, path, chunksize=3)


def read_arrow(path):
    if path.suffix == ".parquet":
        return pq.read_table(path)
    with pa.memory_map(str(path)) as source:
        opener = pa.ipc.open_stream if path.name == "stream.arrow" else pa.ipc.open_file
        return opener(source).read_all()


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "stream.arrow", "t.feather"])
def test_types_metadata_and_values_stay(tmp_path, name):
    table = arrow_table()
    path = tmp_path / "source" / name
    path.parent.mkdir()
    write_arrow(path, table)
    table = read_arrow(path)
    data = read(path, tmp_path, text="text", label="label")
    assert data.labels == LABELS
    leave(data, tmp_path / "out", "table", labels=changed(data, {1: "new", 6: "neg"}), excluded=[0, 4])
    found = read_arrow(tmp_path / "out" / name)
    assert found.schema.equals(table.schema, check_metadata=True)
    expected = table.to_pydict()
    expected["label"] = changed(data, {1: "new", 6: "neg"})
    assert found.to_pydict() == {column: [values[row] for row in (1, 2, 3, 5, 6, 7)] for column, values in expected.items()}
    if name == "t.parquet":
        assert pq.ParquetFile(tmp_path / "out" / name).metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("name", ["t.parquet", "stream.arrow"])
def test_numbers_with_names_are_written_back_as_numbers(tmp_path, name):
    features = {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {"dtype": "string", "_type": "Value"}}
    table = pa.table({"text": SENTENCES, "label": pa.array([label == "pos" for label in LABELS]).cast(pa.int64())})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path = tmp_path / "source" / name
    path.parent.mkdir()
    write_arrow(path, table)
    data = read(path, tmp_path)
    assert data.labels == LABELS
    record = leave(data, tmp_path / "out", "table", labels=changed(data, {0: "neg", 1: "unclear"}))
    found = read_arrow(tmp_path / "out" / name)
    assert found.column("label").to_pylist() == [0, 2, 1, 0, 1, 0, 1, 0]
    assert json.loads(found.schema.metadata[b"huggingface"])["info"]["features"]["label"]["names"] == ["neg", "pos", "unclear"]
    assert record["added_classes"] == {"unclear": 2}
    assert read(tmp_path / "out" / name, tmp_path).labels == changed(data, {0: "neg", 1: "unclear"})


def test_numbers_beside_names_change_together(tmp_path):
    frame = pd.DataFrame({"text": SENTENCES, "label": [5 if label == "pos" else 3 for label in LABELS], "label_name": LABELS})
    path = tmp_path / "source/t.csv"
    path.parent.mkdir()
    frame.to_csv(path, index=False)
    data = read(path, tmp_path)
    assert data.origin["label_names"] == {"5": "pos", "3": "neg"}
    leave(data, tmp_path / "out", "table", labels=changed(data, {0: "neg", 1: "new"}))
    found = pd.read_csv(tmp_path / "out/t.csv")
    assert list(found["label"][:3]) == [3, 6, 5]
    assert list(found["label_name"][:3]) == ["neg", "new", "pos"]


def test_a_label_that_is_no_number_turns_the_column_into_text(tmp_path):
    table = pa.table({"text": SENTENCES, "label": pa.array([0, 1] * 4, pa.int8())})
    path = tmp_path / "source/t.parquet"
    path.parent.mkdir()
    write_arrow(path, table)
    data = read(path, tmp_path)
    record = leave(data, tmp_path / "numbers", "table", labels=changed(data, {0: "1"}))
    assert pq.read_table(tmp_path / "numbers/t.parquet").column("label").to_pylist() == [1, 1, 0, 1, 0, 1, 0, 1]
    assert record["notes"] == []
    record = leave(data, tmp_path / "out", "table", labels=changed(data, {0: "unclear"}))
    assert pq.read_table(tmp_path / "out/t.parquet").column("label").to_pylist() == ["unclear", "1", *["0", "1"] * 3]
    assert "is text now" in record["notes"][0]


def test_pictures_inside_stay_and_lists_of_labels_are_lists(tmp_path):
    held = [{"bytes": raw, "path": f"{number}.png"} for number, raw in enumerate(pictures(4))]
    table = pa.table({"image": held, "label": [["a"], ["a", "b"], [], ["b"]]})
    path = tmp_path / "source/t.parquet"
    path.parent.mkdir()
    write_arrow(path, table)
    data = read(path, tmp_path)
    assert (data.kind, data.labels) == ("pictures", ["a", "a | b", None, "b"])
    record = leave(data, tmp_path / "out", "table", labels=changed(data, {0: "b | c", 2: "d"}), excluded=[1])
    found = pq.read_table(tmp_path / "out/t.parquet").to_pylist()
    assert [row["image"] for row in found] == [held[0], held[2], held[3]]
    assert [row["label"] for row in found] == [["b", "c"], ["d"], ["b"]]
    assert record["notes"] == []


def test_pictures_beside_the_table_are_named_not_copied(tmp_path):
    write_files(tmp_path / "source", {f"img/{number}.png": raw for number, raw in enumerate(pictures(3))})
    write_files(tmp_path / "source", {"t.csv": b"file_name,label\nimg/0.png,a\nimg/gone.png,a\nimg/1.png,b\nimg/2.png,b\n"})
    data = read(tmp_path / "source/t.csv", tmp_path)
    record = leave(data, tmp_path / "out", "table", excluded=[1])
    assert (tmp_path / "out/t.csv").read_bytes() == b"file_name,label\nimg/0.png,a\nimg/2.png,b\n"
    assert str(tmp_path / "source") in record["notes"][0]


def test_a_table_in_several_files(tmp_path):
    table = arrow_table()
    source = tmp_path / "source"
    (source / "data").mkdir(parents=True)
    pq.write_table(table.slice(0, 5), source / "data/train-00000-of-00001.parquet")
    pq.write_table(table.slice(5, 3), source / "data/test-00000-of-00001.parquet")
    data = read(source, tmp_path, text="text", label="label")
    assert data.rows.column("split").to_pylist() == ["test"] * 3 + ["train"] * 5
    leave(data, tmp_path / "out", "table", labels=changed(data, {0: "new", 7: "neu"}), excluded=[1, 2, 3])
    test = pq.read_table(tmp_path / "out/data/test-00000-of-00001.parquet")
    train = pq.read_table(tmp_path / "out/data/train-00000-of-00001.parquet")
    assert test.column("label").to_pylist() == ["new"]
    assert train.column("label").to_pylist() == [*LABELS[1:4], "neu"]
    assert train.column("text").to_pylist() == SENTENCES[1:5]


@pytest.mark.parametrize(("encoding", "end"), [("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("cp1252", "\n")])
def test_lines_of_texts_stay_byte_for_byte(tmp_path, encoding, end):
    lines = ["eine erste Zeile für alle", "", "=zweite Zeile", "dritte Zeile", "  vierte Zeile"]
    write_files(tmp_path / "source", {"t.txt": end.join(lines).encode(encoding)})
    data = TextReader()(tmp_path / "source/t.txt", SourceOptions(), scratch=tmp_path, progress=no_progress).dataset
    tags = pa.table({"tags": pa.array([["a"], [], [], []], pa.list_(pa.string()))})
    record = leave(data, tmp_path / "out", "table", excluded=[0, 2], labels=[None, "x", None, None], columns=tags)
    assert (tmp_path / "out/t.txt").read_bytes() == f"{lines[2]}{end}{lines[4]}{end}".encode(encoding)
    assert [entry["reason"] for entry in record["not_relabeled"]] == ["a file of one text per line has no place for labels"]


# -- whatever happens -------------------------------------------------------------------------------------------------


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(ExportError, match="the source is no table"):
        leave(texts(tmp_path / "source", ["a"], ["x"]), tmp_path / "out", "table")


def test_a_table_that_changed_meanwhile_leaves_nothing(tmp_path, rough):
    data = read(rough, tmp_path)
    rough.write_text(ROUGH + "\r\nsixth text of them all;pos;;;\r\n", "utf-8", newline="")
    with pytest.raises(ExportError, match="has 7 rows, and had 6"):
        leave(data, tmp_path / "out", "table")
    rough.unlink()
    with pytest.raises(ExportError, match="not there any more"):
        leave(data, tmp_path / "out", "table")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_stopped_in_the_middle_nothing_is_left(tmp_path, name):
    frame = pd.DataFrame({"text": [f"sentence number {n} of many" for n in range(3000)], "label": ["a", "b"] * 1500})
    path = tmp_path / "source" / name
    path.parent.mkdir()
    {
        "t.csv": lambda: frame.to_csv(path),
        "t.jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        "t.parquet": lambda: frame.to_parquet(path, row_group_size=500),
    }[name]()
    data = read(path, tmp_path)

    def stop(fraction, message):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        leave(data, tmp_path / "out", "table", progress=stop)
    assert sorted(one.name for one in tmp_path.iterdir() if one.name != "scratch") == ["source"]


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(CELL, CELL, st.booleans()), min_size=1, max_size=5),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    CELL,
    st.booleans(),
)
def test_whatever_cells_hold(tmp_path_factory, rows, delimiter, end, new, quoted):
    folder = tmp_path_factory.mktemp("any")
    name = "t.tsv" if delimiter == "\t" else "t.csv"
    given_rows = [[f"sentence number {number} of many", label, cell] for number, (label, cell, _) in enumerate(rows)]
    buffer = io.StringIO(newline="")
    # Unquoted, a line break inside of a cell is an end of the row for whoever reads it.
    broken = any(sign in cell for row in given_rows for cell in row for sign in "\r\n")
    quoting = csv.QUOTE_ALL if quoted or broken else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([["text", "label", "cell"], *given_rows])
    write_files(folder / "source", {name: buffer.getvalue().encode()})
    data = read(folder / "source" / name, folder, text="text", label="label")
    assume(len(data) == len(rows))
    excluded = [number for number, row in enumerate(rows) if row[2]]
    assume(len(excluded) < len(rows))
    first = next(number for number in range(len(rows)) if number not in excluded)
    leave(data, folder / "out", "table", labels=changed(data, {first: new}) if new else data.labels, excluded=excluded)
    found = list(csv.reader(io.StringIO((folder / "out" / name).read_bytes().decode(), newline=""), delimiter=delimiter))
    if new and new != data.labels[first]:
        given_rows[first][1] = new
    kept = [row for number, row in enumerate(given_rows) if number not in excluded]
    assert found == [["text", "label", "cell"], *kept]
    assert tree(folder / "source").keys() == {name}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["label", "a", "b"]), st.one_of(CELL, st.none(), st.integers(), st.booleans()), max_size=3
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["lines", "array"]),
    CELL,
)
def test_whatever_json_holds(tmp_path_factory, rows, layout, new):
    folder = tmp_path_factory.mktemp("any")
    held = [{"text": f"sentence number {number} of many", **row} for number, row in enumerate(rows)]
    name = "t.jsonl" if layout == "lines" else "t.json"
    raw = "\n".join(map(json.dumps, held)) if layout == "lines" else json.dumps(held)
    write_files(folder / "source", {name: raw.encode()})
    has_label = any(row.get("label") is not None for row in rows)
    data = read(folder / "source" / name, folder, text="text", **({"label": "label"} if has_label else {}))
    assume(len(data) == len(rows))
    leave(data, folder / "out", "table", labels=changed(data, {0: new}) if new and has_label else data.labels)
    text = (folder / "out" / name).read_text("utf-8")
    found = [json.loads(line) for line in text.splitlines()] if layout == "lines" else json.loads(text)
    assert found[1:] == held[1:]
    assert {key: value for key, value in found[0].items() if key != "label"} == {
        key: value for key, value in held[0].items() if key != "label"
    }
    if new and has_label and new != data.labels[0]:
        assert str(found[0]["label"]).lower() == new.lower() or float(found[0]["label"]) == float(new)
