import numpy as np
import pytest

from engines.errors import Cancelled
from engines.neighbors.exact import ExactNeighbors
from engines.project import coarse
from engines.project.coarse import coarse_key, coarse_map, extend
from engines.project.umap import Umap
from tests.engines.neighbors.hard import HARD, embeddings, normal

FEW = Umap(n_epochs=30)


def blobs(n, clusters=6, d=16, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % clusters
    centers = rng.normal(size=(clusters, d)) * 3
    return (centers[labels] + rng.normal(size=(n, d)) * 0.3).astype(np.float32), labels


def nearest_share(coords, labels):
    from scipy.spatial import cKDTree

    _, near = cKDTree(coords).query(coords, k=6)
    return float((labels[near[:, 1:]] == labels[:, None]).mean())


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_rows_outside_of_the_sample_come_to_lie_with_their_like(metric, monkeypatch):
    monkeypatch.setattr(coarse, "SAMPLE", 300)
    vectors, labels = blobs(1_500)
    found = coarse_map(embeddings(vectors), Umap(), metric)
    assert found.name == "umap"
    assert found.notes == {"coarse": True, "sample": 300}
    assert found.coords.shape == (1_500, 2)
    assert nearest_share(found.coords, labels) > 0.99


def test_a_coarse_map_hangs_on_vectors_seed_and_metric_only(monkeypatch):
    monkeypatch.setattr(coarse, "SAMPLE", 100)
    given = embeddings(blobs(400)[0])
    first, again = coarse_map(given, Umap(threads=1), "cosine"), coarse_map(given, Umap(threads=2), "cosine")
    assert np.abs(first.coords - again.coords).max() < 1e-3
    assert first.coords.tobytes() == coarse_map(given, Umap(threads=1), "cosine").coords.tobytes()
    assert first.key == again.key == coarse_key(given, Umap(), "cosine")
    other = [coarse_key(given, Umap(seed=1), "cosine"), coarse_key(given, Umap(), "euclidean")]
    assert len({first.key, *other, coarse_key(embeddings(normal(400, 16)), Umap(), "cosine")}) == 4


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("name", HARD)
def test_every_coarse_map_of_hard_vectors_is_finite(name, metric):
    vectors = HARD[name]()
    assert np.isfinite(coarse_map(embeddings(vectors), FEW, metric).coords).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("factor", [1.0, 1e-40, 1e36])
def test_a_row_far_outside_of_the_sample_does_not_break_the_map(factor, metric, monkeypatch):
    monkeypatch.setattr(coarse, "SAMPLE", 60)
    vectors = (normal(200) * factor).astype(np.float32)
    vectors[np.setdiff1d(np.arange(200), coarse.sample_of(200, 0))[0]] = 1e38
    coords = coarse_map(embeddings(vectors), FEW, metric).coords
    assert np.isfinite(coords).all()
    assert len(np.unique(coords, axis=0)) > 100


def test_cancel_leaves_a_coarse_map(monkeypatch):
    monkeypatch.setattr(coarse, "BLOCK", 50)
    given = embeddings(blobs(500)[0])
    for limit in (0.0, 0.3, 0.7):

        def stop(fraction, message, limit=limit):
            if fraction >= limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            coarse_map(given, FEW, "cosine", progress=stop)


def test_new_rows_come_to_their_neighbors_and_known_ones_keep_their_bits():
    vectors, labels = blobs(600)
    old = np.random.default_rng(0).random(600) < 0.8
    before = Umap()(ExactNeighbors()(embeddings(vectors[old]))).coords
    graph = ExactNeighbors()(embeddings(vectors))
    assert graph.m == 600
    given = np.full((600, 2), np.nan, dtype=np.float32)
    given[old] = before
    found = extend(graph, given, old, umap=Umap())
    assert found.dtype == np.float32
    assert found[old].tobytes() == before.tobytes()
    assert np.isfinite(found).all()
    assert nearest_share(found, labels) > 0.99
    assert found.tobytes() == extend(graph, given, old, umap=Umap(threads=1)).tobytes()


def test_a_new_island_without_a_known_neighbor_lies_below_the_map():
    vectors, _ = blobs(90, clusters=3)
    far = normal(40, 16) * 0.1 + np.float32(40.0)
    graph = ExactNeighbors(metric="euclidean", k=10)(embeddings(np.concatenate([vectors, far])))
    known = np.arange(130) < 90
    given = np.zeros((130, 2), dtype=np.float32)
    given[:90] = np.random.default_rng(0).uniform(0, 10, size=(90, 2))
    found = extend(graph, given, known, umap=Umap())
    assert np.isfinite(found).all()
    assert len(np.unique(found[90:], axis=0)) == 40
    assert np.median(found[90:, 1]) < given[:90, 1].min()


@pytest.mark.parametrize("m", [0, 1, 2, 3, 5])
def test_extending_small_graphs_and_from_nothing(m):
    graph = ExactNeighbors()(embeddings(normal(m)))
    places = normal(m, 2)
    for known in (np.zeros(m, dtype=bool), np.ones(m, dtype=bool), np.arange(m) == 0):
        found = extend(graph, places, known, umap=FEW)
        assert found.shape == (m, 2)
        assert np.isfinite(found).all()
        assert (found[known] == places[known]).all()
