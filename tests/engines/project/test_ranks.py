import numpy as np
import pytest

from engines.project import ranks as module
from engines.project.ranks import ranks_between
from engines.protocols import no_progress
from tests.engines.neighbors.hard import normal


def _ranks(points, asked):
    """Give the rank (s, m) of every row for each asked one, itself at 0."""
    distances = np.linalg.norm(points[asked][:, None].astype(np.float64) - points[None], axis=2)
    distances[np.arange(len(asked)), asked] = -1
    return np.argsort(np.argsort(distances, axis=1, kind="stable"), axis=1)


@pytest.mark.parametrize("threads", [1, 3])
def test_ranks_are_those_of_sorting_all_distances(threads, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 70)
    monkeypatch.setattr(module, "ASKED_AT_ONCE", 9)
    nodes, places, k = normal(400, 12), normal(400, 2, seed=3), 7
    asked = np.sort(np.random.default_rng(0).choice(400, 60, replace=False))
    true, shown = ranks_between(nodes, places, asked, k, threads=threads, progress=no_progress)
    in_truth, on_map = _ranks(nodes, asked), _ranks(places, asked)
    near_on_map = np.argsort(on_map, axis=1)[:, 1 : k + 1]
    near_in_truth = np.argsort(in_truth, axis=1)[:, 1 : k + 1]
    np.testing.assert_array_equal(true, np.take_along_axis(in_truth, near_on_map, axis=1))
    np.testing.assert_array_equal(shown, np.take_along_axis(on_map, near_in_truth, axis=1))


def test_a_perfect_map_has_the_ranks_1_to_k():
    places = normal(200, 2)
    true, shown = ranks_between(places, places, np.arange(200), 5, threads=2, progress=no_progress)
    assert (true == np.arange(1, 6)).all()
    assert (shown == np.arange(1, 6)).all()


def test_a_tie_gets_the_better_rank():
    nodes = normal(100, 4)
    true, shown = ranks_between(nodes, np.ones((100, 2), dtype=np.float32), np.arange(100), 5, threads=1, progress=no_progress)
    assert (shown == 1).all()
    assert ((true >= 1) & (true <= 99)).all()
