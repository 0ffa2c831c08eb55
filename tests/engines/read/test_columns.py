import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.artifacts import RESERVED
from engines.read.columns import as_text, free_names, natural, numbers_in, own_column, text_column, unify, unique_names


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((None, None), (float("nan"), None), (3.0, "3"), (2.5, "2.5"), (True, "True"), (b"caf\xe9", "caf\\xe9")),
        *(({"a": [1]}, '{"a": [1]}'), ((1, 2), "[1, 2]"), ("\ud83d\ude00", "\U0001f600"), ("a\ud800b", "a\ufffdb"), ("", "")),
    ],
)
def test_one_value_as_text(value, text):
    assert as_text(value) == text


def test_empty_texts_are_no_value_in_a_column():
    for values in (["a", "", None], pa.array(["a", "", None]), pa.chunked_array([["a", ""], [None]], pa.string())):
        assert text_column(values).to_pylist() == ["a", None, None]
    assert text_column(pa.array([1, None, 3], pa.int8())).to_pylist() == ["1", None, "3"]
    assert text_column(pa.array([1.0, 2.5, None])).to_pylist() == ["1", "2.5", None]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1", "-2", ""], [1, -2, None]),
        (["1", "2.5", "nan", "NA", "null"], [1.0, 2.5, None, None, None]),
        ([" 1", "2 "], [1, 2]),
        (["1e3", "-0.5"], [1000.0, -0.5]),
        (["0", "0.25"], [0.0, 0.25]),
    ],
)
def test_numbers_are_found_in_texts(texts, numbers):
    column = own_column(texts, from_text=True)
    assert column.to_pylist() == numbers
    assert pa.types.is_integer(column.type) is all(isinstance(number, int | None) for number in numbers)


@pytest.mark.parametrize(
    "texts", [["007", "12"], ["+49123", "5"], ["0x1F", "1"], ["1" * 25, "2"], ["1", "two"], ["1,5", "2"], ["1_000", "2"]]
)
def test_codes_and_words_stay_texts(texts):
    assert own_column(texts, from_text=True).to_pylist() == texts


def test_a_word_behind_many_numbers_keeps_the_column_a_text():
    texts = [str(number) for number in range(500)] + ["last"]
    assert numbers_in(pa.chunked_array([texts])) is None
    assert numbers_in(pa.chunked_array([["x"] * 500, ["1"]])) is None
    assert numbers_in(pa.chunked_array([[None] * 60, ["1"]], pa.string())).to_pylist()[-1] == 1


def test_decimal_commas_when_asked_for():
    column = pa.chunked_array([["1,5", "2", "-3,25"]])
    assert numbers_in(column) is None
    assert numbers_in(column, decimal_comma=True).to_pylist() == [1.5, 2.0, -3.25]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False), max_size=8))
def test_numbers_that_were_written_as_text_are_themselves_again(values):
    column = own_column([None if value is None else repr(value) for value in values], from_text=True).to_pylist()
    if any(isinstance(value, float) for value in values):
        assert all(
            a == b or math.isclose(a, float(b), rel_tol=1e-15) for a, b in zip(column, values, strict=True) if b is not None
        )
    else:
        assert column == values


def test_pieces_of_a_column_with_several_types():
    ints, floats, texts, nulls = pa.array([1, 2]), pa.array([0.5]), pa.array(["a"]), pa.nulls(2)
    assert unify([ints, nulls]).to_pylist() == [1, 2, None, None]
    assert unify([ints, floats]).to_pylist() == [1.0, 2.0, 0.5]
    assert unify([ints, pa.array([3], pa.int8())]).type == pa.int64()
    assert unify([floats, texts, nulls]).to_pylist() == ["0.5", "a", None, None]
    assert unify([pa.array([2**64 - 1], pa.uint64()), ints]).to_pylist() == [str(2**64 - 1), "1", "2"]
    assert unify([nulls]).type == unify([]).type == pa.string()


def test_values_of_json_get_a_type_or_become_texts():
    assert natural([1, None, 2.5]).type == pa.float64()
    assert natural([[1.0], [2, 3.5]]).type == pa.list_(pa.float64())
    assert natural([1, "a", {"b": 1}]).to_pylist() == ["1", "a", '{"b": 1}']
    assert natural([10**30]).to_pylist() == [str(10**30)]


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "", None, " a ", "b"]), max_size=12))
def test_every_column_gets_a_name_of_its_own_and_the_first_of_a_name_keeps_it(names):
    given_ = unique_names(names)
    assert len(set(given_)) == len(given_) == len(names)
    for number, name in enumerate(names):
        plain = (name or "").strip()
        if plain and plain not in [(other or "").strip() for other in names[:number]]:
            assert given_[number] == plain


@given(st.lists(st.sampled_from([*sorted(RESERVED), "own_x", "own_own_x", "plain"]), unique=True))
def test_own_columns_never_take_a_name_of_the_project(names):
    free = free_names(names)
    assert list(free) == names
    assert len(set(free.values())) == len(names)
    assert not set(free.values()) & RESERVED
