import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.table_key import table_digest

VALUES = {
    "string": (pa.string(), st.text(max_size=4)),
    "binary": (pa.binary(), st.binary(max_size=4)),
    "int": (pa.int64(), st.integers(-5, 5)),
    "small": (pa.uint8(), st.integers(0, 5)),
    "half": (pa.float16(), st.sampled_from([0.0, 0.5, -2.0])),
    "float": (pa.float64(), st.floats(allow_nan=False)),
    "bool": (pa.bool_(), st.booleans()),
    "time": (pa.timestamp("us", tz="UTC"), st.datetimes(timezones=st.just(dt.UTC))),
    "day": (pa.date32(), st.dates()),
    "list": (pa.list_(pa.int64()), st.lists(st.integers(0, 3), max_size=3)),
}


@pytest.mark.parametrize("kind", VALUES)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_the_digest_says_what_the_values_are_and_not_how_memory_is_cut(kind, data):
    column_type, element = VALUES[kind]
    values = data.draw(st.lists(st.none() | element, max_size=12))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=3)))
    whole = pa.table({"a": pa.array(values, column_type)})
    pieces = [values[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(values)], strict=True)]
    cut = pa.table({"a": pa.chunked_array([pa.array(piece, column_type) for piece in pieces], column_type)})
    padded = pa.array([None, *values, None], column_type).slice(1, len(values))
    assert table_digest(cut) == table_digest(whole) == table_digest(pa.table({"a": padded}))
    other = data.draw(st.lists(st.none() | element, max_size=12))
    if other != values:
        assert table_digest(pa.table({"a": pa.array(other, column_type)})) != table_digest(whole)


def test_names_and_types_enter():
    digests = {
        table_digest(pa.table({name: pa.array([1, 2], kind)}))
        for name in ("a", "b")
        for kind in (pa.int64(), pa.int32(), pa.float32())
    }
    assert len(digests) == 6


def test_texts_do_not_run_into_one_another():
    first, second = pa.table({"a": ["ab", "c"]}), pa.table({"a": ["a", "bc"]})
    assert table_digest(first) != table_digest(second)


def test_what_lies_behind_a_null_does_not_enter():
    hidden = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer((7).to_bytes(8, "little") * 2)])
    assert hidden.to_pylist() == [7, None]
    assert table_digest(pa.table({"a": hidden})) == table_digest(pa.table({"a": pa.array([7, None])}))
