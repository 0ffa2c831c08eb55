import numpy as np
import pytest

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
