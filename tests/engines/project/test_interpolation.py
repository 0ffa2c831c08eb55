import numpy as np
import pytest

from engines.project.interpolation import MOST_CELLS, STEP, Mesh, all_pairs, gather


def exact(places):
    m = len(places)
    potential, slope = np.empty(m), np.empty((m, 2))
    all_pairs(0, m, places, potential, slope)
    return potential, slope


def by_mesh(places, mesh=None):
    m = len(places)
    potential, slope = np.empty(m), np.empty((m, 2))
    coefficients, first, step = (mesh or Mesh()).lay(places)
    gather(0, m, places, first, 1 / step, coefficients, potential, slope)
    return potential, slope


def blobs(m, width, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-0.5, 0.5, size=(10, 2)) * width
    return centers[rng.integers(0, 10, m)] + rng.normal(size=(m, 2)) * min(width / 8, 4.0)


def test_all_pairs_is_the_sum_over_all_pairs():
    places = np.random.default_rng(0).normal(size=(40, 2))
    difference = places[:, None] - places
    kernel = 1 / (1 + (difference**2).sum(axis=2))
    potential, slope = exact(places)
    np.testing.assert_allclose(potential, kernel.sum(axis=1))
    np.testing.assert_allclose(slope, (-2 * kernel[..., None] ** 2 * difference).sum(axis=1), atol=1e-12)


@pytest.mark.parametrize("width", [1e-4, 0.1, 2.0, 10.0, 30.0, 60.0])
@pytest.mark.parametrize("m", [500, 2000])
def test_the_mesh_agrees_with_all_pairs(m, width):
    places = blobs(m, width)
    (potential, slope), (wanted, wanted_slope) = by_mesh(places), exact(places)
    assert np.linalg.norm(slope - wanted_slope) < 1e-2 * np.linalg.norm(wanted_slope)
    assert abs((potential - wanted).sum()) < 1e-3 * (wanted.sum() - m)


def test_a_place_far_from_all_others_does_not_wrap_around():
    places = np.concatenate([blobs(400, 10.0), [[300.0, 0.0]]])
    _, slope = by_mesh(places)
    # What a single place does to itself on the mesh; the 400 others, wrapped around, would push with more than 1.
    assert slope[-1] == pytest.approx(exact(places)[1][-1], abs=0.01)


def test_a_mesh_is_kept_and_made_anew_when_the_layout_grows():
    mesh = Mesh()
    for width in (5.0, 5.01, 40.0, 5.0):
        places = blobs(300, width)
        assert by_mesh(places, mesh)[1].tobytes() == by_mesh(places)[1].tobytes()


@pytest.mark.parametrize("places", [[[0.0, 0.0], [1e-9, 0.0]], [[0.0, 0.0], [0.0, 3.0]], [[-1e6, 0.0], [1e6, 1.0]]])
def test_lines_and_extremes_stay_finite_on_a_mesh_of_bounded_size(places):
    places = np.array(places)
    coefficients, _, step = Mesh().lay(places)
    assert max(coefficients.shape) < 1.1 * MOST_CELLS
    assert step > 0
    assert all(np.isfinite(found).all() for found in by_mesh(places))


def test_several_threads_give_the_same_bytes():
    places = np.random.default_rng(0).uniform(0, 300 * STEP, size=(3000, 2))
    one, two = Mesh(threads=1).lay(places)[0], Mesh(threads=2).lay(places)[0]
    assert one.dtype == np.float32
    assert one.tobytes() == two.tobytes()
