import numpy as np
import pytest

from engines.artifacts import Embeddings
from engines.issues import near_pairs
from engines.issues.exact_duplicate import _equal_rows
from engines.neighbors.exact import ExactNeighbors


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("d", [2, 6, 40])
def test_pairs_that_are_left_out_early_would_not_have_counted(d, metric, monkeypatch):
    rng = np.random.default_rng(d)
    vectors = (rng.normal(size=(600, d)) + 20).astype(np.float32)
    vectors[50:80] = vectors[:30] + 10.0 ** -rng.uniform(0, 6, (30, 1)) * rng.normal(size=(30, d))
    vectors[80] = vectors[0]
    embeddings = Embeddings(key="e", encoder="given", vectors=vectors, probabilities=np.zeros((600, 0), np.float16))
    graph = ExactNeighbors(metric=metric, threads=1)(embeddings)
    early = near_pairs.vector_pairs(graph, np.arange(600))
    monkeypatch.setattr(near_pairs, "_close", lambda _graph: None)
    late = near_pairs.vector_pairs(graph, np.arange(600))
    assert len(early.a) >= 10
    for one, other in zip((early.a, early.b, early.score), (late.a, late.b, late.score), strict=True):
        np.testing.assert_array_equal(one, other)


def test_equal_rows_share_the_number_of_the_first():
    rng = np.random.default_rng(0)
    vectors = rng.integers(0, 3, (500, 4)).astype(np.float32) * np.where(rng.random((500, 1)) < 0.5, -0.0, 1.0)
    vectors = vectors.astype(np.float32)
    codes = _equal_rows(vectors)
    first = {}
    for row, vector in enumerate(vectors + np.float32(0)):
        assert codes[row] == first.setdefault(vector.tobytes(), row)


def test_every_step_over_all_pairs_begins_with_a_chance_to_cancel():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 4)).astype(np.float32)
    embeddings = Embeddings(key="e", encoder="given", vectors=vectors, probabilities=np.zeros((60, 0), np.float16))
    said: list[float] = []
    near_pairs.vector_pairs(ExactNeighbors(threads=1)(embeddings), np.arange(60), lambda fraction, _: said.append(fraction))
    assert said[:5] == [0.0, 0.5, 0.5, 0.5, 0.5]  # the graph, its pairs, each once, those of the rows, their distances
