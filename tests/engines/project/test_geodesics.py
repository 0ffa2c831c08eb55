import numpy as np
import pytest

from engines.errors import Cancelled
from engines.project.geodesics import heat_distances


def order(found, true):
    """Give Spearman's correlation over all pairs."""
    from scipy.stats import spearmanr

    above = np.triu_indices(len(true), 1)
    return spearmanr(found[above], true[above])[0]


def chain(gaps):
    """Points on a line with these gaps, each tied to the next two."""
    places = np.concatenate([[0.0], np.cumsum(gaps)])
    number = np.arange(len(places))
    flow = (np.abs(number[:, None] - number[None, :]) <= 2).astype(float)
    np.fill_diagonal(flow, 0.0)
    return flow, places[:, None], np.abs(places[:, None] - places[None, :])


def ring(count):
    """Points on a circle, each tied to the next three on both sides, and their distances around it."""
    number = np.arange(count)
    hops = np.abs(number[:, None] - number[None, :])
    hops = np.minimum(hops, count - hops)
    angle = 2 * np.pi * number / count
    return ((hops > 0) & (hops <= 3)).astype(float), np.stack([np.cos(angle), np.sin(angle)], axis=1), hops * 2 * np.pi / count


def test_two_points_are_as_far_as_in_space():
    found = heat_distances(np.array([[0.0, 0.3], [0.3, 0.0]]), np.array([[0.0, 0.0], [3.0, 4.0]]), threads=1)
    np.testing.assert_allclose(found, [[0.0, 5.0], [5.0, 0.0]])


def test_distances_on_a_line_are_those_on_the_line_however_dense_it_is():
    even = np.ones(299)
    thin = np.where(np.arange(299) // 60 % 2, 3.0, 1.0)
    for gaps in (even, thin):
        flow, points, true = chain(gaps)
        found = heat_distances(flow, points, threads=1)
        assert order(found, true) > 0.99
        far = true > 0.4 * true.max()
        ratio = found[far] / true[far]
        assert ratio.max() < 1.5 * ratio.min()


def test_distances_around_a_ring_go_around_it():
    flow, points, true = ring(200)
    found = heat_distances(flow, points, threads=1)
    assert order(found, true) > 0.999
    np.testing.assert_allclose(found.max(), np.pi, rtol=0.25)


def test_a_wrong_edge_shortens_the_way_less_than_the_shortest_path():
    from scipy.sparse.csgraph import dijkstra

    # A strip of 60 x 10 points, folded in the middle; its ends lie upon each other, and one pair of their points is taken for neighbors.
    u, v = np.divmod(np.arange(600), 10)
    hops = np.abs(u[:, None] - u) + np.abs(v[:, None] - v)
    points = np.stack([np.minimum(u, 59 - u), v, u >= 30], axis=1).astype(float)
    flow = (hops == 1).astype(float)
    flow[5, 595] = flow[595, 5] = 0.5
    shortest = dijkstra(flow > 0, directed=False)
    found = heat_distances(flow, points, threads=1)
    assert order(shortest, hops) < 0.8
    assert order(found, hops) > order(shortest, hops) + 0.03


def test_parts_are_joined_where_they_are_nearest():
    flow, points, _ = chain(np.ones(19))
    both = np.zeros((40, 40))
    both[:20, :20] = both[20:, 20:] = flow
    found = heat_distances(both, np.concatenate([points, points + 24.0]), threads=1)
    alone = heat_distances(flow, points, threads=1)
    np.testing.assert_allclose(found[:20, :20], alone)
    np.testing.assert_allclose(found[20:, 20:], alone)
    np.testing.assert_allclose(found[19, 20], 5.0)
    np.testing.assert_allclose(found[0, 39], alone[0, 19] + 5.0 + alone[0, 19])


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_without_any_flow_points_are_as_far_as_their_tree_in_space(count):
    points = np.random.default_rng(0).normal(size=(count, 3))
    found = heat_distances(np.zeros((count, count)), points, threads=1)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert found.shape == (count, count)
    assert (found >= apart - 1e-9).all()


def test_points_in_one_place_have_finite_distances_above_zero():
    flow, points, _ = chain(np.zeros(9))
    found = heat_distances(flow, points, threads=1)
    assert np.isfinite(found).all()
    assert (found[~np.eye(10, dtype=bool)] > 0).all()


def test_any_number_of_threads_gives_the_same_bytes_and_a_cancel_leaves():
    flow, points, _ = ring(400)
    assert heat_distances(flow, points, threads=1).tobytes() == heat_distances(flow, points, threads=3).tobytes()

    def stop(fraction, message):
        if "steps" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        heat_distances(flow, points, threads=2, progress=stop)
