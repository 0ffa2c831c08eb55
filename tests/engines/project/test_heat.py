from functools import partial

import numpy as np
import pytest
from scipy.stats import spearmanr

from engines.neighbors.exact import ExactNeighbors
from engines.project.heat import Heat
from engines.project.pca import Pca
from engines.project.trust import caution
from engines.project.umap import Umap
from tests.engines.neighbors.hard import digits, embeddings
from tests.engines.project.stopping import assert_stops_in_each_phase


def roll(n, noise, seed=0):
    """A sheet rolled up in three of 30 noisy dimensions, and its places when it lies flat."""
    rng = np.random.default_rng(seed)
    angle, height = np.pi * np.sqrt(2.25 + 18 * rng.random(n)), 21 * rng.random(n)
    rows = np.stack([angle * np.cos(angle), height, angle * np.sin(angle)], axis=1)
    rows = rows @ np.linalg.qr(rng.normal(size=(30, 3)))[0].T + noise * rng.normal(size=(n, 30))
    length = (angle * np.sqrt(1 + angle**2) + np.arcsinh(angle)) / 2
    return rows, np.stack([length, height], axis=1)


def star(n, seed=0):
    """Five straight arms from one middle in 40 noisy dimensions; the distance along them."""
    rng = np.random.default_rng(seed)
    arms, arm, far = np.linalg.qr(rng.normal(size=(40, 5)))[0].T, rng.integers(0, 5, n), 100 * rng.random(n)
    rows = arms[arm] * far[:, None] + 1.5 * rng.normal(size=(n, 40))
    return rows, lambda i, j: np.where(arm[i] == arm[j], np.abs(far[i] - far[j]), far[i] + far[j])


def order(coords, distance, seed=0):
    i, j = np.random.default_rng(seed).integers(0, len(coords), (2, 10_000))
    return spearmanr(np.linalg.norm(coords[i] - coords[j], axis=1), distance(i, j))[0]


def graph_of(rows):
    return ExactNeighbors(metric="euclidean", k=15)(embeddings(rows))


@pytest.mark.parametrize("n", [800, 4000])  # every node a cell, and four nodes a cell
def test_a_sheet_is_unrolled(n):
    rows, flat = roll(n, 0.3)
    graph = graph_of(rows)

    def distance(i, j):
        return np.linalg.norm(flat[i] - flat[j], axis=1)

    found = Heat()(graph)
    assert order(found.coords, distance) > 0.98
    assert found.notes["trustworthiness"] > 0.99
    assert order(Umap()(graph).coords, distance) < 0.8
    assert order(Pca()(graph).coords, distance) < 0.6


def test_branches_keep_the_order_of_their_distances_better_than_other_maps():
    rows, distance = star(1200)
    graph = graph_of(rows)
    heat, umap, pca = (order(make()(graph).coords, distance) for make in (Heat, Umap, Pca))
    assert heat > 0.9
    assert heat > max(umap, pca) + 0.05


def test_digits_are_still_a_map_to_be_trusted():
    assert Heat()(digits()[0]).notes["trustworthiness"] > 0.94


def test_islands_lie_apart():
    rng = np.random.default_rng(0)
    which = np.repeat(np.arange(4), 100)
    graph = ExactNeighbors(metric="euclidean", k=15)(embeddings(rng.normal(size=(400, 6)) + 40.0 * np.eye(6)[which]))
    coords = Heat()(graph).coords
    centers = np.stack([coords[which == island].mean(axis=0) for island in range(4)])
    assert (np.linalg.norm(coords[:, None] - centers[None], axis=2).argmin(axis=1) == which).all()


def test_a_map_of_cells_is_the_same_on_one_thread_and_two_and_another_seed_changes_it_little():
    rows, _ = roll(3000, 0.3)
    graph = graph_of(rows)
    one, two, other = (Heat(landmarks=300, **given)(graph) for given in ({"threads": 1}, {"threads": 2}, {"seed": 1}))
    assert one.coords.tobytes() == two.coords.tobytes()
    assert one.key == two.key
    assert one.notes["landmarks"] == 300
    i, j = np.random.default_rng(0).integers(0, 3000, (2, 5000))
    lengths = [np.linalg.norm(made.coords[i] - made.coords[j], axis=1) for made in (one, other)]
    assert spearmanr(*lengths)[0] > 0.99


def test_cancel_leaves_in_each_phase():
    graph = graph_of(roll(2500, 0.3)[0])
    assert_stops_in_each_phase(partial(Heat(), graph), (0.0, 0.1, 0.2, 0.4, 0.65, 0.8))


def test_what_not_to_read_out_of_it_is_said():
    assert "along the data" in caution("heat", {})
