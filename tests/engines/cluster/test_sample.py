"""Samples of nodes: the same neighbors as a search among them finds, and regions of whole clusters."""

import numpy as np
import pytest

from engines.cluster.sample import region, sampled, typical_size
from engines.neighbors.exact import ExactNeighbors
from engines.protocols import no_progress
from tests.engines.neighbors.hard import digits, embeddings, hard_graph, normal


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("share", [0.8, 0.3, 0.05])  # known neighbors are enough for all, for some, for none
def test_the_neighbors_in_a_sample_are_the_nearest_in_it(share, metric, threads):
    graph = ExactNeighbors(metric=metric, k=60)(embeddings(normal(900, 6)))
    chosen = np.sort(np.random.default_rng(1).choice(graph.m, int(share * graph.m), replace=False))
    own = sampled(graph, chosen, 15, threads=threads, progress=no_progress)
    own.check()
    assert own.nodes.tobytes() == graph.nodes[chosen].tobytes()
    apart = np.linalg.norm(own.nodes[:, None].astype(np.float64) - own.nodes[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert np.array_equal(own.indices, np.argsort(apart, axis=1)[:, :15])
    away = np.sort(apart, axis=1)[:, :15]
    np.testing.assert_allclose(own.distances, away if metric == "euclidean" else away**2 / 2, atol=1e-5)


@pytest.mark.parametrize("hard", ["rows of zeros", "groups of 20 duplicates", "a grid with ties", "two far components"])
def test_samples_of_hard_graphs_are_valid(hard):
    graph = hard_graph(hard)
    for count in range(1, graph.m + 1, 5):
        own = sampled(graph, np.arange(count), 15, threads=1, progress=no_progress)
        own.check()
        assert own.indices.shape == (count, min(15, graph.k, count - 1))


def test_the_typical_size_is_that_of_the_median_node_and_not_of_the_median_cluster():
    assert typical_size(np.array([0] * 7 + [1, 2, 3] + [-1] * 20)) == 7
    assert typical_size(np.full(5, -1)) == 0


def test_a_region_is_made_of_whole_clusters_of_the_coarsest_layer_that_fits_and_of_the_noise_around_them():
    graph, truth = digits()
    halves = (truth >= 5).astype(np.int64)
    noisy = truth.astype(np.int64)
    noisy[::9] = -1
    rows = region(graph, [halves, noisy], 400, np.random.default_rng(0))
    assert 400 <= len(rows) < 800
    taken = np.setdiff1d(noisy[rows], -1)
    kept = noisy >= 0
    assert np.array_equal(rows[kept[rows]], np.flatnonzero(np.isin(noisy, taken)))
    lost = rows[~kept[rows]]
    assert len(lost) > 0.08 * len(rows)
    assert np.isin(truth[lost], taken).mean() > 0.9
    whole = region(graph, [halves], 400, np.random.default_rng(0))
    assert len(np.unique(halves[whole])) == 1, "where every cluster is larger, one of them is taken"
