import numpy as np

from engines.neighbors.exact import ExactNeighbors
from engines.project import trust
from engines.project.trust import kept_neighbors
from tests.engines.neighbors.hard import embeddings, hard_graph, normal


def test_a_faithful_map_keeps_all_and_a_random_one_few():
    vectors = normal(300, 2)
    graph = ExactNeighbors(metric="euclidean")(embeddings(vectors))
    assert kept_neighbors(graph, vectors)["kept_neighbors"] == 1.0
    shuffled = kept_neighbors(graph, vectors[np.random.default_rng(0).permutation(300)])
    assert shuffled["kept_neighbors"] < 0.15


def test_it_is_the_overlap_of_two_lists_of_neighbors():
    graph = ExactNeighbors()(embeddings(normal(200, 10)))
    places = normal(200, 2, seed=5)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    near = np.argsort(distances, axis=1)[:, :15]
    shares = [len(set(a) & set(b)) / 15 for a, b in zip(near.tolist(), graph.indices[:, :15].tolist(), strict=True)]
    assert abs(kept_neighbors(graph, places)["kept_neighbors"] - np.mean(shares)) < 1e-4


def test_large_maps_are_sampled_the_same_way_each_time(monkeypatch):
    monkeypatch.setattr(trust, "SAMPLE", 50)
    graph = ExactNeighbors()(embeddings(normal(400, 4)))
    one = kept_neighbors(graph, graph.nodes[:, :2])
    assert one["kept_sample"] == 50
    assert one == kept_neighbors(graph, graph.nodes[:, :2])


def test_a_map_of_few_nodes_says_nothing():
    graph = hard_graph("five rows")
    assert kept_neighbors(graph, graph.nodes[:, :2])["kept_neighbors"] is None
