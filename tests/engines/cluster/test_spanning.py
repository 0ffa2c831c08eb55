import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from engines.cluster import spanning
from engines.cluster.spanning import spanning_tree
from engines.neighbors.exact import ExactNeighbors
from tests.engines.neighbors.hard import HARD, embeddings, hard_graph, normal


def full_tree(graph, min_samples):
    nodes = graph.nodes.astype(np.float64)
    distances = np.linalg.norm(nodes[:, None] - nodes[None], axis=2)
    core = np.sort(distances, axis=1)[:, min_samples]
    reach = np.maximum(distances, np.maximum(core[:, None], core[None, :]))
    return minimum_spanning_tree(np.triu(reach, 1)).sum()


@pytest.mark.parametrize("min_samples", [1, 5])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_tree_is_that_of_all_pairs(metric, min_samples):
    graph = ExactNeighbors(metric=metric)(embeddings(normal(150, 5)))
    assert spanning_tree(graph, 90, min_samples)[:, 2].sum() == pytest.approx(full_tree(graph, min_samples), rel=1e-5)


def test_parts_are_joined_at_what_lies_between_them():
    vectors = np.concatenate([normal(40, 4), normal(40, 4, seed=1) + 30, normal(40, 4, seed=2) - 50])
    graph = ExactNeighbors(metric="euclidean")(embeddings(vectors))
    assert spanning_tree(graph, 10, 1)[:, 2].sum() == pytest.approx(full_tree(graph, 1), rel=0.01)


@pytest.mark.parametrize("parts", [100, 1])
@pytest.mark.parametrize("name", HARD)
def test_the_tree_spans_every_hard_graph(name, parts, monkeypatch):
    monkeypatch.setattr(spanning, "BRIDGED_PARTS", parts)
    graph = hard_graph(name, "euclidean")
    if graph.m < 2:
        pytest.skip("one node has no edge")
    tree = spanning_tree(graph, 3, 2)
    assert tree.shape == (graph.m - 1, 3)
    assert (np.diff(tree[:, 2]) >= 0).all()
    table = np.zeros((graph.m, graph.m))
    table[tree[:, 0].astype(int), tree[:, 1].astype(int)] = 1
    assert connected_components(table, directed=False)[0] == 1
