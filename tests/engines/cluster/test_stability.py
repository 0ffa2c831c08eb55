"""What is said of the layers: near 1 for what is there, low for what is not, and much the same whether all rows or few of them can be asked."""

import dataclasses

import numpy as np
import pytest

from engines.artifacts import Clustering
from engines.cluster import ENGINES, stability
from engines.errors import Cancelled
from engines.neighbors.exact import ExactNeighbors
from engines.parameters import build
from engines.protocols import no_progress
from tests.engines.cluster.test_clusterers import blobs
from tests.engines.neighbors.hard import embeddings, normal


def graph_of(vectors, k=None):
    return ExactNeighbors(metric="euclidean", k=k)(embeddings(vectors))


def said(name, graph, **told):
    made = build(ENGINES.load(name), {key: str(value) for key, value in told.items()})(graph)
    return made, [layer["stability"] for layer in made.notes["layers"]]


@pytest.fixture
def few(monkeypatch):
    """Ask at most 600 rows, or 400 of a region."""
    monkeypatch.setattr(stability, "LARGEST", 600)
    monkeypatch.setattr(stability, "REGION", 400)


class Halves:
    """Cuts by the sign of the first coordinate, and counts the nodes that it was given."""

    seed = 0

    def __init__(self):
        self.given = []

    def cluster(self, graph, *, progress=no_progress):
        self.given.append(graph.m)
        return as_clustering((graph.nodes[:, 0] > 0).astype(np.int32)[None])


def as_clustering(layers):
    return Clustering(
        key="", name="", layers=layers, strength=np.zeros(layers.shape[1], dtype=np.float32), default_layer=0, notes={}
    )


@pytest.mark.parametrize(("rows", "asked"), [(200, 160), (750, 600), (3000, 600)])
def test_a_sample_is_four_fifths_of_the_rows_and_at_most_so_many(few, monkeypatch, rows, asked):
    monkeypatch.setattr(stability, "for_sample", lambda engine, share, finest: engine)
    graph, engine = graph_of(normal(rows)), Halves()
    made = stability.described(engine, graph, engine.cluster(graph), k=15, progress=no_progress)
    assert engine.given == [rows, asked]
    assert [layer["stability"] for layer in made.notes["layers"]] == [1.0]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("leiden", {}),
        ("hdbscan", {}),
        ("hdbscan", {"space": "umap"}),
        ("kmeans", {"n_clusters": 8}),
        ("hierarchical_kmeans", {"finest": 8}),
    ],
)
def test_planted_clusters_are_stable_whether_many_or_few_rows_are_asked(name, told, monkeypatch):
    graph = graph_of(blobs(8, 300)[0])
    made, all_rows = said(name, graph, **told)
    monkeypatch.setattr(stability, "LARGEST", 600)
    _, few_rows = said(name, graph, **told)
    layer = next(number for number in range(len(made.layers)) if len(made.clusters(number)) == 8)
    assert min(all_rows[layer], few_rows[layer]) > 0.95
    assert None not in few_rows


@pytest.mark.parametrize("name", ["leiden", "hdbscan"])
def test_planted_clusters_that_a_sample_of_all_is_too_small_for_are_found_stable_in_a_region(few, name):
    # 600 of 3,000 rows leave 10 of each cluster of 50: from so few neither finds it.
    made, values = said(name, graph_of(blobs(60, 50, d=32)[0]))
    layer = next(number for number in range(len(made.layers)) if len(made.clusters(number)) == 60)
    assert values[layer] > 0.9


@pytest.mark.parametrize("clusters", [12, 150])
def test_clusters_cut_through_one_gaussian_are_unstable_in_a_sample_of_all_and_in_a_region(few, clusters):
    made, values = said("kmeans", graph_of(normal(3000, 16)), n_clusters=clusters)
    assert len(made.clusters(len(made.layers) - 1)) == clusters
    assert values[-1] < 0.6


@pytest.mark.parametrize("name", ENGINES.names())
def test_the_sample_does_not_hang_on_the_number_of_threads(few, name, monkeypatch):
    graph = graph_of(blobs(40, 40)[0], k=20)  # too few for the sample: neighbors are looked for in it
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(stability, "available_threads", lambda threads=threads: threads)
        found.append(said(name, graph)[1])
    assert found[0] == found[1]


def test_progress_rises_through_the_samples_and_may_stop_each(few):
    graph, steps = graph_of(blobs(40, 40)[0], k=20), []
    build(ENGINES.load("leiden"), {})(graph, progress=lambda fraction, message: steps.append((fraction, message)))
    fractions = [fraction for fraction, _ in steps]
    assert fractions == sorted(fractions)
    searched = [fraction for fraction, message in steps if message.startswith("measuring")]
    assert len(searched) == 2, "neighbors are looked for in the sample of all and in that of a region"
    for limit in searched:

        def stop(fraction, message, limit=limit):
            if fraction >= limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            build(ENGINES.load("leiden"), {})(graph, progress=stop)


@pytest.mark.parametrize(("told", "searched"), [({}, True), ({"n_clusters": "8"}, False)])
def test_kmeans_that_is_told_a_number_looks_for_no_neighbors_in_the_sample(few, told, searched):
    messages = []
    engine = build(ENGINES.load("kmeans"), told)
    engine(graph_of(blobs(8, 100)[0], k=16), progress=lambda fraction, message: messages.append(message))
    assert any(message.startswith("measuring") for message in messages) == searched


def test_nothing_is_said_of_clusters_that_no_sample_would_hold(few):
    layers = np.full((1, 3000), -1, dtype=np.int32)
    layers[0, :40], layers[0, 40:80] = 0, 1
    vectors = normal(3000)
    vectors[:80] *= 0.01
    made = stability.described(
        build(ENGINES.load("hdbscan"), {}), graph_of(vectors), as_clustering(layers), k=15, progress=no_progress
    )
    assert made.notes["layers"] == [{"clusters": 2, "noise": round(2920 / 3000, 4), "stability": None}]


def test_parameters_that_hang_on_the_number_of_rows_fit_the_sample():
    finest = np.arange(-1, 40)
    asked = [
        ("kmeans", {"n_clusters": "300"}, {"n_clusters": 40}),
        ("kmeans", {}, {}),
        ("hierarchical_kmeans", {}, {"finest": 40}),
        ("leiden", {}, {}),
        ("hdbscan", {"min_cluster_size": "1000"}, {"min_cluster_size": 20}),
    ]
    for name, told, fitting in asked:
        engine = build(ENGINES.load(name), told)
        assert stability.for_sample(engine, 0.02, finest) == dataclasses.replace(engine, **fitting)
    for size, there in (("100", 15), ("5", 5)):
        engine = build(ENGINES.load("hdbscan"), {"min_cluster_size": size})
        assert stability.for_sample(engine, 0.02, finest).min_cluster_size == there
