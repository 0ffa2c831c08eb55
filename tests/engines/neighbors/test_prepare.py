import numpy as np
import pytest

from engines.neighbors import prepare as module
from engines.neighbors.prepare import collapse, prepare
from engines.protocols import no_progress
from tests.engines.neighbors.hard import normal


def test_mean_cosine_is_that_of_all_pairs_of_distinct_rows():
    vectors = normal(50) + 1
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = (unit @ unit.T)[~np.eye(50, dtype=bool)]
    found = prepare(np.concatenate([vectors, vectors[:9]]), "cosine", no_progress)
    assert found.mean_cosine == pytest.approx(float(pairs.mean()), abs=1e-6)


def test_nodes_are_centered_and_of_length_one():
    found = prepare(normal(200) + 3, "cosine", no_progress)
    np.testing.assert_allclose(np.linalg.norm(found.nodes, axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(found.center, (normal(200) + 3).mean(axis=0), rtol=1e-5)


def test_euclidean_leaves_vectors_as_they_are():
    vectors = normal(20) + 3
    found = prepare(vectors, "euclidean", no_progress)
    assert np.array_equal(found.nodes, vectors)
    assert not found.center.any()


def test_duplicates_do_not_move_the_center():
    vectors = normal(20)
    once = prepare(vectors, "cosine", no_progress)
    often = prepare(np.concatenate([vectors, np.repeat(vectors[:1], 500, axis=0)]), "cosine", no_progress)
    assert np.array_equal(once.nodes, often.nodes)
    assert often.notes["rows_collapsed"] == 500


def test_rows_that_are_not_finite_have_no_node():
    vectors = normal(6)
    vectors[2, 3], vectors[4, 0] = np.nan, np.inf
    unique_of, representative = collapse(vectors, zero_is_valid=True, progress=no_progress)
    assert unique_of.tolist() == [0, 1, -1, 2, -1, 3]
    assert representative.tolist() == [0, 1, 3, 5]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_wide_vectors_are_reduced_and_the_loss_is_told(metric, monkeypatch):
    monkeypatch.setattr(module, "REDUCE_ABOVE_ROWS", 100)
    monkeypatch.setattr(module, "REDUCE_TO", 6)
    vectors = (normal(300, 6) @ normal(6, 40, seed=1) + 0.01 * normal(300, 40, seed=2) + 2).astype(np.float32)
    wide = vectors.astype(np.float64) - vectors.mean(axis=0)
    if metric == "cosine":
        wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    found = prepare(vectors, metric, no_progress)
    assert found.nodes.shape == (300, 6)
    assert 0 < found.notes["pca_lost"] < 1e-3
    before, after = ((part[:40, None] - part[None, :40]) ** 2 for part in (wide, found.nodes))
    np.testing.assert_allclose(after.sum(axis=2), before.sum(axis=2), rtol=0.02, atol=0.02)


def test_blocks_do_not_change_the_result(monkeypatch):
    vectors = normal(100)
    whole = prepare(vectors, "cosine", no_progress)
    monkeypatch.setattr(module, "BLOCK", 7)
    monkeypatch.setattr(module, "PREPARED", 5)
    parts = prepare(vectors, "cosine", no_progress)
    np.testing.assert_allclose(whole.nodes, parts.nodes, atol=1e-6)
    assert np.array_equal(whole.unique_of, parts.unique_of)


@pytest.mark.parametrize("length", [1e5, 1e20])
def test_one_row_far_away_does_not_give_all_others_one_direction(length):
    vectors = normal(40) + 1
    found = prepare(np.concatenate([vectors, np.full((1, 8), length, dtype=np.float32)]), "cosine", no_progress)
    without = prepare(vectors, "cosine", no_progress)
    np.testing.assert_allclose(found.nodes[:-1], without.nodes, atol=1e-6)
    np.testing.assert_allclose(found.center, without.center, rtol=1e-6)
    np.testing.assert_allclose(found.nodes[-1], np.full(8, 8**-0.5), atol=1e-3)


@pytest.mark.parametrize("exponent", [-130, -100, 80, 120])
def test_euclidean_vectors_of_any_length_are_brought_into_the_range_of_their_squares(exponent):
    vectors = np.ldexp(normal(30), exponent)
    found = prepare(vectors, "euclidean", no_progress)
    np.testing.assert_allclose(found.nodes.astype(np.float64) / found.notes["scale"], vectors.astype(np.float64), rtol=1e-6)
    squares, usual = (found.nodes**2).sum(axis=1), (normal(30) ** 2).sum(axis=1)
    np.testing.assert_allclose(squares / squares.max(), usual / usual.max(), rtol=1e-2)
    assert "scale" not in prepare(normal(30), "euclidean", no_progress).notes
