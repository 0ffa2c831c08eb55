import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import Cancelled
from engines.neighbors import ENGINES
from engines.neighbors.exact import ExactNeighbors
from tests.engines.neighbors.hard import HARD, digits, embeddings, hard_graph, normal


def brute(nodes, metric):
    nodes = nodes.astype(np.float64)
    distances = 1 - nodes @ nodes.T if metric == "cosine" else np.sqrt(((nodes[:, None] - nodes[None]) ** 2).sum(axis=2))
    np.fill_diagonal(distances, np.inf)
    return distances


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("engine", ENGINES.names())
def test_every_builder_makes_a_valid_graph_of_hard_vectors(engine, name, metric):
    vectors = HARD[name]()
    graph = ENGINES.load(engine)(metric=metric)(embeddings(vectors))  # the value checks itself
    assert graph.unique_of.shape == (len(vectors),)
    assert graph.k == max(min(90, graph.m - 1), 0)
    assert np.isfinite(graph.nodes).all()
    assert 0.0 <= graph.recall <= 1.0
    assert -1.0 <= graph.mean_cosine <= 1.0
    assert np.array_equal(np.unique(graph.unique_of[graph.unique_of >= 0]), np.arange(graph.m))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_recall_is_one_against_brute_force(metric):
    vectors = normal(400, 16) + 0.5
    graph = ExactNeighbors(metric=metric, k=10)(embeddings(vectors))
    truth = brute(graph.nodes, metric)
    assert np.array_equal(graph.indices, np.argsort(truth, axis=1, kind="stable")[:, :10])
    np.testing.assert_allclose(graph.distances, np.sort(truth, axis=1)[:, :10], rtol=1e-5, atol=1e-7)


def test_recall_on_digits_is_one():
    graph, _ = digits()
    truth = brute(graph.nodes, "cosine")
    reach = np.sort(truth, axis=1)[:, graph.k - 1]
    found = np.take_along_axis(truth, graph.indices.astype(np.int64), axis=1)
    assert (found <= reach[:, None] + 1e-6).all()


def test_zero_rows_have_no_node_under_cosine_and_one_under_euclidean():
    cosine, euclidean = hard_graph("rows of zeros"), hard_graph("rows of zeros", "euclidean")
    assert np.flatnonzero(cosine.unique_of < 0).tolist() == [0, 7, 29]
    assert cosine.notes["rows_without_direction"] == 3
    assert (euclidean.unique_of >= 0).all()
    assert euclidean.unique_of[0] == euclidean.unique_of[7] == euclidean.unique_of[29]


def test_identical_rows_stay_as_one_node():
    graph = hard_graph("all identical")
    assert (graph.m, graph.k) == (1, 0)
    assert (graph.unique_of == 0).all()


def test_a_row_at_the_mean_stays_and_is_at_distance_one_from_all():
    vectors = np.concatenate([normal(10), -normal(10), np.zeros((1, 8))]).astype(np.float32) + 8
    graph = ExactNeighbors()(embeddings(vectors))
    assert graph.m == 21
    assert (graph.distances[20] == 1.0).all()


def test_duplicates_share_a_node_and_negative_zero_is_zero():
    vectors = np.array([[1, 0], [1, -0.0], [0, 1], [1, 0], [2, 5]], dtype=np.float32)
    graph = ExactNeighbors()(embeddings(vectors))
    assert graph.unique_of.tolist() == [0, 0, 1, 0, 2]
    assert graph.representative.tolist() == [0, 2, 4]


def test_ties_are_broken_by_index():
    graph = hard_graph("a grid with ties", "euclidean")
    repeated = np.diff(graph.distances, axis=1) == 0
    assert repeated.any()
    assert (np.diff(graph.indices, axis=1)[repeated] > 0).all()


def test_thousands_of_ties_keep_self_out():
    angle = np.arange(300) * 1e-7
    vectors = np.stack([np.cos(angle), np.sin(angle), np.ones(300)], axis=1)
    vectors = np.concatenate([vectors, normal(300, 3)])
    graph = ExactNeighbors(k=5)(embeddings(vectors))
    assert not (graph.indices == np.arange(graph.m)[:, None]).any()
    assert (graph.distances >= 0).all()


def test_bytes_are_equal_for_any_number_of_threads():
    vectors = embeddings(normal(3000, 64) + 1)
    one, other = ExactNeighbors(threads=1)(vectors), ExactNeighbors(threads=2)(vectors)
    assert one.indices.tobytes() == other.indices.tobytes()
    assert one.distances.tobytes() == other.distances.tobytes()
    assert one.key == other.key


def test_the_key_follows_what_changes_the_result():
    vectors = embeddings(normal(5))
    assert len({ExactNeighbors(k=3)(vectors).key, ExactNeighbors(k=2)(vectors).key, ExactNeighbors()(vectors).key}) == 3


def test_cancel_stops_the_search():
    def stop(fraction, message):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        ExactNeighbors()(embeddings(normal(4000)), progress=stop)


def test_progress_ends_at_one_and_never_falls():
    seen = []
    ExactNeighbors()(embeddings(normal(2500)), progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 40), d=st.integers(1, 6), seed=st.integers(0, 999), copies=st.integers(0, 5))
def test_permuted_rows_have_the_same_neighbors(n, d, seed, copies):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, d)).astype(np.float32)
    vectors = np.concatenate([vectors, vectors[rng.integers(0, n, copies)]])
    order = rng.permutation(len(vectors))
    one, other = ExactNeighbors(k=6)(embeddings(vectors)), ExactNeighbors(k=6)(embeddings(vectors[order]))
    assert (one.m, one.k) == (other.m, other.k)
    for row in range(len(vectors)):
        here, there = one.unique_of[order[row]], other.unique_of[row]
        np.testing.assert_allclose(one.distances[here], other.distances[there], atol=2e-5)
        # Who the neighbors are may differ only where distances tie.
        mine = {int(order[other.representative[node]]) for node in other.indices[there]}
        my_nodes = {int(one.unique_of[row]) for row in mine}
        for node in my_nodes ^ set(one.indices[here].tolist()):
            distance = 1 - float(one.nodes[node].astype(np.float64) @ one.nodes[here].astype(np.float64))
            assert abs(distance - float(one.distances[here, -1])) < 1e-4
