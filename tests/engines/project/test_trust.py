import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from engines.neighbors.exact import ExactNeighbors
from engines.project.pca import Pca
from engines.project.trust import caution, local_trust, map_quality, seed_stability
from engines.project.umap import Umap
from tests.engines.neighbors.hard import embeddings, hard_graph, normal


def of(vectors: np.ndarray):
    return ExactNeighbors(metric="euclidean")(embeddings(vectors.astype(np.float32)))


def test_a_faithful_map_is_trusted_and_a_random_one_is_not():
    vectors = normal(300, 2)
    torn, false, notes = local_trust(of(vectors), vectors)
    assert not torn.any()
    assert not false.any()
    assert notes["kept_neighbors"] == 1.0
    torn, false, notes = local_trust(of(vectors), vectors[np.random.default_rng(0).permutation(300)])
    assert torn.mean() > 0.7
    assert false.mean() > 0.7
    assert notes["kept_neighbors"] < 0.15


def test_kept_neighbors_is_the_overlap_of_two_lists():
    graph = ExactNeighbors()(embeddings(normal(200, 10)))
    places = normal(200, 2, seed=5)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    near = np.argsort(distances, axis=1)[:, :15]
    shares = [len(set(a) & set(b)) / 15 for a, b in zip(near.tolist(), graph.indices[:, :15].tolist(), strict=True)]
    assert abs(local_trust(graph, places)[2]["kept_neighbors"] - np.mean(shares)) < 1e-4


def test_a_folded_sheet_has_false_neighbors_where_it_lies_on_itself():
    rng = np.random.default_rng(0)
    sheet = rng.uniform(0, 1, size=(1500, 2))
    fold = sheet[:, 0] < 0.4  # this part is folded over its neighbor: x is mirrored at 0.4, far above it in z
    rows = np.stack(
        [np.where(fold, 0.8 - sheet[:, 0], sheet[:, 0]), sheet[:, 1], np.where(fold, 2.0 * (0.4 - sheet[:, 0]), 0.0)], axis=1
    )
    torn, false, _ = local_trust(of(rows), rows[:, :2].astype(np.float32))
    double = rows[:, 0] < 0.8
    deep = double & (np.abs(rows[:, 0] - 0.6) < 0.15)
    assert false[deep].mean() > 0.3
    assert false[~double & (rows[:, 0] > 0.88)].mean() < 0.02
    assert torn.mean() < 0.1


def test_a_ring_that_was_cut_open_is_torn_at_the_cut():
    angle = np.sort(np.random.default_rng(0).uniform(0, 2 * np.pi, 800))
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    line = np.stack([angle, np.zeros(800)], axis=1).astype(np.float32)
    torn, false, _ = local_trust(of(ring), line)
    assert torn[:2].min() > 0.3
    assert torn[-2:].min() > 0.3
    assert not torn[60:-60].any()
    assert not false.any()


def test_trustworthiness_is_that_of_scikit_learn_and_continuity_its_mirror():
    nodes, places = normal(240, 8), normal(240, 8)[:, :2].copy()
    found = map_quality(nodes, places)
    assert found["quality_sample"] == 240
    assert found["trustworthiness"] == pytest.approx(trustworthiness(nodes, places, n_neighbors=15), abs=2e-4)
    assert found["continuity"] == pytest.approx(trustworthiness(places, nodes, n_neighbors=15), abs=2e-4)


def test_a_sample_estimates_the_whole(monkeypatch):
    from engines.project import trust

    nodes, places = normal(2000, 8), normal(2000, 8)[:, :2].copy()
    whole = map_quality(nodes, places)
    monkeypatch.setattr(trust, "SAMPLE", 400)
    part = map_quality(nodes, places)
    assert part["quality_sample"] == 400
    assert part["trustworthiness"] == pytest.approx(whole["trustworthiness"], abs=0.02)


def test_a_map_of_few_nodes_says_nothing():
    graph = hard_graph("five rows")
    torn, false, notes = local_trust(graph, graph.nodes[:, :2])
    assert np.isnan(torn).all()
    assert np.isnan(false).all()
    assert notes["torn"] is None
    assert map_quality(graph.nodes, graph.nodes[:, :2])["trustworthiness"] is None


def test_a_map_with_a_seed_says_how_much_hangs_on_it():
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(5, 20))[rng.integers(0, 5, 400)] * 6 + rng.normal(size=(400, 20))).astype(np.float32)
    graph = of(vectors)
    stable = seed_stability(Umap(n_epochs=60), graph)["seed_stability"]
    assert 0.1 < stable < 1
    assert seed_stability(Pca(), graph)["seed_stability"] is None


def test_the_words_carry_the_figures():
    assert "12% of what looks near is not, and 31%" in caution("umap", {"torn": 0.31, "false": 0.12})
    assert "sketch" in caution("umap", {"coarse": True})
    assert caution("a plug-in", {}) == ""
