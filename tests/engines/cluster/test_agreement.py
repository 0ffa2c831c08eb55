import numpy as np
import pyarrow as pa
import pytest

from engines.cluster import agreement
from engines.cluster.agreement import compare


def test_renumbered_clusters_agree_wholly():
    a = np.array([0, 0, 1, 1, 2, 2, 2])
    found = compare(a, np.array([5, 5, 9, 9, 7, 7, 7]))
    assert found.ari == found.ami == found.ari_clustered == found.clustered == 1.0
    assert found.matches == ((0, 1.0), (2, 1.0), (1, 1.0))
    assert found.table.tolist() == [[2, 0, 0], [0, 0, 2], [0, 3, 0]]
    assert (found.names_a, found.names_b) == (("0", "1", "2"), ("5", "7", "9"))


def test_noise_is_a_cluster_of_its_own_and_left_out_of_the_second_figure():
    a, b = np.array([-1, -1, 0, 0, 1, 1]), np.array([0, 1, 0, 0, 1, 1])
    found = compare(a, b)
    assert found.names_a == ("0", "1", "")
    assert found.table.tolist() == [[2, 0], [0, 2], [1, 1]]
    assert found.ari < 1
    assert found.ari_clustered == 1.0
    assert found.clustered == pytest.approx(4 / 6)
    assert found.matches == ((0, pytest.approx(2 / 3)), (1, pytest.approx(2 / 3)))


def test_labels_may_stand_on_one_side_and_be_missing():
    found = compare(np.array([3, 3, 4, 4]), ["cat", "cat", None, "dog"])
    assert found.names_b == ("cat", "dog", "")
    assert found.table.tolist() == [[2, 0, 0], [0, 1, 1]]
    assert found.clustered == 0.75


def test_chance_agrees_by_nothing_and_lengths_must_match():
    rng = np.random.default_rng(0)
    found = compare(rng.integers(0, 8, 4000), rng.integers(0, 8, 4000))
    assert abs(found.ari) < 0.01
    assert abs(found.ami) < 0.01
    with pytest.raises(ValueError, match="3 rows beside 2"):
        compare(np.array([0, 1, 1]), np.array([0, 1]))
    assert compare(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)).table.size == 0


def test_the_figures_are_those_of_scikit_learn():
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(0)
    a = rng.integers(-1, 40, 3000)
    b = np.where(rng.random(3000) < 0.5, a % 30, rng.integers(-1, 30, 3000))
    found = compare(a, b)
    both = (a >= 0) & (b >= 0)
    assert found.ari == pytest.approx(adjusted_rand_score(a, b))
    assert found.ari_clustered == pytest.approx(adjusted_rand_score(a[both], b[both]))
    assert found.clustered == pytest.approx(both.mean())
    assert found.ami_rows == 3000
    assert compare(a, pa.chunked_array([pa.array([str(code) if code >= 0 else None for code in b])])).ari == found.ari


def test_matches_are_those_of_the_whole_table():
    rng = np.random.default_rng(1)
    found = compare(rng.integers(-1, 9, 300), rng.integers(-1, 7, 300))
    inner = found.table[:9, :7]
    union = found.table.sum(axis=1)[:9, None] + found.table.sum(axis=0)[None, :7] - inner
    assert [b for b, _ in found.matches] == (inner / union).argmax(axis=1).tolist()
    np.testing.assert_allclose([fit for _, fit in found.matches], (inner / union).max(axis=1))


def test_turned_is_the_comparison_from_the_other_side():
    rng = np.random.default_rng(2)
    a, b = rng.integers(-1, 9, 300), rng.integers(-1, 7, 300)
    turned, expected = compare(a, b).turned, compare(b, a)
    assert (turned.names_a, turned.names_b, turned.matches) == (expected.names_a, expected.names_b, expected.matches)
    np.testing.assert_array_equal(turned.cells, expected.cells)


def test_of_many_rows_the_mutual_information_is_that_of_a_sample(monkeypatch):
    rng = np.random.default_rng(3)
    a = rng.integers(0, 20, 20_000)
    b = np.where(rng.random(20_000) < 0.5, a, rng.integers(0, 20, 20_000))
    whole = compare(a, b)
    monkeypatch.setattr(agreement, "AMI_ROWS", 5_000)
    found = compare(a, b)
    assert found.ami_rows == 5_000
    assert found.ami == compare(a, b).ami != whole.ami
    assert found.ami == pytest.approx(whole.ami, abs=0.02)
    assert (found.ari, found.clustered) == (whole.ari, whole.clustered)
    np.testing.assert_array_equal(found.cells, whole.cells)


def test_thousands_of_clusters_make_no_table_of_all_pairs():
    rows = np.arange(30_000)
    found = compare(rows, rows[::-1].copy())
    assert found.cells.shape == (30_000, 3)
    assert found.ari == found.ami == 1.0
    assert all(fit == 1.0 for _, fit in found.matches)
