import numpy as np
import pytest
from scipy.spatial import cKDTree

from engines import layout
from engines.density_map import SHIFT, density_force
from engines.errors import Cancelled
from engines.layout import curve
from engines.memberships import memberships
from engines.neighbors.exact import ExactNeighbors
from engines.project.umap import COARSE_FROM, Umap
from engines.protocols import no_progress
from tests.engines.neighbors.hard import embeddings, normal

AROUND = 15


def mixture(n, seed=0, clusters=12, d=16):
    """Gaussians whose radii grow from 1 to 8."""
    rng = np.random.default_rng(seed)
    centers, which = 12 * rng.normal(size=(clusters, d)), rng.integers(0, clusters, n)
    return (centers[which] + np.geomspace(1, 8, clusters)[which][:, None] * rng.normal(size=(n, d))).astype(np.float32)


def graph_of(vectors, metric="euclidean"):
    return ExactNeighbors(metric=metric)(embeddings(vectors))


def agreement(graph, coords):
    """Correlate the logarithms of local radii (mean distance to 15 neighbors) in the space and on the map."""
    away = cKDTree(coords.astype(np.float64)).query(coords, k=AROUND + 1)[0][:, 1:]
    return np.corrcoef(np.log(graph.distances[:, :AROUND].mean(axis=1)), np.log(away.mean(axis=1)))[0, 1]


def force_on(graph, strength=1.0, k=14):
    weights = memberships(graph.indices[:, :k], graph.distances[:, :k])
    given = {"min_dist": 0.1, "threads": 1, "progress": no_progress}
    return weights, density_force(weights, graph, strength=strength, **given)


def moved(force, places, rate):
    new = np.empty_like(places)
    force(lambda kernel, *given: kernel(0, len(places), *given), places, new, rate)
    return new - places


def correlation(weights, graph, places):
    """Compute from its definition what the force shall increase."""
    dense, (a, b) = weights.toarray().astype(np.float64), curve(0.1)
    scale = 2.0 if graph.metric == "cosine" else None
    apart = np.linalg.norm(graph.nodes[:, None].astype(np.float64) - graph.nodes[None], axis=2) ** 2
    assert scale is None or np.allclose(apart[0, graph.indices[0]], scale * graph.distances[0], atol=1e-5)
    true = np.log((dense * apart).sum(axis=1) / dense.sum(axis=1))
    squares = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    q = np.where(dense > 0, 1 / (1 + a * squares**b), 0.0)
    shown = np.log((q * squares).sum(axis=1) / q.sum(axis=1))
    covariance = ((true - true.mean()) * (shown - shown.mean())).mean()
    return covariance / (true.std() * np.sqrt(shown.var() + SHIFT))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_the_force_is_the_gradient_of_the_correlation(metric):
    graph = graph_of(mixture(60, clusters=3), metric)
    weights, force = force_on(graph)
    places = np.random.default_rng(1).normal(scale=3.0, size=(60, 2))
    rate = 1e-9
    found = moved(force, places, rate) / rate * weights.data.max() / weights.sum() * 60
    step, expected = 1e-5, np.empty((60, 2))
    for node in range(60):
        for axis in range(2):
            ahead, behind = places.copy(), places.copy()
            ahead[node, axis] += step
            behind[node, axis] -= step
            expected[node, axis] = correlation(weights, graph, ahead) - correlation(weights, graph, behind)
    expected *= 60 / (2 * step)  # m times the gradient: the sum over the nodes, not the mean
    assert np.abs(found - expected).max() < 0.01 * np.abs(expected).max()


def test_the_force_adds_up_to_nothing_in_the_limit_and_long_steps_stay_among_the_neighbors():
    graph = graph_of(mixture(200, clusters=4))
    places = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    _, force = force_on(graph)
    assert np.abs(moved(force, places.astype(np.float64), 1e-9).sum(axis=0)).max() < 1e-12
    far = np.linalg.norm(places[:, None] - places[None], axis=2).max()
    assert np.linalg.norm(moved(force, places, 1e6), axis=1).max() <= far / 2 + 1e-6


def test_equal_radii_exert_no_force_and_the_map_is_that_without():
    graph = graph_of(np.eye(40, dtype=np.float32) * 3)
    assert force_on(graph)[1] is None
    plain, dense = Umap(n_epochs=20)(graph), Umap(n_epochs=20, density=2.0)(graph)
    assert plain.coords.tobytes() == dense.coords.tobytes()
    assert "density" not in dense.notes


def test_places_that_coincide_or_lie_far_apart_stay_finite():
    graph = graph_of(mixture(100))
    _, force = force_on(graph, strength=10.0)
    for places in (np.zeros((100, 2)), normal(100, 2) * 1e6, normal(100, 2) * 1e-12, normal(100, 3)):
        assert np.isfinite(moved(force, places.astype(np.float32), 1.0)).all()


def test_threads_do_not_change_a_byte_of_the_map_and_the_strength_does():
    graph = graph_of(mixture(layout.PARALLEL_FROM + 501))
    one, two, three = (Umap(n_epochs=12, density=0.5, threads=threads)(graph) for threads in (1, 2, 3))
    assert one.coords.tobytes() == two.coords.tobytes() == three.coords.tobytes()
    assert one.key == two.key
    for other in (0.0, 1.0):
        again = Umap(n_epochs=12, density=other, threads=2)(graph)
        assert again.coords.tobytes() != one.coords.tobytes()
        assert again.key != one.key


def test_a_map_from_a_sketch_shows_densities_and_is_the_same_on_one_thread_and_two():
    graph = graph_of(mixture(COARSE_FROM + 200))
    one, two = (Umap(density=0.5, threads=threads)(graph) for threads in (1, 2))
    assert one.coords.tobytes() == two.coords.tobytes()
    assert agreement(graph, one.coords) > 0.75
    assert one.notes["trustworthiness"] > Umap()(graph).notes["trustworthiness"] - 0.015


def test_radii_on_the_map_go_with_those_in_the_space_and_trust_holds():
    graph = graph_of(mixture(1_500))
    plain, dense = Umap()(graph), Umap(density=0.5)(graph)
    assert agreement(graph, plain.coords) < 0.4
    assert agreement(graph, dense.coords) > 0.85
    assert dense.notes["trustworthiness"] >= plain.notes["trustworthiness"] - 0.015
    assert dense.notes["kept_neighbors"] >= plain.notes["kept_neighbors"] - 0.04


def test_progress_never_falls_and_cancel_leaves_the_last_epochs(monkeypatch):
    monkeypatch.setattr(layout, "SLICE", 100)
    graph, seen = graph_of(mixture(400)), []
    Umap(density=0.5, n_epochs=10)(graph, progress=lambda fraction, message: seen.append((fraction, message)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert sum(message == "epoch 6 of 10" for _, message in seen) == 4
    assert sum(message == "epoch 7 of 10" for _, message in seen) == 12
    left = []

    def stop(fraction, message):
        left.append(message)
        if left.count("epoch 8 of 10") == 9:
            raise Cancelled

    with pytest.raises(Cancelled):
        Umap(density=0.5, n_epochs=10)(graph, progress=stop)
    assert left[-1] == "epoch 8 of 10"
