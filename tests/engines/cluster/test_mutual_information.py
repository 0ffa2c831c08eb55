import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score

from engines.cluster.agreement import compare
from engines.cluster.mutual_information import expected_mutual_information


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60))
def test_it_is_that_of_scikit_learn(rows):
    a, b = np.array(rows).T
    assert compare(a, b).ami == pytest.approx(adjusted_mutual_info_score(a, b), abs=1e-9)


@pytest.mark.parametrize(("clusters", "others"), [(1500, 3), (900, 1100), (2, 2), (8, 300)])
def test_many_clusters_are_no_other_case(clusters, others):
    rng = np.random.default_rng(0)
    a = rng.integers(0, clusters, 2000)
    b = np.where(rng.random(2000) < 0.5, a % others, rng.integers(0, others, 2000))
    assert compare(a, b).ami == pytest.approx(adjusted_mutual_info_score(a, b), abs=1e-8)


def test_what_chance_gives_is_the_mean_over_shuffles():
    rng = np.random.default_rng(0)
    a, b = np.repeat([0, 1, 2], [5, 10, 15]), np.repeat([0, 1], [12, 18])
    found = []
    for _ in range(2000):
        table = np.histogram2d(a, rng.permutation(b), bins=(3, 2))[0] / 30
        met = table > 0
        found.append((table * np.log(np.where(met, table, 1) / (table.sum(1)[:, None] * table.sum(0))))[met].sum())
    assert expected_mutual_information(np.bincount(a), np.bincount(b)) == pytest.approx(np.mean(found), rel=0.05)
