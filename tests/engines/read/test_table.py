import contextlib
import json
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import SourceError
from engines.media import MediaFiles
from engines.protocols import Reading, SourceOptions, no_progress
from engines.read.table import TableReader
from tests.engines.read.table_cases import picture

NAMES = (
    *("image", "file_name", "text", "label", "label_name", "label_a", "label_b", "split", "id", "sample_id", "caption", "date"),
    *("lat", "lon", "weight", "embedding", "features", "row", "x", "path", "cluster", "Unnamed: 0", "a b", "caf\u00e9"),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 2**70)
    | st.floats()
    | st.sampled_from(
        ["", "a.png", "train", "data:image/png;base64,iVBORw0KGgo=", "some words in a row", "2020-01-01", "0", "\ud800"]
    )
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=9)
        | st.fixed_dictionaries({"bytes": inner, "path": inner})
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=2)
    ),
    max_leaves=9,
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        part: st.sampled_from([*NAMES, "-", "x,text", ""])
        for part in ("image", "text", "label", "split", "id", "caption", "features")
    },
)


def read(path: Path, options: SourceOptions | None = None) -> Reading:
    return TableReader()(path, options or SourceOptions(), scratch=path.parent / "scratch", progress=no_progress)


def check(reading: Reading, rows: int) -> None:
    """Check what holds for whatever was read."""
    dataset = reading.dataset
    assert 1 <= len(dataset) <= rows
    assert len(dataset) + len(set(dataset.rejects.column("row").to_pylist())) == rows
    assert all(array.shape[0] == len(dataset) and np.isfinite(array).all() for array in reading.vectors.values())
    assert set(dataset.origin["features"]) <= set(dataset.own_columns)
    media = MediaFiles(dataset)
    for row in range(len(dataset)):
        assert (media.place(row) is not None) is (dataset.kind == "pictures")
        assert (media.text(row) is not None) is (dataset.kind == "texts")
    json.dumps(dataset.origin)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6), min_size=1, max_size=6), OPTIONS)
def test_whatever_rows_hold_and_options_say_they_are_read_or_refused_in_words(rows, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.json"
        path.write_text(json.dumps(rows))
        (Path(folder) / "a.png").write_bytes(picture(0))
        with contextlib.suppress(SourceError):
            check(read(path, SourceOptions(**options)), len(rows))


TYPES = st.sampled_from(
    [
        *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.binary(4), pa.int8(), pa.uint64(), pa.float16()),
        *(pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("ns"), pa.time64("us"), pa.duration("s"), pa.decimal128(9, 2)),
        *(pa.null(), pa.list_(pa.float32()), pa.list_(pa.float64(), 8), pa.large_list(pa.string()), pa.list_(pa.null())),
        *(pa.struct([("bytes", pa.binary()), ("path", pa.string())]), pa.struct([("bytes", pa.int8()), ("path", pa.int8())])),
        *(pa.struct([]), pa.map_(pa.string(), pa.int8()), pa.dictionary(pa.int8(), pa.string()), pa.list_(pa.list_(pa.int8()))),
        *(pa.list_(pa.struct([("bytes", pa.binary())])), pa.dictionary(pa.int32(), pa.float64()), pa.month_day_nano_interval()),
        *(pa.binary_view(), pa.list_view(pa.float32()), pa.struct([("bytes", pa.binary_view()), ("path", pa.string_view())])),
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), TYPES, min_size=1, max_size=6), st.integers(1, 4), st.booleans(), OPTIONS)
def test_columns_of_any_type_are_read_or_refused_in_words(types, count, nulls, options):
    columns = {name: pa.array([_value(kind, row, nulls) for row in range(count)], kind) for name, kind in types.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.arrow"
        table = pa.table(columns)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        with contextlib.suppress(SourceError):
            check(read(path, SourceOptions(**options)), count)


def _value(kind: pa.DataType, row: int, nulls: bool) -> object:
    """Give some value of a type."""
    if nulls and row % 2 == 0:
        return None
    if pa.types.is_dictionary(kind):
        return _value(kind.value_type, row, nulls=False)
    if pa.types.is_map(kind):
        return [("k", row)]
    if pa.types.is_struct(kind):
        return {kind.field(place).name: _value(kind.field(place).type, row, nulls) for place in range(kind.num_fields)}
    if pa.types.is_fixed_size_list(kind):
        return [0.5] * kind.list_size
    if hasattr(kind, "value_type"):
        return [_value(kind.value_type, row, nulls)] * row
    if pa.types.is_fixed_size_binary(kind):
        return b"abcd"
    if pa.types.is_null(kind):
        return None
    if str(kind).startswith(("binary", "string", "large_string")):
        text = ["a.png", "some words in a row", "x"][row % 3]
        return text.encode() if str(kind).startswith("binary") else text
    if pa.types.is_boolean(kind):
        return True
    return pa.MonthDayNano([1, 2, 3]) if pa.types.is_interval(kind) else row


def test_what_was_read_is_the_same_each_time_and_changes_with_the_file(tmp_path):
    columns = {"text": ["one two", "three four"], "label": ["a", "b"], "emb": [[0.5] * 8, [1.5] * 8]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    first, again = read(tmp_path / "t.parquet").dataset, read(tmp_path / "t.parquet").dataset
    assert (first.key, first.media_key, first.columns_key) == (again.key, again.media_key, again.columns_key)
    pq.write_table(pa.table(columns | {"label": ["a", "a"]}), tmp_path / "t.parquet")
    relabeled = read(tmp_path / "t.parquet").dataset
    assert relabeled.media_key == first.media_key
    assert relabeled.columns_key != first.columns_key
    pq.write_table(pa.table(columns | {"text": ["one two", "three five"]}), tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").dataset.media_key != first.media_key


def test_the_origin_tells_what_was_understood(tmp_path):
    (tmp_path / "t.csv").write_text("id;text;kind;label;lat;lon\na;one two;x;p;1,5;2,5\nb;three four;y;q;3,5;4,5\n")
    origin = read(tmp_path / "t.csv").dataset.origin
    assert origin["roles"] == {"text": "text", "label": "label", "id": "id", "latitude": "lat", "longitude": "lon"}
    assert origin["columns"] == ["id", "text", "kind", "label", "lat", "lon"]
    assert (origin["reader"], origin["format"], origin["delimiter"], origin["encoding"]) == ("table", "csv", ";", "utf-8")
    assert origin["files"] == [{"file": str(tmp_path / "t.csv"), "split": None, "rows": 2}]
    assert (origin["labels"], origin["splits"]) == ("column", None)


@pytest.mark.parametrize(
    "name", ["t.csv", "T.CSV", "t.tsv", "t.jsonl", "t.ndjson", "t.json", "t.parquet", "t.pq", "t.feather", "t.arrow"]
)
def test_files_are_known_by_their_suffix(tmp_path, name):
    (tmp_path / name).write_text("x")
    assert TableReader.reads(tmp_path / name)


@pytest.mark.parametrize("name", ["t.txt", "t.npy", "t.zip", "csv", "gone.csv", "hf:owner/name", "bad\x00name.csv"])
def test_what_is_no_table_is_left_to_others(tmp_path, name):
    if "." in name and "gone" not in name and "\x00" not in name:
        (tmp_path / name).write_text("x")
    assert not TableReader.reads(tmp_path / name)
