import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from engines.errors import Cancelled
from engines.neighbors.exact import ExactNeighbors
from engines.project.pca import Pca
from engines.project.trust import caution, local_trust, map_quality, seed_stability
from engines.project.umap import Umap
from tests.engines.neighbors.hard import digits, embeddings, hard_graph, normal


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


def test_pca_of_a_swiss_roll_lays_turns_upon_each_other_and_the_unrolled_one_does_not():
    rng = np.random.default_rng(0)
    angle, height = 1.5 * np.pi * (1 + 2 * rng.random(2000)), 6 * rng.random(2000)
    roll = np.stack([angle * np.cos(angle), height, angle * np.sin(angle)], axis=1)
    graph = of(roll)
    crossing = Pca()(graph).coords
    length = angle * np.sqrt(1 + angle**2) / 2 + np.arcsinh(angle) / 2  # of the spiral r = angle
    unrolled = np.stack([length, height], axis=1).astype(np.float32)
    side = np.stack([roll[:, 0], roll[:, 1]], axis=1).astype(
        np.float32
    )  # seen from the side, two or three turns lie behind each other
    assert local_trust(graph, side)[2]["false"] > 0.5
    assert local_trust(graph, unrolled)[2]["false"] < 0.02
    assert local_trust(graph, unrolled)[2]["torn"] < 0.02
    assert local_trust(graph, crossing)[2]["false"] > local_trust(graph, unrolled)[2]["false"]


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


def test_trustworthiness_of_the_digits_is_that_of_scikit_learn():
    graph, _ = digits()
    places = Pca()(graph).coords
    found = map_quality(graph.nodes, places)
    assert found["quality_sample"] == len(places)
    assert found["trustworthiness"] == pytest.approx(trustworthiness(graph.nodes, places, n_neighbors=15), abs=6e-5)
    assert found["continuity"] == pytest.approx(trustworthiness(places, graph.nodes, n_neighbors=15), abs=6e-5)


def test_trustworthiness_keeps_its_digits_far_from_the_origin():
    nodes = normal(500, 10) + np.float32(1000)
    places = nodes[:, :2].copy()
    expected = trustworthiness(nodes.astype(np.float64), places.astype(np.float64), n_neighbors=15)
    assert map_quality(nodes, places)["trustworthiness"] == pytest.approx(expected, abs=6e-5)


def test_a_sample_estimates_the_whole(monkeypatch):
    from engines.project import trust

    nodes, places = normal(2000, 8), normal(2000, 8)[:, :2].copy()
    whole = map_quality(nodes, places)
    monkeypatch.setattr(trust, "SAMPLE", 400)
    part = map_quality(nodes, places)
    assert part["quality_sample"] == 400
    assert part["trustworthiness"] == pytest.approx(whole["trustworthiness"], abs=0.02)


@pytest.mark.parametrize("place", [0.0, 3.3, -1e12])
def test_a_map_that_lays_all_on_one_spot_is_false_but_not_torn(place):
    graph = of(normal(3000, 8))
    torn, false, notes = local_trust(graph, np.full((3000, 2), place, dtype=np.float32))
    assert not torn.any()
    assert false.mean() > 0.95
    assert notes["kept_neighbors"] == 1.0


def test_a_crowd_is_parted_by_less_than_the_step_of_its_numbers():
    from engines.project.trust import _apart

    coords = normal(500, 2)
    coords[100:300] = coords[100]
    places, moved = _apart(coords)
    assert len(np.unique(places, axis=0)) == 500
    np.testing.assert_array_equal(places.astype(np.float32), coords)
    assert 0 < moved < 1e-6
    few = normal(500, 2)
    few[:20] = few[0]
    assert _apart(few)[1] == 0.0


def test_blocks_change_nothing_and_a_cancel_leaves(monkeypatch):
    from engines.project import trust

    graph = of(normal(900, 6))
    places = graph.nodes[:, :2].copy()
    whole = local_trust(graph, places)
    monkeypatch.setattr(trust, "BLOCK", 50)
    seen = []
    cut = local_trust(graph, places, lambda fraction, message: seen.append(fraction))
    np.testing.assert_array_equal(whole[0], cut[0])
    np.testing.assert_array_equal(whole[1], cut[1])
    assert whole[2] == cut[2]
    assert len(seen) > 10
    assert seen == sorted(seen)
    for measure in (
        lambda progress: local_trust(graph, places, progress),
        lambda progress: map_quality(places, places, progress=progress),
    ):
        with pytest.raises(Cancelled):
            measure(_stop)


def _stop(fraction, message):
    if fraction > 0.1:
        raise Cancelled


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
    found = seed_stability(Umap(n_epochs=60), graph)
    assert 0.1 < found["seed_stability"] < 1
    assert 0.1 < found["seed_agreement"] <= 1
    assert found["stability_sample"] == 400
    part = seed_stability(Umap(n_epochs=60), graph, sample=150)
    assert part["stability_sample"] == 150
    assert part == seed_stability(Umap(n_epochs=60), graph, sample=150)
    assert seed_stability(Pca(), graph)["seed_stability"] is None
    assert seed_stability(Umap(), hard_graph("five rows"))["seed_stability"] is None


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_graph_of_a_sample_is_the_exact_one(metric):
    from engines.project.trust import _sub_graph

    graph = ExactNeighbors(metric=metric)(embeddings(np.repeat(normal(300, 6) + np.float32(500), 2, axis=0)))
    rows = np.arange(0, graph.m, 2)
    found = _sub_graph(graph, rows)
    nodes = graph.nodes[rows].astype(np.float64)
    distances = np.linalg.norm(nodes[:, None] - nodes[None], axis=2)
    distances = distances if metric == "euclidean" else distances**2 / 2
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_allclose(found.distances, np.sort(distances, axis=1)[:, : found.k], rtol=1e-3)
    assert found.m == len(found.unique_of) == 150
    whole = _sub_graph(graph, np.arange(graph.m))
    assert len(whole.unique_of) == graph.m
    np.testing.assert_array_equal(whole.indices, graph.indices)


def test_agreement_does_not_see_shift_scale_turn_and_mirror():
    from engines.project.trust import _procrustes

    one = normal(50, 2)
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])
    assert _procrustes(one, one @ turn * 7 + 3) == pytest.approx(1, abs=1e-6)
    assert _procrustes(one, normal(50, 2, seed=1)) < 0.5
    assert _procrustes(one, np.zeros((50, 2), dtype=np.float32)) == 0.0


def test_the_words_carry_the_figures():
    assert "12\N{NO-BREAK SPACE}% of what looks near is far in truth; 31\N{NO-BREAK SPACE}% of" in caution(
        "umap", {"torn": 0.31, "false": 0.12}
    )
    assert "wide islands are wide" in caution("umap", {"density": 0.5})
    assert "18\N{NO-BREAK SPACE}% of who is next to whom" in caution("tsne", {"seed_stability": 0.82})
    assert "distances between islands" in caution("tsne", {"torn": None, "false": None, "seed_stability": None})
    assert "sketch" in caution("umap", {"coarse": True})
    assert caution("a plug-in", {}) == ""
