import numpy as np
import pytest

from engines.project import axes as module
from engines.project import randomized_pca
from engines.project.axes import principal_coordinates, starting_places
from tests.engines.neighbors.hard import normal


def stretched(m, d):
    return (normal(m, d) * np.linspace(5, 0.1, d)).astype(np.float32)


@pytest.mark.parametrize(("m", "d", "dense"), [(200, 12, 4096), (12, 200, 4096), (80, 60, 10)])
def test_coordinates_are_the_principal_components(m, d, dense, monkeypatch):
    from sklearn.decomposition import PCA

    monkeypatch.setattr(module, "DENSE_UP_TO", dense)
    nodes = stretched(m, d)
    expected = PCA(2, svd_solver="full").fit(nodes.astype(np.float64))
    coordinates, shares = principal_coordinates(nodes)
    np.testing.assert_allclose(np.abs(coordinates), np.abs(expected.transform(nodes)), rtol=0.02, atol=0.02)
    np.testing.assert_allclose(shares, expected.explained_variance_ratio_, rtol=0.01)


@pytest.mark.parametrize("dense", [4096, 10])
def test_blocks_of_float32_give_the_same_coordinates(dense, monkeypatch):
    nodes = stretched(3000, 30) + 100
    monkeypatch.setattr(module, "DENSE_UP_TO", dense)
    exact, shares = principal_coordinates(nodes)
    monkeypatch.setattr(module, "DOUBLE_UP_TO", 0)
    monkeypatch.setattr(module, "ENTRIES", 1 << 12)
    monkeypatch.setattr(randomized_pca, "BLOCK_BYTES", 1 << 14)
    coordinates, found = principal_coordinates(nodes)
    np.testing.assert_allclose(coordinates, exact, atol=1e-3 * np.ptp(exact))
    np.testing.assert_allclose(found, shares, rtol=1e-3)


@pytest.mark.parametrize(("count", "width"), [(0, 3), (5, 0), (100_000, 2), (50_000, 128), (20_000, 2048), (5_000, 4096)])
def test_a_block_of_products_takes_a_fraction_of_a_second(count, width):
    cuts = module._by_work(count, width)
    assert sum(cut.stop - cut.start for cut in cuts) == count
    for cut in cuts:
        rows = cut.stop - cut.start
        assert rows <= module.FEWEST or rows * width**2 <= module.WORK
        assert rows * width <= module.ENTRIES


def test_signs_do_not_depend_on_the_order_of_rows():
    nodes = stretched(50, 6)
    there, _ = principal_coordinates(nodes)
    back, _ = principal_coordinates(nodes[::-1].copy())
    np.testing.assert_allclose(there, back[::-1], atol=1e-5)


@pytest.mark.parametrize("nodes", [np.zeros((0, 3)), np.zeros((1, 3)), np.ones((5, 1)), np.ones((5, 4)), np.zeros((5, 0))])
def test_what_has_no_spread_gets_zeros(nodes):
    coordinates, shares = principal_coordinates(nodes.astype(np.float32))
    assert coordinates.shape == (len(nodes), 2)
    np.testing.assert_allclose(coordinates, 0, atol=1e-9)
    assert len(shares) == 2


def test_starting_places_never_coincide_and_fill_both_axes():
    places = starting_places(np.repeat(normal(4, 1), 5, axis=0), seed=0)
    assert len(np.unique(places, axis=0)) == 20
    assert (places.std(axis=0) > 0).all()
