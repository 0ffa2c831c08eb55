"""Values refuse what breaks their invariants, and a map places new rows."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.artifacts import Clustering, Measure, Projection
from engines.store import Store
from engines.value import InvalidValue


def a_map(coords, **more):
    return Projection(key="k" * 24, name="test", coords=np.asarray(coords, dtype=np.float32), **more)


def clusters(*layers, default_layer=0):
    table = np.array(layers, dtype=np.int32)
    return Clustering(
        key="k", name="test", layers=table, strength=np.ones(table.shape[1], dtype=np.float32), default_layer=default_layer
    )


SQUARE = [[0, 0], [1, 0], [0, 1], [1, 1]]


def test_a_row_is_placed_between_its_neighbors_by_the_stated_weights():
    near, away = np.array([[0, 1, 2]]), np.array([[0.2, 0.3, 0.6]])
    weights = np.exp(-2 * (away[0] - 0.2) / 0.4)
    expected = weights @ np.array(SQUARE[:3]) / weights.sum()
    np.testing.assert_allclose(a_map(SQUARE).place(near, away), expected[None], rtol=1e-6)
    # The scale of the distances does not matter, nor does what is added to all of them.
    np.testing.assert_allclose(a_map(SQUARE).place(near, away * 1e-12), expected[None], rtol=1e-5)
    np.testing.assert_allclose(a_map(SQUARE).place(near, away + 5), expected[None], rtol=1e-5)


def test_a_duplicate_lies_exactly_where_its_first_twin_lies():
    coords = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    near = np.array([[7, 3, 9], [7, 3, 9], [-1, 3, 9]])
    away = np.array([[0.0, 0.1, 0.2], [0.0, 0.0, 0.2], [0.0, 0.0, 0.2]])
    np.testing.assert_array_equal(a_map(coords).place(near, away), coords[[7, 7, 3]])


def test_missing_neighbors_are_ignored_and_none_is_below_the_map():
    near = np.array([[-1, 2, -1], [-1, -1, -1], [2, 0, 1]])
    away = np.array([[0.1, 0.2, 0.3], [0.0, 0.0, 0.0], [0.2, np.inf, np.nan]])
    places = a_map(SQUARE).place(near, away)
    np.testing.assert_array_equal(places[0], SQUARE[2])
    np.testing.assert_array_equal(places[2], SQUARE[2])
    assert places[1, 1] < 0
    assert places[1, 0] == 0.5


def test_placing_works_at_the_edges():
    assert a_map(SQUARE).place(np.empty((0, 3), dtype=np.int32), np.empty((0, 3))).shape == (0, 2)
    assert a_map(SQUARE).place(np.empty((2, 0), dtype=np.int32), np.empty((2, 0))).shape == (2, 2)
    assert a_map(np.empty((0, 2))).place(np.full((2, 3), -1), np.zeros((2, 3))).tolist() == [[0, 0], [0, 0]]
    equal = a_map(SQUARE).place(np.array([[0, 1, 2, 3]]), np.full((1, 4), 0.7))
    np.testing.assert_allclose(equal, [[0.5, 0.5]])
    assert a_map(SQUARE).place(np.array([[3]]), np.array([[0.4]])).tolist() == [[1, 1]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_a_placed_row_lies_within_the_box_of_its_neighbors(seed, k):
    rng = np.random.default_rng(seed)
    coords = rng.normal(size=(20, 2)).astype(np.float32)
    near = rng.integers(0, 20, (9, k))
    away = np.sort(rng.exponential(size=(9, k)) * 10.0 ** rng.integers(-20, 20), axis=1)
    places = a_map(coords).place(near, away)
    assert np.isfinite(places).all()
    chosen = coords[near]
    assert (places >= chosen.min(axis=1) - 1e-5).all()
    assert (places <= chosen.max(axis=1) + 1e-5).all()


def test_shares_of_a_map_are_shares_or_unknown():
    good = np.array([0, 0.5, 1, np.nan], dtype=np.float32)
    made = a_map(SQUARE, torn=good, false=good)
    np.testing.assert_array_equal(made.trust, 1 - good)
    assert np.isnan(a_map(SQUARE).trust).all()
    for bad in (np.array([0, 0, 0, 1.5], dtype=np.float32), np.zeros(3, dtype=np.float32)):
        with pytest.raises(InvalidValue):
            a_map(SQUARE, torn=bad)


def test_a_stored_map_from_before_there_was_trust_counts_as_missing(tmp_path):
    store = Store(tmp_path)
    store.put(a_map(SQUARE))
    folder = store.folder(Projection, "k" * 24)
    header = json.loads((folder / "value.json").read_text())
    for name in ("torn", "false"):
        (folder / f"{name}.npy").unlink()
        header["arrays"].remove(name)
        del header["sizes"][f"{name}.npy"]
    (folder / "value.json").write_text(json.dumps(header))
    assert store.get(Projection, "k" * 24) is None


def test_a_measure_is_a_column_without_infinities():
    Measure(key="k", name="m", values=np.array([1, np.nan], dtype=np.float32))
    for bad in (np.array([np.inf], dtype=np.float32), np.zeros(2), np.zeros((2, 1), dtype=np.float32)):
        with pytest.raises(InvalidValue):
            Measure(key="k", name="m", values=bad)


def test_nested_layers_with_ids_in_a_row_are_a_clustering():
    clusters([0, 0, 1, -1])
    clusters([0, 0, 0, 1], [2, 2, 3, 4], [5, 6, -1, -1])
    clusters([-1, -1], [-1, -1])
    clusters([-1, -1, -1], [0, 0, 1])  # a cluster below noise
    clusters([])
    clusters([0, -1], [-1, 1])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([[0, 2, 2]], "not contiguous"),
        ([[1, 1, 2]], "not contiguous"),
        ([[0, 1, 1], [0, 1, 1]], "not contiguous"),
        ([[0, 1, 1], [3, 4, 4]], "not contiguous"),
        ([[0, 1, 1], [1, 2, 3]], "not contiguous"),
        ([[0, 2**31 - 1, 1]], "not contiguous"),
        ([[0, -2, 0]], "not contiguous"),
        ([[0, 1, 1], [2, 2, 3]], "two coarser ones"),
        ([[0, -1, 0], [1, 1, 1]], "two coarser ones"),
    ],
)
def test_other_layers_are_refused(layers, message):
    with pytest.raises(InvalidValue, match=message):
        clusters(*layers)


@given(st.integers(0, 2**32 - 1))
def test_merged_clusters_nest_and_one_moved_row_does_not(seed):
    rng = np.random.default_rng(seed)
    fine = np.concatenate([np.arange(6), rng.integers(-1, 6, 30)])
    merge = np.concatenate([np.arange(3), rng.integers(0, 3, 3)])
    coarse = np.where(fine >= 0, merge[fine], -1)
    clusters(coarse, np.where(fine >= 0, fine + 3, -1))
    row = int(rng.choice(np.flatnonzero(np.bincount(fine[fine >= 0])[np.maximum(fine, 0)] > 1)))
    if fine[row] >= 0 and (coarse == coarse[row]).sum() > 1:
        coarse[row] = (coarse[row] + 1) % 3
        with pytest.raises(InvalidValue, match="two coarser ones"):
            clusters(coarse, np.where(fine >= 0, fine + 3, -1))
