import numpy as np
import pytest

from engines.measure.typicality import Typicality
from tests.engines.measure.rows import evidence, of
from tests.engines.neighbors.hard import digits, normal


def _two_clouds():
    vectors = normal(300, 6)
    vectors[100:] += 30
    return vectors, ["few"] * 100 + ["many"] * 200


def test_rows_among_their_label_are_as_typical_as_its_share_allows_and_others_are_not():
    vectors, labels = _two_clouds()
    labels[0], labels[299] = "many", "few"
    values = Typicality(k=30)(evidence(of(vectors), labels)).values
    # With 30 neighbors of its own label, all but the two that were added: ln((30 + 2 p) / 32 / p).
    full = [np.log((30 + 2 * p) / 32 / p) for p in (100 / 300, 200 / 300)]
    assert values[1:100].max() == pytest.approx(full[0], abs=1e-5)
    assert values[100:299].max() == pytest.approx(full[1], abs=1e-5)
    assert values[0] == pytest.approx(np.log(2 / 32), abs=0.5)
    assert values[[0, 299]].max() < -2
    assert np.delete(values, [0, 299]).min() > 0


def test_labels_that_mean_nothing_are_not_typical_of_anything():
    labels = np.random.default_rng(0).choice(["a", "b", "c"], 900).tolist()
    values = Typicality()(evidence(of(normal(900, 5)), labels)).values
    assert abs(values.mean()) < 0.05


def test_one_label_says_nothing_and_no_label_is_unknown():
    values = Typicality()(evidence(of(normal(80)), ["a"] * 80)).values
    np.testing.assert_allclose(values, 0, atol=1e-6)
    labels = ["a", "b", None, "a"] * 20
    values = Typicality()(evidence(of(normal(80)), labels)).values
    assert (np.isnan(values) == [label is None for label in labels]).all()
    assert np.isnan(Typicality()(evidence(of(normal(80)), [None] * 80)).values).all()


def test_neighbors_without_a_label_do_not_count():
    vectors, labels = _two_clouds()
    rng = np.random.default_rng(0)
    hidden = set(rng.choice(300, 150, replace=False).tolist())
    some = [None if row in hidden else label for row, label in enumerate(labels)]
    values = Typicality()(evidence(of(vectors), some)).values
    known = np.isfinite(values)
    assert values[known].min() > 0


def test_a_duplicate_group_is_one_neighbor_with_the_label_of_most():
    vectors, labels = _two_clouds()
    given = Typicality()(evidence(of(vectors), labels)).values
    # Two more copies of row 5 with a wrong label: the group has the wrong label, and each row is judged by its own.
    values = Typicality()(evidence(of(np.concatenate([vectors, vectors[[5, 5]]])), [*labels, "many", "many"])).values
    assert values[5] > 0
    assert values[300] == values[301] < -1.5
    assert np.abs(values[100:300] - given[100:300]).max() < 0.05


def test_wrong_digits_are_the_least_typical():
    graph, target = digits()
    rng = np.random.default_rng(0)
    wrong = rng.choice(len(target), 90, replace=False)
    labels = target.copy()
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, 90)) % 10
    values = Typicality()(evidence(graph, [str(label) for label in labels])).values
    lowest = np.argsort(values)[:90]
    assert len(np.intersect1d(lowest, wrong)) >= 80
