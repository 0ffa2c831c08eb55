import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.artifacts import NeighborGraph
from engines.cluster.layers import MERGE_AT_MOST, assemble, coarser
from engines.cluster.lloyd import means_of, pool_of
from engines.cluster.shared import shared_neighbors
from engines.protocols import no_progress
from engines.totals import totals_of
from tests.engines.neighbors.hard import normal


def graph_of(unique_of, d=3):
    m = max(unique_of, default=-1) + 1
    return NeighborGraph(
        key="g",
        metric="cosine",
        indices=np.empty((m, 0), dtype=np.int32),
        distances=np.empty((m, 0), dtype=np.float32),
        unique_of=np.array(unique_of, dtype=np.int32),
        representative=np.array([unique_of.index(node) for node in range(m)], dtype=np.int32),
        center=np.zeros(d, dtype=np.float32),
        nodes=normal(m, d) if m else np.empty((0, d), dtype=np.float32),
        mean_cosine=0.0,
        recall=1.0,
    )


def made(graph, layers, default, strength=None):
    strength = np.ones(graph.m, dtype=np.float32) if strength is None else strength
    return assemble(graph, [np.array(layer) for layer in layers], default, strength, key="k", name="test", notes={})


def test_ward_merges_what_lies_together():
    centers = np.array([[0, 0], [0, 1], [10, 0], [10, 1], [0, 30], [0, 31]], dtype=np.float32)
    nodes = np.repeat(centers, 4, axis=0)
    labels = np.repeat(np.arange(6), 4)
    layers = coarser(nodes, labels)
    assert [len(np.unique(layer)) for layer in layers] == [2, 3]
    assert layers[1].reshape(3, 8).std(axis=1).tolist() == [0, 0, 0]
    assert len(np.unique(layers[0][:16])) == 1


def test_ward_is_that_of_scipy():
    from scipy.cluster.hierarchy import fcluster, linkage

    nodes = normal(60, 5)
    labels = np.arange(60)
    tree = linkage(nodes.astype(np.float64), "ward")
    for layer in coarser(nodes, labels):
        count = len(np.unique(layer))
        theirs = fcluster(tree, count, "maxclust")
        assert len(np.unique(np.stack([layer, theirs]), axis=1).T) == count


def test_a_large_constant_column_changes_no_merger_and_mergers_may_cost_nothing():
    nodes = np.repeat(normal(30, 4), 2, axis=0)
    labels = np.arange(60)  # of each two clusters the means coincide
    wide = np.concatenate([nodes, np.full((60, 2), 1e8, dtype=np.float32)], axis=1)
    plain, offset = coarser(nodes, labels), coarser(wide, labels)
    assert [layer.tolist() for layer in plain] == [layer.tolist() for layer in offset]
    assert all((layer[::2] == layer[1::2]).all() for layer in plain if len(np.unique(layer)) <= 30)


def test_noise_stays_noise_in_coarser_layers():
    labels = np.repeat([-1, 0, 1, 2, 3, 4, 5, 6], 3)
    for layer in coarser(normal(24), labels):
        assert (layer[:3] == -1).all()
        assert (layer[3:] >= 0).all()


@pytest.mark.parametrize("labels", [[], [0, 0], [0, 1], [-1, -1, -1]])
def test_what_cannot_be_merged_has_no_coarser_layer(labels):
    assert coarser(normal(len(labels)), np.array(labels, dtype=np.int64)) == []


def test_repeated_layers_are_dropped_and_the_default_is_kept():
    graph = graph_of([0, 1, 2, 3])
    clustering = made(graph, [[0, 0, 1, 1], [5, 5, 9, 9], [0, 0, 1, 1], [0, 1, 2, 3]], 1)
    assert clustering.layers.tolist() == [[0, 0, 1, 1], [2, 3, 4, 5]]
    assert clustering.default_layer == 0


def test_size_counts_rows_not_nodes_and_strength_of_noise_is_zero():
    graph = graph_of([0, 1, 1, 1, -1, 2])
    clustering = made(graph, [[7, 3, -1]], 0)
    assert clustering.labels.tolist() == [1, 0, 0, 0, -1, -1]
    assert clustering.strength.tolist() == [1, 1, 1, 1, 0, 0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-1, 12), min_size=0, max_size=60), st.integers(0, 99))
def test_any_partition_makes_a_valid_clustering(labels, seed):
    graph = graph_of(list(range(len(labels))))
    partition = np.array(labels, dtype=np.int64)
    above = coarser(graph.nodes, partition)
    split = np.where(partition < 0, -1, 2 * partition + np.random.default_rng(seed).integers(0, 2, len(labels)))
    clustering = made(graph, [*above, partition, split], len(above))
    assert np.array_equal(clustering.labels < 0, partition < 0)
    assert len(np.unique(clustering.labels)) == len(np.unique(partition))


def test_weights_are_shares_of_common_neighbors():
    indices = np.array([[1, 2], [0, 2], [1, 3], [2, 1]], dtype=np.int32)
    shared = shared_neighbors(indices, no_progress)
    found = {tuple(edge): weight for edge, weight in zip(shared.edges.tolist(), shared.weights.tolist(), strict=True)}
    sets = [{0, 1, 2}, {0, 1, 2}, {1, 2, 3}, {1, 2, 3}]
    assert set(found) == {(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)}
    for (a, b), weight in found.items():
        assert weight == pytest.approx(len(sets[a] & sets[b]) / 3)


def test_very_many_clusters_have_coarser_layers_that_nest():
    count = MERGE_AT_MOST + 500
    labels = np.arange(2 * count) // 2
    centers = normal(count, 6) * 20
    layers = coarser(np.repeat(centers, 2, axis=0), labels)
    numbers = [len(np.unique(layer)) for layer in layers]
    assert numbers[0] == 2
    assert numbers == sorted(set(numbers))
    assert numbers[-1] <= MERGE_AT_MOST
    for coarse, fine in zip(layers, [*layers[1:], labels], strict=True):
        assert len(np.unique(np.stack([coarse, fine]), axis=1).T) == len(np.unique(fine))


def test_sums_leave_noise_out_and_are_those_of_plain_addition():
    points, labels = normal(20_000, 5), np.random.default_rng(1).integers(-1, 7, 20_000)
    expected = np.stack([points[labels == number].astype(np.float64).sum(axis=0) for number in range(9)])
    assert totals_of(points, labels, 9) == pytest.approx(expected, abs=1e-9)
    old = np.full((9, 5), 3.0, dtype=np.float32)
    assert (means_of(points, np.maximum(labels, 0), old)[7:] == 3.0).all()


def test_the_points_that_centers_are_found_from_are_bounded():
    points, rng = np.zeros((400_000, 1), dtype=np.float32), np.random.default_rng(0)
    assert len(pool_of(points, 100, 1024, rng)) == 102_400
    assert len(pool_of(points, 2_000, 1024, rng)) == 262_144
    assert len(pool_of(points, 20_000, 1024, rng)) == 320_000
    assert len(pool_of(points[:50], 100, 1024, rng)) == 50
