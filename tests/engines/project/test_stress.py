import numpy as np
import pytest

from engines.errors import Cancelled
from engines.project.stress import _epoch, scaled


def apart(places):
    return np.linalg.norm(places[:, None] - places[None], axis=2)


def test_distances_of_a_plane_are_kept_up_to_scale():
    true = apart(np.random.default_rng(0).normal(size=(150, 2)))
    found = apart(scaled(true, seed=0))
    np.testing.assert_allclose(found / found.mean(), true / true.mean(), atol=0.02)


@pytest.mark.parametrize("count", [6, 7])
def test_an_epoch_moves_every_pair_once(count):
    # At the smallest rate moves add up: twice a pair would show.
    places = np.random.default_rng(0).normal(size=(count, 2))
    wanted = np.full((count, count), 3.0)
    moved = places.copy()
    _epoch(wanted, moved, np.arange(count), 1e-9)
    gap = places[:, None] - places[None]
    length = np.linalg.norm(gap, axis=2) + np.eye(count)
    pull = -0.5 * (1e-9 / 3.0) * ((length - 3.0) / length)[:, :, None] * gap
    np.testing.assert_allclose(moved - places, pull.sum(axis=1), atol=1e-15)


def test_a_branching_tree_keeps_its_order_better_than_classical_scaling():
    from scipy.stats import spearmanr

    # Six arms of 30 points from one middle.
    arm, far = np.repeat(np.arange(6), 30), np.tile(np.arange(1.0, 31.0), 6)
    true = np.where(arm[:, None] == arm[None, :], np.abs(far[:, None] - far[None, :]), far[:, None] + far[None, :])
    squares = true**2
    centered = -0.5 * (squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean())
    values, vectors = np.linalg.eigh(centered)
    classical = vectors[:, -2:] * np.sqrt(values[-2:])
    above = np.triu_indices(180, 1)
    ours, theirs = (spearmanr(apart(places)[above], true[above])[0] for places in (scaled(true, seed=0), classical))
    assert ours > 0.85
    assert ours > theirs + 0.05


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_points_and_points_in_one_place_are_finite(count):
    for distances in (np.zeros((count, count)), 1.0 - np.eye(count)):
        places = scaled(distances, seed=0)
        assert places.shape == (count, 2)
        assert np.isfinite(places).all()


def test_a_cancel_leaves_between_epochs():
    def stop(fraction, message):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        scaled(1.0 - np.eye(20), seed=0, progress=stop)
