import contextlib
import json
import re
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engines.errors import SourceError
from engines.protocols import Reading, SourceOptions, no_progress
from engines.read.json_items import BrokenItem, JsonItems
from engines.read.table import TableReader
from engines.read.table_json import JsonFile

ROWS = [{"text": f"some words number {number}", "label": "ab"[number % 2], "score": number * 0.5} for number in range(5)]


def write(tmp_path: Path, content: bytes | str, name: str = "t.json") -> Path:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path / name


def values(path: Path) -> tuple[list[dict], list[tuple[int, str]]]:
    file = JsonFile(path)
    rows: list[dict] = []
    bad: list[tuple[int, str]] = []
    for block in file.blocks():
        bad += [tuple(one) for one in block.bad]
        columns = {name: block.column(name).to_pylist() for name in file.columns}
        rows += [{name: columns[name][place] for name in columns} for place in range(len(block))]
    return rows, bad


def read(path: Path, **options: str) -> Reading:
    with tempfile.TemporaryDirectory() as scratch:
        return TableReader()(path, SourceOptions(**options), scratch=Path(scratch), progress=no_progress)


FRAME = pd.DataFrame(ROWS)
LAYOUTS = {
    "lines": "".join(json.dumps(row) + "\n" for row in ROWS),
    "lines of pandas": FRAME.to_json(orient="records", lines=True),
    "array": json.dumps(ROWS),
    "array, indented": json.dumps(ROWS, indent=2),
    "array with a mark": "\ufeff" + json.dumps(ROWS),
    "rows under data": json.dumps({"version": "1.0", "data": ROWS}),
    "rows under another name": json.dumps({"version": "1.0", "examples": ROWS}),
    "columns": json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}),
    "columns of pandas": FRAME.to_json(),
    "split of pandas": FRAME.to_json(orient="split"),
    "table of pandas": FRAME.to_json(orient="table", index=False),
}


@pytest.mark.parametrize(
    ("layout", "suffix"),
    [*((name, ".json") for name in LAYOUTS), ("lines", ".jsonl"), ("lines of pandas", ".jsonl"), ("array", ".jsonl")],
)
def test_every_layout_gives_the_same_rows(tmp_path, layout, suffix):
    assert values(write(tmp_path, LAYOUTS[layout], f"t{suffix}")) == (ROWS, [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("{", "is not JSON"),
        ('"text"', "is not JSON: it begins with"),
        ("{}", "object without rows: it holds nothing"),
        ('{"a": 1, "b": "x"}', "object without rows: it holds a, b"),
        ('{"a": [1, 2], "b": [1]}', "not equally long: a 2, b 1"),
        ('{"a": [{"x": 1}], "b": [{"y": 2}], "c": 3}', "object without rows: it holds a, b, c"),
        ("[]", "has no rows"),
        ("[1, 2]", "not one of the 2 rows .* row 1 is not a JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 100_000, "is not JSON"),
        ("[{]", "cannot be read"),
    ],
)
def test_what_holds_no_rows_is_an_error_in_words(tmp_path, content, words):
    with pytest.raises(SourceError, match=words) as caught:
        read(write(tmp_path, content))
    assert str(tmp_path) in caught.value.message


def test_lines_that_are_no_objects_are_rejects(tmp_path):
    lines = ['{"text": "one two"}', "{broken", "[1]", "", "null", '{"text": "three four"}', "9" * 5000, "[" * 5000]
    dataset = read(write(tmp_path, "\n".join(lines), "t.jsonl")).dataset
    assert [dataset.media_of(row) for row in range(2)] == ["one two", "three four"]
    assert dataset.rows.column("row").to_pylist() == [0, 4]
    assert [(one["row"], one["reason"]) for one in dataset.rejects.to_pylist()] == [
        (1, "is not a JSON object (line 2)"),
        (2, "is not a JSON object"),
        (3, "is not a JSON object"),
        (5, "is not a JSON object (line 7)"),
        (6, "is not a JSON object (line 8)"),
    ]


def test_an_array_that_ends_early_keeps_what_came_before(tmp_path):
    whole = json.dumps(ROWS)
    rows, bad = values(write(tmp_path, whole[: whole.index("number 3")]))
    assert rows == ROWS[:3]
    assert bad == [(3, "cannot be read, nor can what follows: the file ends early")]


def test_names_may_come_and_go_and_types_may_differ(tmp_path):
    rows = [
        {"text": "one two", "a": 1},
        {"text": "three four", "b": "x", "a": 2.5},
        {"text": "five six", "a": "seven", "b": None},
    ]
    dataset = read(write(tmp_path, json.dumps(rows))).dataset
    assert dataset.rows.column("a").to_pylist() == ["1", "2.5", "seven"]
    assert dataset.rows.column("b").to_pylist() == [None, "x", None]


def test_names_and_types_may_differ_between_blocks(tmp_path):
    lines = [json.dumps({"text": f"words number {number}", "a": number}) for number in range(9000)]
    lines += [json.dumps({"text": f"words number {number}", "a": number + 0.5, "late": "x"}) for number in range(9000, 9010)]
    dataset = read(write(tmp_path, "\n".join(lines), "t.jsonl")).dataset
    assert dataset.rows.column("a").to_pylist()[-1] == 9009.5
    late = dataset.rows.column("late").to_pylist()
    assert (late.count(None), late[-10:]) == (9000, ["x"] * 10)
    assert dataset.origin["columns"] == ["text", "a", "late"]


def test_numbers_beyond_64_bits_and_lone_surrogates(tmp_path):
    dataset = read(write(tmp_path, '[{"text": "one \\ud800 two", "n": 123456789012345678901234567890}]')).dataset
    assert dataset.media_of(0) == "one \ufffd two"
    assert dataset.rows.column("n").to_pylist() == ["123456789012345678901234567890"]


def test_bytes_that_are_not_utf_8_are_read_as_windows_text_and_counted(tmp_path):
    content = '[{"text": "à la plage", "label": "été"}]'.encode("cp1252")
    dataset = read(write(tmp_path, content)).dataset
    assert (dataset.media_of(0), dataset.labels) == ("à la plage", ["été"])
    assert dataset.counts == {"places_not_utf8": 3}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=6),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=6,
    ),
    st.integers(1, 40),
)
def test_items_of_an_array_are_what_the_parser_says_however_the_file_is_cut(values_, chunk):
    import engines.read.json_items as module

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "CHUNK", chunk)
        path = write(Path(folder), json.dumps(values_, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        # Lone surrogates are no UTF-8.
        lone = re.search("[\ud800-\udfff]", json.dumps(values_, ensure_ascii=False))
        with contextlib.suppress(BrokenItem) if lone else contextlib.nullcontext():
            assert lone or list(JsonItems(path)) == values_


def test_an_item_beyond_the_limit_is_refused_before_it_is_whole(tmp_path):
    path = write(tmp_path, '[{"a": 1}, "' + "x" * (5 << 20) + '"]')
    items = iter(JsonItems(path, limit=1 << 20))
    assert next(items) == {"a": 1}
    with pytest.raises(BrokenItem, match="longer than 1 MiB"):
        next(items)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120), st.sampled_from(["t.json", "t.jsonl"]))
@example(b'[{"a":1},', "t.json")
@example(b'{"a":{"b":1}}', "t.json")
@example(b'{"columns":["a"],"data":[[1],[1,2],3]}', "t.json")
@example(b'{"data":[{"image":{"bytes":5,"path":7}}]}', "t.json")
@example(b'[{"image":{"bytes":"/9j/","path":"a.png"}},{"image":"a"}]', "t.json")
@example(b'[{"":1,"id":null}]', "t.json")
@example(b'[{"\\ud800":1.5,"b":2},{"b":1,"\\ud800":2.5}]', "t.json")
@example(b'[{"image":"data:image/png;base64,AAAA","\\ud800":1}]', "t.json")
@example(b'[{"\\ud800":"data:image/png;base64,AAAA"}]', "t.json")
def test_any_bytes_are_rows_or_an_error(content, name):
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), content, name)
        with contextlib.suppress(SourceError):
            assert len(read(path).dataset) >= 1
