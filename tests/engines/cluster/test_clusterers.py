"""What every clustering promises, for all clusterers over all hard graphs."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import adjusted_rand_score

from engines.cluster import ENGINES
from engines.errors import Cancelled
from engines.neighbors.exact import ExactNeighbors
from engines.parameters import build
from tests.engines.neighbors.hard import HARD, digits, embeddings, hard_graph, normal


def blobs(groups, size, d=16, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(groups, d)) * 6
    return np.concatenate([center + rng.normal(size=(size, d)) for center in centers]), np.repeat(np.arange(groups), size)


def pieces(graph):
    rows = np.repeat(np.arange(graph.m), graph.k)
    return connected_components(coo_array((np.ones(rows.size), (rows, graph.indices.ravel()))), directed=False)[0]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("name", ENGINES.names())
def test_every_clustering_of_a_hard_graph_is_valid(name, hard, metric):
    graph = hard_graph(hard, metric)
    clustering = ENGINES.load(name)()(graph)  # the value checks ids and nesting itself
    assert clustering.layers.shape[1] == len(graph.unique_of)
    assert (clustering.layers[:, graph.unique_of < 0] == -1).all()
    assert clustering.strength.dtype == np.float32
    assert ((clustering.strength >= 0) & (clustering.strength <= 1)).all()
    assert (clustering.strength[clustering.labels < 0] == 0).all()
    for node in range(graph.m):
        assert len(np.unique(clustering.layers[:, graph.unique_of == node], axis=1).T) == 1


@pytest.mark.parametrize("name", ENGINES.names())
def test_clear_groups_are_found(name):
    vectors, truth = blobs(8, 40)
    # Hierarchical k-means has as many clusters as it is told; the others find their number.
    told = {"finest": "8"} if name == "hierarchical_kmeans" else {}
    clustering = build(ENGINES.load(name), told)(ExactNeighbors()(embeddings(vectors)))
    assert adjusted_rand_score(truth, clustering.labels) > 0.95
    assert len(clustering.clusters(clustering.default_layer)) == 8


@pytest.mark.parametrize("name", ENGINES.names())
def test_layers_run_from_two_clusters_to_the_finest(name):
    clustering = ENGINES.load(name)()(digits()[0])
    counts = [len(clustering.clusters(layer)) for layer in range(len(clustering.layers))]
    assert counts[0] == 2
    assert counts == sorted(set(counts))
    assert clustering.default_layer in (len(counts) - 1, len(counts) - 2)
    said = clustering.notes["layers"]
    assert [layer["clusters"] for layer in said] == counts
    assert all(0 < layer["stability"] <= 1 for layer in said)
    assert [layer["noise"] for layer in said] == [round(float((layer < 0).mean()), 4) for layer in clustering.layers]
    for layer in clustering.layers:
        _, sizes = np.unique(layer[layer >= 0], return_counts=True)
        assert (np.diff(sizes) <= 0).all(), "clusters are not in order of size"


@pytest.mark.parametrize("name", ENGINES.names())
def test_the_same_seed_gives_the_same_bytes(name):
    first, second = ENGINES.load(name)()(digits()[0]), ENGINES.load(name)()(digits()[0])
    assert first.layers.tobytes() == second.layers.tobytes()
    assert first.strength.tobytes() == second.strength.tobytes()
    assert first.key == second.key


@pytest.mark.parametrize("name", ENGINES.names())
def test_cancel_is_obeyed_at_each_step(name):
    graph = hard_graph("two far components")
    steps = []
    ENGINES.load(name)()(graph, progress=lambda fraction, message: steps.append(fraction))
    assert steps == sorted(steps)
    for limit in steps:

        def stop(fraction, message, limit=limit):
            if fraction >= limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            ENGINES.load(name)()(graph, progress=stop)


@pytest.mark.parametrize(
    ("name", "floor"), [("leiden", 0.75), ("hdbscan", 0.6), ("kmeans", 0.55), ("hierarchical_kmeans", 0.45)]
)
def test_agreement_with_the_digits(name, floor):
    graph, truth = digits()
    assert adjusted_rand_score(truth, ENGINES.load(name)()(graph).labels) >= floor


def test_leiden_finds_the_same_for_any_seed_and_more_at_a_higher_resolution():
    graph, _ = digits()
    found = [build(ENGINES.load("leiden"), {"seed": seed})(graph).labels for seed in range(3)]
    assert min(adjusted_rand_score(found[0], other) for other in found[1:]) > 0.9
    finer = build(ENGINES.load("leiden"), {"resolution": "4"})(graph)
    assert finer.labels.max() - finer.labels.min() > found[0].max() - found[0].min()


def test_leiden_splits_its_clusters_in_the_finer_layer():
    clustering = ENGINES.load("leiden")()(digits()[0])
    assert clustering.default_layer == len(clustering.layers) - 2
    assert len(clustering.clusters(clustering.default_layer + 1)) > 2 * len(clustering.clusters(clustering.default_layer))


def test_leiden_leaves_the_generator_of_igraph_as_it_was():
    import random

    import igraph

    random.seed(5)
    network = igraph.Graph.Erdos_Renyi(n=30, m=60)
    random.seed(5)
    ENGINES.load("leiden")()(hard_graph("two far components"))
    again = igraph.Graph.Erdos_Renyi(n=30, m=60)
    assert network.get_edgelist() == again.get_edgelist()


def test_hdbscan_calls_isolated_rows_noise():
    vectors, _ = blobs(3, 60)
    far = np.concatenate([vectors, 40 * normal(12, 16, seed=9)])
    labels = ENGINES.load("hdbscan")(min_cluster_size=20)(ExactNeighbors(metric="euclidean")(embeddings(far))).labels
    assert (labels[-12:] == -1).all()
    assert (labels[:-12] >= 0).mean() > 0.9


def test_hdbscan_joins_a_graph_in_pieces_without_losing_its_clusters():
    vectors, truth = blobs(12, 50)
    graph = ExactNeighbors(metric="euclidean", k=15)(embeddings(vectors))
    assert pieces(graph) > 5
    assert adjusted_rand_score(truth, ENGINES.load("hdbscan")()(graph).labels) > 0.95


def test_kmeans_gives_the_wanted_number_and_no_more_than_there_are_nodes():
    graph, _ = digits()
    wanted = ENGINES.load("kmeans")(n_clusters=10)(graph)
    assert len(wanted.clusters(wanted.default_layer)) == 10
    few = ENGINES.load("kmeans")(n_clusters=10)(hard_graph("groups of 20 duplicates"))
    assert 2 <= len(few.clusters(few.default_layer)) <= 6


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_hdbscan_in_a_umap_space_finds_the_digits_without_noise(seed):
    graph, truth = digits()
    clustering = build(ENGINES.load("hdbscan"), {"space": "umap", "seed": str(seed)})(graph)
    assert adjusted_rand_score(truth, clustering.labels) >= 0.78
    assert (clustering.labels < 0).mean() < 0.05


@pytest.mark.parametrize("name", ["leiden", "hdbscan", "kmeans"])
def test_a_coarser_layer_finds_the_planted_groups_of_clusters(name):
    rng = np.random.default_rng(1)
    top = rng.normal(size=(5, 50)) * 3
    centers = (top[:, None] + rng.normal(size=(5, 8, 50))).reshape(40, 50)
    of = np.repeat(np.arange(40), 40)
    vectors = (centers[of] + rng.normal(size=(len(of), 50)) * 0.4).astype(np.float32)
    clustering = ENGINES.load(name)()(ExactNeighbors(metric="euclidean", k=15)(embeddings(vectors)))
    assert max(adjusted_rand_score(of // 8, layer) for layer in clustering.layers[: clustering.default_layer]) > 0.95
    assert adjusted_rand_score(of, clustering.labels) > 0.9


def test_the_layer_that_is_chance_is_called_unstable_and_the_planted_one_stable():
    vectors, _ = blobs(6, 80)
    planted = build(ENGINES.load("kmeans"), {"n_clusters": "6"})(ExactNeighbors(metric="euclidean")(embeddings(vectors)))
    noise = build(ENGINES.load("kmeans"), {"n_clusters": "6"})(ExactNeighbors(metric="euclidean")(embeddings(normal(480, 16))))
    of = [made.notes["layers"][made.default_layer]["stability"] for made in (planted, noise)]
    assert of[0] > 0.95
    assert of[1] < 0.6


def test_levels_of_centers_even_out_density():
    # Nine tenths of the rows in one blob of ten: plain k-means gives it most of the clusters, the higher level one of ten like the others.
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(10, 16)) * 8
    of = np.concatenate([np.zeros(1800, dtype=int), np.repeat(np.arange(1, 10), 22)])
    graph = ExactNeighbors(metric="euclidean")(embeddings(centers[of] + rng.normal(size=(len(of), 16))))
    made = build(ENGINES.load("hierarchical_kmeans"), {"finest": "60", "ratio": "6"})(graph)
    layer = next(layer for layer in made.layers if len(np.unique(layer)) == 10)
    large = np.bincount(layer[of == 0] - layer.min()).max() / 1800
    assert len(np.unique(layer[of == 0])) <= 4
    assert large > 0.2
