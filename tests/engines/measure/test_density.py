import numpy as np
import pytest

from engines.measure.density import Density
from engines.measure.rarity import Rarity
from engines.measure.spacing import radius
from tests.engines.measure.rows import evidence, of
from tests.engines.neighbors.hard import normal


def test_half_the_distance_is_ln_2_denser():
    wide, narrow = normal(400, 3), normal(400, 3) * 0.5 + 100
    values = Density()(evidence(of(np.concatenate([wide, narrow])))).values
    np.testing.assert_allclose(values[400:] - values[:400], np.log(2.0), atol=2e-3)


def test_the_typical_row_has_density_0_and_rarity_one_half():
    given = evidence(of(normal(401, 4)))
    assert np.median(Density()(given).values) == pytest.approx(0, abs=1e-6)
    assert np.median(Rarity()(given).values) == pytest.approx(0.5, abs=1e-6)


def test_scale_and_place_of_the_data_do_not_matter():
    plain = Density()(evidence(of(normal(300, 4)))).values
    moved = Density()(evidence(of(normal(300, 4) * 8 + 16))).values
    np.testing.assert_allclose(moved, plain, atol=1e-3)


def test_the_radius_holds_k_other_rows_duplicates_counted():
    unique = normal(120, 3)
    times = np.random.default_rng(0).integers(1, 6, len(unique))
    times[0] = 40
    vectors = np.repeat(unique, times, axis=0)
    graph = of(vectors)
    found = graph.to_rows(radius(graph, 15), np.nan)
    distances = np.linalg.norm(vectors[:, None].astype(np.float64) - vectors[None], axis=2)
    expected = np.sort(distances, axis=1)[:, 15]  # the first is the row itself
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert (found[:40] == 0).all()
    assert (Density()(evidence(graph)).values[:40] == 7).all()


def test_rarity_is_the_share_of_denser_rows():
    vectors = normal(300, 4)
    vectors[7] += 60
    given = evidence(of(vectors))
    density, rarity = Density()(given).values, Rarity()(given).values
    assert rarity[7] == 1.0
    assert rarity.min() == 0.0
    for row in (0, 50, 299):
        assert rarity[row] == pytest.approx((density > density[row]).sum() / 299, abs=1e-5)


def test_rarity_finds_planted_outliers():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(10, 32)) * 4
    vectors = centers[rng.integers(0, 10, 1000)] + rng.normal(size=(1000, 32))
    planted = rng.choice(1000, 20, replace=False)
    vectors[planted] = rng.normal(size=(20, 32)) * 6
    rarity = Rarity()(evidence(of(vectors))).values
    assert rarity[planted].min() > 0.97
    assert rarity[planted].mean() > 0.98


def test_ties_share_their_mean_rank():
    square = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    values = Rarity(k=1)(evidence(of(square))).values
    assert values.tolist() == [0.5] * 4
