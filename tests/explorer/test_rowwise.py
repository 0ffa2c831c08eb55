from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.rowwise import Tags, Words

ROWS = st.lists(st.tuples(st.sampled_from([None, "b", "a"]), st.sampled_from([None, "c", "a"])), max_size=8)


def words(values):
    names = list(dict.fromkeys(value for value in values if value is not None))
    return Words(names, np.array([-1 if value is None else names.index(value) for value in values], dtype=np.int32))


@given(ROWS)
def test_words_lie_over_words(rows):
    given, own = [old for old, _ in rows], [new for _, new in rows]
    both = words(own).over(words(given))
    expected = [old if new is None else new for old, new in rows]
    assert list(both) == expected
    assert list(both.names) == sorted({word for word in expected if word is not None})
    assert both.texts().tolist() == [word or "" for word in expected]
    assert list(both[1:3]) == expected[1:3]


def test_tags_of_a_row_are_in_order_and_unused_ones_are_gone():
    tags = Tags({"z": np.array([True, False]), "a": np.array([True, False]), "none": np.zeros(2, dtype=bool)}, 2)
    assert list(tags) == [("a", "z"), ()]
    assert list(tags.masks) == ["a", "z"]
    assert tags.any.tolist() == [True, False]
    with pytest.raises(IndexError):
        tags[2]


@given(st.lists(st.sampled_from([None, "b", "a"]), max_size=8), st.data())
def test_words_are_counted_and_given_as_a_column(values, data):
    own = words(values)
    assert own.column().to_pylist() == values
    assert own.column().type == pa.string()
    assert own.counts() == Counter(value for value in values if value is not None)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))), dtype=bool)
    assert own.counts(mask) == Counter(value for value, there in zip(values, mask, strict=True) if there and value is not None)


@given(st.lists(st.sets(st.sampled_from("abc")), max_size=8))
def test_tags_are_given_as_a_column(rows):
    tags = Tags({tag: np.array([tag in row for row in rows], dtype=bool) for tag in "cab"}, len(rows))
    assert tags.column().to_pylist() == [sorted(row) for row in rows] == [list(row) for row in tags]
    assert tags.column().type == pa.list_(pa.string())
