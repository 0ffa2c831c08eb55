import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from engines.codes import codes_of, encode

TEXTS = st.lists(st.lists(st.one_of(st.none(), st.text("abé😀", max_size=3)), max_size=6), max_size=4)


@given(TEXTS)
def test_codes_say_the_same_as_the_column_however_it_is_cut(chunks):
    column = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks], pa.string())
    codes, names = codes_of(column)
    assert names == sorted({value for value in column.to_pylist() if value is not None})
    assert [None if code < 0 else names[code] for code in codes] == column.to_pylist()


def test_other_types_are_numbered_as_they_are_met():
    codes, values = encode(pa.chunked_array([pa.array([True, None]), pa.array([False, True])]))
    assert codes.tolist() == [0, -1, 1, 0]
    assert values == [True, False]
