import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engines.protocols import no_progress
from engines.read import vectors_pass
from engines.read.vectors_pass import RowNames, pass_over
from engines.vectors_key import vectors_key

ARRAYS = {name: np.random.default_rng(0).normal(size=(40, d)) for name, d in (("one", 3), ("other", 5))}


def ids_of(array: np.ndarray) -> list[str]:
    names = RowNames()
    names.feed(array)
    return names.ids


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.sampled_from([0.0, -0.0, 1.0, 2.5])),
    st.randoms(),
)
def test_ids_follow_the_vectors_through_any_order(array, random):
    order = list(range(len(array)))
    random.shuffle(order)
    ids, shuffled = ids_of(array), ids_of(np.ascontiguousarray(array[order]))
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == sorted(shuffled)
    assert all(ids[place].partition("-")[0] == shuffled[new].partition("-")[0] for new, place in enumerate(order))


@pytest.mark.parametrize("dtype", ["float32", "float64", ">f4", "float16"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_size_of_a_block_does_not_enter(monkeypatch, dtype, order):
    arrays = {name: np.array(array, dtype=dtype, order=order) for name, array in ARRAYS.items()}
    whole = pass_over(arrays, named=True, keyed=True, progress=no_progress)
    monkeypatch.setattr(vectors_pass, "BLOCK_BYTES", 100)
    cut = pass_over(arrays, named=True, keyed=True, progress=no_progress)
    assert (cut.ids, cut.keys, cut.content) == (whole.ids, whole.keys, whole.content)
    assert cut.ids == ids_of(arrays["one"].astype(np.float32))
    for name, array in arrays.items():
        np.testing.assert_array_equal(cut.vectors[name], array.astype(np.float32))
        assert cut.keys[name] == vectors_key(name, cut.vectors[name])
    assert cut.good.all()


@pytest.mark.parametrize("bad", [0, 39])
def test_one_bad_number_is_told_and_no_key_is_made_of_it(bad):
    arrays = {name: array.copy() for name, array in ARRAYS.items()}
    arrays["other"][bad, 4] = np.nan
    found = pass_over(arrays, named=True, keyed=True, progress=no_progress)
    assert np.flatnonzero(~found.good).tolist() == np.flatnonzero(~found.finite["other"]).tolist() == [bad]
    assert found.finite["one"].all()
    assert (found.ids, found.keys, found.content) == ([], {}, "")


def test_only_what_was_asked_for_is_made():
    found = pass_over(ARRAYS, named=False, keyed=False, progress=no_progress)
    assert (found.ids, found.keys, found.content) == ([], {}, "")
    assert pass_over(ARRAYS, named=True, keyed=False, progress=no_progress).ids == ids_of(ARRAYS["one"].astype(np.float32))
