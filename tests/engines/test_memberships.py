import numpy as np
import pytest

from engines.memberships import memberships
from engines.neighbors.exact import ExactNeighbors
from tests.engines.neighbors.hard import digits, embeddings, hard_graph


def test_memberships_are_those_of_umap_learn():
    from umap.umap_ import fuzzy_simplicial_set

    graph, _ = digits()
    k = 14
    itself = np.arange(graph.m, dtype=np.int32)[:, None]
    theirs, _, _ = fuzzy_simplicial_set(
        graph.nodes,
        k + 1,
        np.random.RandomState(0),
        "cosine",
        {},
        np.concatenate([itself, graph.indices[:, :k]], axis=1),
        np.concatenate([np.zeros((graph.m, 1), dtype=np.float32), graph.distances[:, :k]], axis=1),
    )
    ours = memberships(graph.indices[:, :k], graph.distances[:, :k])
    assert (ours != ours.T).nnz == 0
    assert abs(ours - theirs).max() < 1e-3


def test_neighbors_at_distance_zero_are_full_members():
    indices = np.array([[1, 2], [0, 2], [0, 1]], dtype=np.int32)
    distances = np.array([[0, 0.5], [0, 0.5], [0.5, 0.5]], dtype=np.float32)
    found = memberships(indices, distances).toarray()
    assert found[0, 1] == 1.0
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", ["two rows", "a grid with ties", "on a line", "nearly equal rows"])
def test_memberships_of_hard_graphs_lie_between_zero_and_one(name):
    graph = hard_graph(name)
    found = memberships(graph.indices, graph.distances)
    assert np.isfinite(found.data).all()
    assert found.data.min() >= 0
    assert found.data.max() <= 1
    assert found.diagonal().max() == 0


def test_a_lone_pair_is_joined():
    graph = ExactNeighbors()(embeddings([[1.0, 0.0], [0.0, 1.0]]))
    assert memberships(graph.indices, graph.distances).toarray().tolist() == [[0, 1], [1, 0]]


def test_blocks_give_what_one_piece_gives_and_progress_rises(monkeypatch):
    from engines import memberships as module

    graph, _ = digits()
    whole, seen = memberships(graph.indices, graph.distances), []
    monkeypatch.setattr(module, "BLOCK", 100)
    pieces = memberships(graph.indices, graph.distances, progress=lambda fraction, message: seen.append(fraction))
    assert abs(whole - pieces).max() < 1e-5
    assert (pieces != pieces.T).nnz == 0
    assert seen == sorted(seen)
    assert len(seen) > 17


def test_nodes_without_neighbors_give_an_empty_matrix():
    for m in (0, 1, 4):
        found = memberships(np.empty((m, 0), dtype=np.int32), np.empty((m, 0), dtype=np.float32))
        assert found.shape == (m, m)
        assert found.nnz == 0
