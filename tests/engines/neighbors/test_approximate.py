"""Approximate neighbors: enough of them, in the right order, the same each time; and the choice between the searches."""

import numpy as np
import pytest

from engines.errors import Cancelled
from engines.exact_search import Space
from engines.neighbors import auto as auto_module
from engines.neighbors.approximate import ApproximateNeighbors
from engines.neighbors.auto import AutoNeighbors
from engines.neighbors.cuda import card_neighbors
from engines.neighbors.exact import ExactNeighbors
from engines.protocols import no_progress
from tests.engines.neighbors.hard import HARD, embeddings, normal


def mixture(rows=9_000, d=48, seed=0):
    """Make twelve clusters of unequal size, eight dimensions each, and 5 % rows that belong nowhere."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, 13)
    of = rng.choice(12, rows, p=share / share.sum())
    frames = rng.normal(size=(12, 8, d))
    vectors = rng.normal(size=(12, d))[of] * 2 + np.einsum("ij,ijk->ik", rng.normal(size=(rows, 8)), frames[of]) / 3
    lost = rng.random(rows) < 0.05
    vectors[lost] = rng.normal(size=(int(lost.sum()), d)) * 2
    return vectors.astype(np.float32)


def found(one, other, k=15):
    same = (one.indices[:, :k, None] == other.indices[:, None, :k]).any(axis=2)
    return float(same.mean())


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_stated_recall_is_reached_and_true(metric):
    rows = embeddings(mixture())
    exact = ExactNeighbors(metric=metric, k=20)(rows)
    some = ApproximateNeighbors(metric=metric, k=20)(rows)
    true = found(some, exact)
    assert true >= 0.95
    assert some.recall == pytest.approx(true, abs=0.01)
    assert some.notes["recall_sample"] == 1_000
    shared = some.indices == exact.indices
    np.testing.assert_array_equal(some.distances[shared], exact.distances[shared])


def test_more_recall_takes_more_partitions():
    rows = embeddings(mixture())
    graphs = [ApproximateNeighbors(k=15, recall=recall)(rows) for recall in (0.6, 0.99)]
    assert graphs[0].notes["partitions"] < graphs[1].notes["partitions"]
    assert graphs[1].recall >= 0.99


def test_a_vector_that_comes_back_shares_its_node():
    vectors = mixture(4_000)
    vectors[1_000:1_040] = vectors[7]
    graph = ApproximateNeighbors(k=15)(embeddings(vectors))
    assert graph.m == 3_960
    assert len(set(graph.unique_of[[7, *range(1_000, 1_040)]].tolist())) == 1


def test_near_copies_are_each_others_nearest():
    vectors = mixture(6_000)
    vectors[3_000:3_300] = vectors[:300] * np.float32(1.00001) + np.float32(1e-6)
    graph = ApproximateNeighbors(k=15)(embeddings(vectors))
    assert (graph.indices[:300, 0] == np.arange(3_000, 3_300)).mean() > 0.99


def test_the_same_seed_gives_the_same_bytes_and_threads_hardly_matter():
    rows = embeddings(mixture(6_000))
    one, again = (ApproximateNeighbors(k=15, threads=2)(rows) for _ in range(2))
    assert one.indices.tobytes() == again.indices.tobytes()
    assert one.distances.tobytes() == again.distances.tobytes()
    for threads in (1, 3):
        assert found(one, ApproximateNeighbors(k=15, threads=threads)(rows)) >= 0.999
    other = ApproximateNeighbors(k=15, seed=5)(rows)
    assert other.indices.tobytes() != one.indices.tobytes()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("name", HARD)
def test_hard_data_get_every_neighbor_there_is(name, metric):
    rows = embeddings(HARD[name]())
    some, exact = (engine(metric=metric)(rows) for engine in (ApproximateNeighbors, ExactNeighbors))
    assert some.indices.shape == exact.indices.shape
    np.testing.assert_allclose(some.distances, exact.distances, atol=1e-6)


def test_nodes_that_no_leader_tells_apart_end_in_leaves():
    rng = np.random.default_rng(0)
    vectors = np.ones((5_000, 8)) + 1e-5 * rng.normal(size=(5_000, 8))
    vectors[0] = -1
    graph = ApproximateNeighbors(metric="euclidean", k=10, partitions=2)(embeddings(vectors.astype(np.float32)))
    assert graph.k == 10


def test_it_stops_when_it_is_told_to():
    said = []

    def stop(fraction, message):
        said.append((fraction, message))
        if "partition 2" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        ApproximateNeighbors(k=15, recall=1.0)(embeddings(mixture(4_000)), progress=stop)
    assert [fraction for fraction, _ in said] == sorted(fraction for fraction, _ in said)


def test_the_choice_hangs_on_the_number_of_rows():
    rows = embeddings(mixture(2_000))
    assert AutoNeighbors()(rows).notes["method"] == "exact"
    assert AutoNeighbors(exact_up_to=1_000)(rows).notes["method"] == "approximate"
    assert AutoNeighbors()(rows).key != AutoNeighbors(exact_up_to=1_000)(rows).key
    assert not AutoNeighbors().isolated_for(1_000)
    assert AutoNeighbors().isolated_for(1_000_000)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_card_finds_what_the_processor_finds(metric):
    graph = ExactNeighbors(metric=metric, k=12)(embeddings(normal(700, 24)))
    indices, distances = card_neighbors(Space(graph.nodes, metric, 1), 12, no_progress, device="cpu")
    np.testing.assert_array_equal(indices, graph.indices)
    np.testing.assert_array_equal(distances, graph.distances)


def test_a_card_is_used_where_there_is_one(monkeypatch):
    used = []
    monkeypatch.setattr(auto_module, "has_card", lambda: True)
    monkeypatch.setattr(auto_module, "CARD_FROM", 100)

    def search(space, k, progress):
        used.append(k)
        return card_neighbors(space, k, progress, device="cpu")

    monkeypatch.setattr(auto_module, "card_neighbors", search)
    graph = AutoNeighbors()(embeddings(normal(400)))
    assert used == [90]
    assert graph.notes["device"] == "cuda"
    exact = ExactNeighbors()(embeddings(normal(400)))
    np.testing.assert_array_equal(graph.indices, exact.indices)
    assert AutoNeighbors(device="cpu")(embeddings(normal(400))).notes["method"] == "exact"
    assert len(used) == 1


def test_recall_counts_what_the_sample_misses():
    from engines.neighbors.building import Truth

    graph = ExactNeighbors(k=15)(embeddings(normal(500)))
    truth = Truth(Space(graph.nodes, "cosine", 1), 15, 0, no_progress)
    assert truth.recall(graph.indices) == 1.0
    damaged = graph.indices.copy()
    damaged[:, 10:] = -1
    assert truth.recall(damaged) == pytest.approx(10 / 15)
