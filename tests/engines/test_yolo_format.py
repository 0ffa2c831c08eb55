"""The files of YOLO folders: what we write other YAML readers understand, and the other way round."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engines.yolo_format import label_path, parse_yaml, quote, read_line, write_yaml


def test_where_labels_lie():
    assert label_path(b"images/train/a.b.jpg") == b"labels/train/a.b.txt"
    assert label_path(b"x/images/images/a.jpg") == b"x/images/labels/a.txt"
    assert label_path(b"x/a.jpg") == b"x/a.txt"
    assert label_path(b"images/caf\xe9") == b"labels/caf\xe9.txt"


def test_the_area_of_a_line():
    assert read_line("3 0.5 0.5 0.5 0.2", classes=None) == (3, pytest.approx(0.1))
    assert read_line("3.0 0.5 0.5 0.5 0.2 0.99", classes=4) == (3, pytest.approx(0.1))
    assert read_line("0 0 0 0.5 0 0.5 0.5", classes=1) == (0, pytest.approx(0.25))


NAMES = st.text(max_size=8)


@given(st.lists(NAMES, max_size=6), st.text(min_size=1, max_size=8))
def test_what_we_write_yaml_readers_understand(names, place):
    text = write_yaml({"train": [place], "val": ["a", place]}, names, {"kpt_shape": "kpt_shape: [1, 2]"})
    clean = [name.encode("utf-8", "replace").decode() for name in names]
    if clean == names and place.isprintable():
        theirs = yaml.safe_load(text)
        assert theirs["names"] == (dict(enumerate(names)) or None)
        assert (theirs["train"], theirs["val"], theirs["kpt_shape"]) == (place, ["a", place], [1, 2])
    ours = parse_yaml(text)
    assert list(ours.names or []) == names
    assert ours.splits == {"train": [place], "val": ["a", place]}
    assert ours.others == {"kpt_shape": "kpt_shape: [1, 2]"}


# A name with a line break in it is one that YAML writes over several lines; nobody calls a class so.
ONE_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=8)


@given(st.lists(ONE_LINE, min_size=1, max_size=5), st.sampled_from([None, False]), st.booleans())
def test_what_yaml_writes_we_understand(names, flow, as_list):
    held = {
        "train": "images/train",
        "names": names if as_list else dict(enumerate(names)),
        "nc": len(names),
        "a": {"b": [1, 2]},
    }
    said = parse_yaml(yaml.safe_dump(held, default_flow_style=flow, allow_unicode=True, width=10_000))
    assert list(said.names) == names
    assert said.splits == {"train": ["images/train"]}


@given(st.text(max_size=20))
def test_quotes_are_closed_and_on_one_line(text):
    quoted = quote(text)
    assert quoted.splitlines() == [quoted]
    if text.encode("utf-8", "replace").decode() == text:
        assert yaml.safe_load(f"a: {quoted}") == {"a": text}
