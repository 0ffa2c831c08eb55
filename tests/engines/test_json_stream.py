"""JSON entry by entry: what the ``json`` module gives, wherever the stream is cut, and words where it is broken."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines import json_stream
from engines.json_stream import BrokenJson, Entries, array, members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


class Dripping:
    """A stream that gives a few bytes at a time, so that every value is cut somewhere."""

    def __init__(self, raw, step):
        self.raw, self.step, self.at = raw, step, 0

    def read(self, size):
        piece = self.raw[self.at : self.at + self.step]
        self.at += self.step
        return piece


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), st.integers(1, 9), st.sampled_from([None, 1]), st.booleans())
def test_entry_by_entry_gives_what_the_json_module_gives(held, step, indent, ascii_only):
    raw = json.dumps(held, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = {name: list(value) if isinstance(value, Entries) else value for name, value in members(Dripping(raw, step))}
    assert found == held


@given(st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=3), st.integers(1, 50), st.data())
def test_a_truncated_object_is_broken(held, step, data):
    raw = json.dumps(held).encode()
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    with pytest.raises(BrokenJson):
        list(members(Dripping(cut, step)))


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'{"a": 1,}', b'{"a" 1}', b'{"a": \xff}', b'{"a": ' + b"[" * 100_000, b'{"a": ' + b"9" * 10_000 + b"}"]
)
def test_odd_files_are_broken_in_words(raw):
    with pytest.raises(BrokenJson, match="no whole JSON"):
        list(members(Dripping(raw, 1 << 20)))


def test_entries_that_nobody_asks_for_are_passed_over():
    found = [name for name, _ in members(Dripping(b'{"a": [1, 2], "b": [3], "c": 4}', 3))]
    assert found == ["a", "b", "c"]


@given(st.lists(VALUES, max_size=5), st.integers(1, 9), st.sampled_from([None, 2]))
def test_an_array_gives_values_and_the_text_that_they_stand_in(held, step, indent):
    raw = json.dumps(held, indent=indent).encode()
    found = list(array(Dripping(raw, step)))
    assert [value for value, _ in found] == held
    assert [json.loads(text) for _, text in found] == held


def test_an_array_keeps_bytes_that_are_no_text_and_passes_commas_over():
    found = list(array(io.BytesIO(b'\xef\xbb\xbf ["caf\xe9",, 1.50 ,] behind')))
    assert [text for _, text in found] == ['"caf\udce9"', "1.50"]
    with pytest.raises(BrokenJson, match="the file ends"):
        list(array(io.BytesIO(b"[1, 2")))
    with pytest.raises(BrokenJson, match="does not begin"):
        list(array(io.BytesIO(b"{}")))


def test_an_entry_that_never_ends_is_refused_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(json_stream, "LARGEST", 1 << 20)

    class Endless:
        served = 0

        def read(self, size):
            self.served += size
            return (b'{"a": ["' if self.served == size else b"") + b"x" * size

    stream = Endless()
    with pytest.raises(BrokenJson, match="an entry has more than"):
        list(members(stream))
    assert stream.served < 8 << 20
