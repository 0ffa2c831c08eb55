import dataclasses

import numpy as np
import pytest

from engines.neighbors.exact import ExactNeighbors
from engines.project import descent
from engines.project.tsne import Tsne
from tests.engines.neighbors.hard import digits, embeddings, hard_graph, normal


def narrow(graph, k):
    """The same graph with fewer neighbors."""
    return dataclasses.replace(graph, indices=graph.indices[:, :k].copy(), distances=graph.distances[:, :k].copy())


def kept(graph, coords, k=15):
    from scipy.spatial import cKDTree

    _, found = cKDTree(coords).query(coords, k + 1)
    return np.mean([len(set(near[1:]) & set(true)) / k for near, true in zip(found, graph.indices[:, :k], strict=True)])


def test_digits_are_laid_out_as_well_as_by_opentsne():
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors
    from sklearn.manifold import trustworthiness

    from engines.project.axes import starting_places

    graph, _ = digits()
    ours = Tsne()(graph)
    assert ours.notes["perplexity"] == 30
    assert trustworthiness(graph.nodes, ours.coords, n_neighbors=15) >= 0.98
    # Seen with 250 + 500 rounds of openTSNE on this graph: .7495 by its tree, .776 by its FFT.
    assert ours.notes["kl_divergence"] < 0.7495 * 1.02
    table = PrecomputedNeighbors(graph.indices[:, :90].astype(np.int64), np.sqrt(2 * graph.distances[:, :90].astype(float)))
    start = starting_places(graph.nodes, 0)
    theirs = TSNEEmbedding(
        1e-4 * (start - start.mean(axis=0)) / start[:, 0].std(),
        PerplexityBasedNN(knn_index=table, perplexity=30),
        negative_gradient_method="bh",
        n_jobs=1,
    )
    theirs.optimize(100, exaggeration=12, momentum=0.5, inplace=True)
    theirs.optimize(150, momentum=0.8, inplace=True)
    same = Tsne(early_rounds=100, n_iter=150)(graph)
    assert kept(graph, same.coords) > kept(graph, np.asarray(theirs)) - 0.01
    assert same.notes["kl_divergence"] < 1.02 * float(theirs.kl_divergence)


@pytest.mark.parametrize(
    ("k", "given", "noted"),
    [
        (90, {}, {"perplexity": 30.0}),
        (20, {}, {"uniform_neighbors": 15}),
        (20, {"perplexity": 5.0}, {"perplexity": 5.0}),
        (90, {"affinities": "uniform"}, {"uniform_neighbors": 15}),
        (21, {"affinities": "perplexity"}, {"perplexity": 7.0}),
        (2, {"affinities": "perplexity"}, {"uniform_neighbors": 2}),
    ],
)
def test_affinities_are_those_that_the_graph_allows(k, given, noted):
    graph = narrow(ExactNeighbors()(embeddings(normal(200))), k)
    notes = Tsne(n_iter=5, early_rounds=5, **given)(graph).notes
    assert {name: notes.get(name) for name in ("perplexity", "uniform_neighbors") if name in notes} == noted


def test_large_graphs_get_uniform_affinities(monkeypatch):
    from engines.project import tsne

    monkeypatch.setattr(tsne, "PERPLEXITY_UP_TO", 100)
    graph = ExactNeighbors()(embeddings(normal(200)))
    assert Tsne(n_iter=5, early_rounds=5)(graph).notes["uniform_neighbors"] == 15


def test_late_exaggeration_draws_clusters_together():
    graph, labels = digits()
    spread = {}
    for exaggeration in (1.0, 4.0):
        coords = Tsne(affinities="uniform", exaggeration=exaggeration, n_iter=150, early_rounds=100)(graph).coords
        coords = coords[:, :] / coords.std()
        spread[exaggeration] = np.mean([coords[labels == label].std(axis=0).mean() for label in range(10)])
    assert spread[4.0] < 0.9 * spread[1.0]


@pytest.mark.parametrize(
    ("late_from", "rounds"), [(None, (250, 0, 500)), (0, (250, 0, 500)), (400, (250, 150, 350)), (5000, (250, 500, 0))]
)
def test_late_exaggeration_begins_where_it_is_told(late_from, rounds):
    early, plain, late = Tsne(exaggeration=3.0, late_from=late_from).phases()
    assert (early.rounds, plain.rounds, late.rounds) == rounds
    assert (early.exaggeration, plain.exaggeration, late.exaggeration) == (12.0, 1.0, 3.0)
    assert (early.momentum, plain.momentum, late.momentum) == (0.5, 0.8, 0.8)


def test_every_parameter_but_threads_enters_the_key():
    graph = ExactNeighbors()(embeddings(normal(60)))
    given = {"early_exaggeration": 6.0, "early_rounds": 4, "affinities": "uniform", "late_from": 7, "exaggeration": 2.0}
    keys = {Tsne(n_iter=2, **{name: value})(graph).key for name, value in given.items()}
    assert len(keys) == len(given)
    assert Tsne(n_iter=2, threads=2)(graph).key == Tsne(n_iter=2, threads=1)(graph).key


def test_bytes_do_not_depend_on_threads(monkeypatch):
    monkeypatch.setattr(descent, "PAIRS_UP_TO", 100)
    monkeypatch.setattr(descent, "NODES_PER_THREAD", 100)
    graph = ExactNeighbors()(embeddings(normal(400)))
    one, two = (Tsne(early_rounds=20, n_iter=30, threads=threads)(graph) for threads in (1, 2))
    assert one.coords.tobytes() == two.coords.tobytes()


def test_a_graph_without_neighbors_gets_its_principal_axes():
    graph = narrow(ExactNeighbors()(embeddings(normal(30))), 0)
    projection = Tsne()(graph)
    assert projection.notes["without_neighbors"]
    assert len(np.unique(projection.coords, axis=0)) == 30


@pytest.mark.parametrize("affinities", ["perplexity", "uniform"])
@pytest.mark.parametrize("pairs", [0, 800])
@pytest.mark.parametrize("hard", ["four rows", "five rows", "two far components", "on a line", "nearly equal rows"])
def test_hard_graphs_stay_finite_by_mesh_and_by_pairs(hard, pairs, affinities, monkeypatch):
    monkeypatch.setattr(descent, "PAIRS_UP_TO", pairs)
    coords = Tsne(affinities=affinities, early_rounds=30, n_iter=60)(hard_graph(hard)).coords
    assert np.isfinite(coords).all()
