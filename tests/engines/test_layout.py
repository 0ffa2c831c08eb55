import numpy as np
import pytest
from scipy.sparse import csr_array

from engines import layout
from engines.errors import Cancelled
from engines.layout import curve, optimize
from engines.protocols import no_progress


def ring(m, width=3, seed=0):
    """Each node is tied to those beside it, with weights by chance."""
    heads = (np.arange(m)[:, None] + np.arange(1, width + 1)) % m
    rows = np.repeat(np.arange(m), width)
    weights = np.random.default_rng(seed).uniform(0.2, 1.0, size=m * width).astype(np.float32)
    one_way = csr_array((weights, (rows, heads.ravel())), shape=(m, m))
    return (one_way + one_way.T).tocsr()


def places(m, q=2, seed=0):
    return np.random.default_rng(seed).uniform(0, 10, size=(m, q)).astype(np.float32)


def lay(weights, start, **more):
    given = {"min_dist": 0.1, "epochs": 12, "rate": 1.0, "seed": 0, "threads": 1, "progress": no_progress}
    return optimize(weights, start, **{**given, **more})


@pytest.mark.parametrize(("min_dist", "spread"), [(0.0, 1.0), (0.1, 1.0), (0.5, 1.0), (0.99, 1.0), (0.1, 2.0)])
def test_the_curve_is_that_of_umap_learn(min_dist, spread):
    from umap.umap_ import find_ab_params

    assert curve(min_dist, spread) == pytest.approx(find_ab_params(spread, min_dist), abs=1e-4)


@pytest.mark.parametrize("min_dist", [0.0, 0.1, 0.99])
def test_forces_from_the_table_are_the_derivatives_of_the_cross_entropy(min_dist):
    a, b = curve(min_dist)
    squares = np.exp(np.random.default_rng(0).uniform(-18, 18, size=2_000)).astype(np.float32)
    found = [[float(layout.look_up(square, table)) for square in squares] for table in layout._forces(a, b)]
    s = squares.astype(np.float64)
    np.testing.assert_allclose(found[0], -2 * a * b * s ** (b - 1) / (1 + a * s**b), rtol=2e-4)
    np.testing.assert_allclose(found[1], 2 * b / ((0.001 + s) * (1 + a * s**b)), rtol=2e-4)
    at_zero = [float(layout.look_up(np.float32(0.0), table)) for table in layout._forces(a, b)]
    assert np.isfinite(at_zero).all()


@pytest.mark.parametrize("q", [2, 3])
def test_threads_do_not_change_a_byte_and_the_seed_does(q):
    m = layout.PARALLEL_FROM + 501
    weights, start = ring(m), places(m, q)
    first = lay(weights, start)
    assert first.dtype == np.float32
    assert all(lay(weights, start, threads=threads).tobytes() == first.tobytes() for threads in (1, 2, 3))
    assert lay(weights, start, seed=1).tobytes() != first.tobytes()


def test_two_dimensions_or_more_do_the_same_thing():
    # Three dimensions, the third of them flat, follow the same forces: neighbors on a ring end up near each other.
    m = 300
    for q in (2, 3):
        found = lay(ring(m), places(m, q), epochs=300)
        beside = np.linalg.norm(found - np.roll(found, 1, axis=0), axis=1)
        apart = np.linalg.norm(found - np.roll(found, m // 3, axis=0), axis=1)
        assert np.median(beside) < 0.2 * np.median(apart)


def test_nodes_that_stand_still_keep_their_bits_and_the_others_come_to_their_neighbors():
    m = 400
    weights, start = ring(m), np.zeros((m, 2), dtype=np.float32)
    turn = 2 * np.pi * np.arange(m) / m
    start[:, 0], start[:, 1] = 10 * np.cos(turn), 10 * np.sin(turn)
    lost = np.arange(m) % 10 == 0
    begin = start.copy()
    begin[lost] = 0.0
    found = lay(weights, begin, still=~lost, epochs=200)
    assert found[~lost].tobytes() == start[~lost].tobytes()
    assert np.linalg.norm(found[lost] - start[lost], axis=1).max() < 2.0


def test_weights_and_start_are_left_as_they_are():
    weights, start = ring(50), places(50)
    data, nonzero, before = weights.data.copy(), weights.nnz, start.copy()
    lay(weights, start, still=np.arange(50) < 25)
    assert weights.nnz == nonzero
    assert (weights.data == data).all()
    assert (start == before).all()


def test_every_epoch_reports_and_cancel_leaves_at_once():
    seen = []

    def stop(fraction, message):
        seen.append(fraction)
        if len(seen) == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        lay(ring(100), places(100), progress=stop)
    assert seen == pytest.approx([0, 1 / 12, 2 / 12, 3 / 12, 4 / 12])


def test_a_long_epoch_is_cut_into_pieces(monkeypatch):
    m, seen = 3_000, []
    whole = lay(ring(m), places(m))
    monkeypatch.setattr(layout, "SLICE", 700)
    pieces = lay(ring(m), places(m), threads=2, progress=lambda fraction, message: seen.append(fraction))
    assert pieces.tobytes() == whole.tobytes()
    assert len(seen) == 12 * 3 + 1


@pytest.mark.parametrize(
    "weights",
    [
        csr_array((0, 0), dtype=np.float32),
        csr_array((5, 5), dtype=np.float32),
        csr_array(np.array([[0, 1], [1, 0]], dtype=np.float32)),
        csr_array(np.array([[0, 1, 0], [1, 0, 1e-30], [0, 1e-30, 0]], dtype=np.float32)),
        csr_array(np.ones((6, 6), dtype=np.float32) - np.eye(6, dtype=np.float32)),
    ],
    ids=["no node", "no edge", "a pair", "a vanishing edge", "all tied to all"],
)
@pytest.mark.parametrize("q", [2, 4])
def test_small_graphs_and_places_that_coincide_stay_finite(weights, q):
    m = weights.shape[0]
    for start in (np.zeros((m, q)), places(m, q), 1e6 * places(m, q)):
        assert np.isfinite(lay(weights, start)).all()
