import numpy as np
import pytest

from engines.cluster.condensed import condense, select
from engines.cluster.spanning import spanning_tree
from tests.engines.neighbors.hard import HARD, digits, hard_graph


def assert_the_same_as_the_package(tree, size, method):
    from hdbscan._hdbscan_linkage import label
    from hdbscan.hdbscan_ import _tree_to_labels

    theirs, probability, *_ = _tree_to_labels(None, label(tree), size, method)
    labels, strength = select(condense(tree, size), method)
    assert np.array_equal(labels < 0, theirs < 0)
    assert len(np.unique(np.stack([labels, theirs]), axis=1).T) == len(np.unique(labels)) == len(np.unique(theirs))
    assert strength == pytest.approx(probability, abs=1e-6)


@pytest.mark.parametrize("method", ["eom", "leaf"])
@pytest.mark.parametrize("size", [2, 5, 15])
@pytest.mark.parametrize("name", HARD)
def test_clusters_of_a_hard_graph_are_those_of_the_package(name, size, method):
    graph = hard_graph(name, "euclidean")
    if graph.m < 2:
        pytest.skip("one node has no tree")
    assert_the_same_as_the_package(spanning_tree(graph, 15, 1), size, method)


@pytest.mark.parametrize("method", ["eom", "leaf"])
@pytest.mark.parametrize(("min_samples", "size"), [(1, 5), (1, 15), (5, 15), (5, 40)])
def test_clusters_of_the_digits_are_those_of_the_package(min_samples, size, method):
    assert_the_same_as_the_package(spanning_tree(digits()[0], 15, min_samples), size, method)


def test_a_part_joined_at_a_huge_distance_does_not_hide_the_clusters_inside():
    # Three lines of ten nodes, two of them near each other, the third joined at a distance that stands for none.
    edges = [(i, i + 1, 1.0) for start in (0, 10, 20) for i in range(start, start + 9)]
    tree = np.array([*edges, (9, 10, 5.0), (19, 20, 10.0)])
    labels, _ = select(condense(tree, 5), "eom")
    assert [len(np.unique(labels[start : start + 10])) for start in (0, 10, 20)] == [1, 1, 1]
    assert len(np.unique(labels)) == 3
    assert (labels >= 0).all()
