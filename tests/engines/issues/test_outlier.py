import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from engines.issues import outlier
from engines.issues.outlier import Outlier, stretched, trusted_distance
from engines.protocols import no_progress
from tests.engines.issues.cases import blobs, vectors_case


def planted(seed=0):
    """Classes, single strangers, and three groups of four strangers that resemble each other."""
    rng = np.random.default_rng(seed + 1000)
    vectors, _ = blobs(300, d=32, spread=0.4, seed=seed)
    single = rng.normal(size=(6, 32)) * 1.1
    groups = np.repeat(rng.normal(size=(3, 32)) * 1.1, 4, axis=0) + 0.02 * rng.normal(size=(12, 32))
    return np.concatenate([vectors, single, groups]), np.arange(318) >= 300


def test_planted_outliers_come_first_also_in_groups():
    vectors, wrong = planted()
    result = Outlier()(vectors_case(vectors), progress=no_progress)
    assert roc_auc_score(wrong, result.raw) >= 0.99
    graph = vectors_case(vectors).graph
    assert roc_auc_score(wrong, graph.distances[:, 0]) < 0.8, "the groups must hide from the nearest neighbor"


def test_few_clean_rows_are_flagged():
    vectors, _ = blobs(400, d=32)
    result = Outlier()(vectors_case(vectors), progress=no_progress)
    assert result.flagged().mean() <= 0.02


def test_what_nearly_all_rows_are_is_no_outlier():
    few = np.random.default_rng(0).normal(size=(10, 6))
    for common in ([np.ones((990, 6))], [np.ones((600, 6)), -np.ones((390, 6))]):
        result = Outlier()(vectors_case(np.concatenate([*common, few])), progress=no_progress)
        assert not result.flagged()[:990].any()
        assert result.raw[:990].max() < result.raw[990:].min()


def test_rows_without_a_direction_are_the_worst():
    vectors, _ = blobs(60)
    vectors = np.concatenate([vectors - vectors.mean(axis=0), np.zeros((2, vectors.shape[1]))])
    result = Outlier()(vectors_case(vectors), progress=no_progress)
    assert result.notes["without_direction"] == 2
    assert result.raw[60] == result.raw[61] > result.raw[:60].max()
    assert result.flagged()[60:].all()
    assert "no direction" in result.details.column("reason")[60].as_py()


def test_the_reason_names_the_distances():
    vectors, _ = planted()
    result = Outlier()(vectors_case(vectors), progress=no_progress)
    row = int(np.argmax(result.raw))
    reason = result.details.column("reason")[row].as_py()
    assert reason.startswith("Its 17th nearest neighbor lies at distance 0.")
    assert reason.endswith("is usual.")


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_stretching_keeps_the_order(metric):
    distance = np.linspace(0, 2, 4001, dtype=np.float32)
    assert (np.diff(stretched(distance, metric)) > 0).all()


def test_suspicious_neighbors_do_not_count():
    graph = vectors_case(planted()[0]).graph
    plain = graph.distances[:, 9]
    trusted = trusted_distance(graph, 10, 0.05)
    assert (trusted >= plain).all()
    assert trusted[300:].mean() > plain[300:].mean()
    np.testing.assert_array_equal(trusted_distance(graph, 10, 0.0), plain)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(8, 60))
def test_the_order_of_rows_does_not_matter(seed, n):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 6)).astype(np.float32)
    order = rng.permutation(n)
    one = Outlier()(vectors_case(vectors), progress=no_progress)
    other = Outlier()(vectors_case(vectors[order]), progress=no_progress)
    np.testing.assert_allclose(one.raw[order], other.raw, atol=1e-3)


def test_suspicious_neighbors_are_left_out_block_by_block(monkeypatch):
    graph = vectors_case(planted()[0]).graph
    whole, said = trusted_distance(graph, 10, 0.05), []
    monkeypatch.setattr(outlier, "BLOCK", 100)
    np.testing.assert_array_equal(trusted_distance(graph, 10, 0.05, lambda fraction, _: said.append(fraction)), whole)
    assert said == [0.0, 100 / 318, 200 / 318, 300 / 318]
