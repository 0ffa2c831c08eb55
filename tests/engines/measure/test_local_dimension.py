import numpy as np
import pytest

from engines.measure.local_dimension import LocalDimension, _logarithms
from tests.engines.measure.rows import evidence, of
from tests.engines.neighbors.hard import normal


@pytest.mark.parametrize("d", [2, 5, 10])
def test_gaussians_have_their_dimension(d):
    measure = LocalDimension(k=20)(evidence(of(normal(5000, d), k=20)))
    assert measure.notes["k"] == 20
    assert measure.notes["mean"] == pytest.approx(d, rel=0.1)
    assert np.nanmean(measure.values) == pytest.approx(d, rel=0.1)
    assert np.nanmedian(measure.values) == pytest.approx(d, rel=0.1)


def test_ideal_spacings_give_the_closed_form():
    for d in (1.0, 3.0, 8.0):
        count, total = _logarithms(((np.arange(1, 21) / 20.0) ** (1.0 / d))[None, :])
        assert count[0] == 20
        plain = 20 / total[0]  # METHODS: 1.1377 d, with k in the numerator
        assert plain == pytest.approx(1.1377 * d, rel=1e-3)


def test_a_swiss_roll_is_a_sheet_and_a_curve_is_a_line():
    rng = np.random.default_rng(0)
    angle, height = 1.5 * np.pi * (1 + 2 * rng.random(3000)), 21 * rng.random(3000)
    roll = np.stack([angle * np.cos(angle), height, angle * np.sin(angle)], axis=1)
    assert LocalDimension()(evidence(of(roll, k=20))).notes["mean"] == pytest.approx(2, rel=0.1)
    curve = np.stack([np.cos(angle), np.sin(angle), 0.1 * angle], axis=1)
    assert LocalDimension()(evidence(of(curve, k=20))).notes["mean"] == pytest.approx(1, rel=0.1)


def test_a_cosine_graph_is_measured_in_chords_on_the_sphere():
    measure = LocalDimension()(evidence(of(normal(4000, 5), metric="cosine", k=20)))
    assert measure.notes["mean"] == pytest.approx(4, rel=0.1)


def test_both_dimensions_of_a_mixture_are_found():
    line = np.zeros((1000, 6))
    line[:, 0] = np.random.default_rng(1).uniform(0, 50, 1000)
    cloud = normal(2000, 6) + 200
    values = LocalDimension()(evidence(of(np.concatenate([line, cloud]), k=20))).values
    assert np.median(values[:1000]) == pytest.approx(1, rel=0.1)
    assert np.median(values[1000:]) == pytest.approx(6, rel=0.15)


def test_distances_of_zero_are_dropped_and_too_few_give_nothing():
    away = np.array([[0.0, 0.0, 1.0, 2.0, 3.0, 4.0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 2.0]])
    count, total = _logarithms(away)
    assert count.tolist() == [4, 0, 1]
    assert total[0] == pytest.approx(np.log(4 / 1) + np.log(4 / 2) + np.log(4 / 3))
    assert total[1:].tolist() == [0, 0]
    assert np.isnan(LocalDimension()(evidence(of(normal(4)))).values).all()


def test_duplicated_rows_do_not_lower_the_dimension():
    vectors = normal(1500, 3)
    plain = LocalDimension()(evidence(of(vectors, k=20)))
    doubled = LocalDimension()(evidence(of(np.concatenate([vectors, vectors]), k=20)))
    np.testing.assert_array_equal(doubled.values[:1500], plain.values)
    np.testing.assert_array_equal(doubled.values[1500:], plain.values)
