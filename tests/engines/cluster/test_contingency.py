import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.cluster.agreement import compare
from engines.cluster.contingency import NOISE, REST, largest, partners


def test_what_agrees_lies_on_the_diagonal():
    a = np.repeat([0, 1, 2], [10, 30, 20])
    found = largest(compare(a, np.array([7, 5, 9])[a]))
    assert found.rows == (1, 2, 0)
    assert found.columns == (0, 2, 1)
    assert found.counts.tolist() == [[30, 0, 0], [0, 20, 0], [0, 0, 10]]
    assert (found.best, found.fit) == ((0, 1, 2), (1.0, 1.0, 1.0))


def test_the_rest_is_one_row_and_noise_comes_last():
    a = np.repeat([0, 1, 2, 3, -1], [40, 30, 20, 10, 5])
    b = np.repeat([0, 1, -1, 3], [40, 30, 30, 5])
    found = largest(compare(a, b), most=2)
    assert found.rows == (0, 1, REST, NOISE)
    assert found.columns == (0, 1, REST, NOISE)
    assert found.counts.tolist() == [[40, 0, 0, 0], [0, 30, 0, 0], [0, 0, 0, 30], [0, 0, 5, 0]]


def test_a_partner_is_shown_though_other_clusters_hold_more():
    # Cluster 2 has a small partner; the large clusters of b take most of the rows that are shown.
    a = np.repeat([0, 1, 2], [100, 90, 8])
    b = np.concatenate([np.arange(100) % 4, np.arange(90) % 4, np.full(8, 9)])
    found = largest(compare(a, b), most=3)
    assert found.fit[2] == 1.0
    assert found.counts[2, found.best[2]] == 8


def test_where_all_columns_have_room_all_are_shown():
    found = largest(compare(np.repeat([0, 1, 2], [9, 8, 7]), np.repeat([0, 1, 2, 3], [9, 5, 3, 7])), most=4)
    assert found.columns == (0, 1, 2, 3)
    found = largest(compare(np.arange(40) // 2, np.arange(40) // 4), most=10)
    assert REST in found.rows
    assert found.columns == tuple(range(10))


def test_partners_share_half_of_what_is_in_either():
    a = np.repeat([0, 1, 2], [10, 10, 10])
    b = np.concatenate([np.zeros(10), np.ones(5), np.full(5, 2), np.full(10, 3)]).astype(int)
    found = compare(a, b)
    assert [fit for _, fit in found.matches] == [1.0, 0.5, 1.0]
    assert partners(found) == 3
    assert partners(compare(np.array([0, 0, 1]), np.array([-1, -1, -1]))) == 0


@pytest.mark.parametrize("a", [[], [-1, -1], [0, 0], [0, -1]])
@pytest.mark.parametrize("b", [[], [-1, -1], [0, 0], [0, -1]])
def test_little_is_no_special_case(a, b):
    if len(a) != len(b):
        return
    found = largest(compare(np.array(a, dtype=np.int32), np.array(b, dtype=np.int32)))
    assert found.counts.shape == (len(found.rows), len(found.columns))
    assert found.counts.sum() == len(a)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 9), st.integers(-1, 9)), min_size=1, max_size=80), st.integers(1, 12))
def test_every_row_is_counted_once_in_its_place(rows, most):
    a, b = np.array(rows).T
    compared = compare(a, b)
    found = largest(compared, most)
    assert found.counts.sum() == len(rows)
    assert sum(place >= 0 for place in found.rows) <= most
    assert sum(place >= 0 for place in found.columns) <= most
    for at, row in enumerate(found.rows):
        for to, column in enumerate(found.columns):
            if row >= 0 and column >= 0:
                assert found.counts[at, to] == compared.table[row, column]
    for at, (best, fit) in enumerate(zip(found.best, found.fit, strict=True)):
        assert (found.columns[best] if best >= 0 else -1, fit) == compared.matches[found.rows[at]]


def test_thousands_of_clusters_are_cut_to_the_largest():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3000, 200_000)
    b = np.where(rng.random(200_000) < 0.6, a, rng.integers(0, 5000, 200_000))
    found = largest(compare(a, b))
    assert found.counts.shape == (13, 13)
    assert (found.best == np.arange(12)).all()
