import numpy as np
import pytest

from engines.errors import Cancelled
from engines.project import randomized_pca as module
from engines.project.randomized_pca import randomized_components


def stretched(n, d, seed=0):
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return (rng.normal(size=(n, d)) * 20 / np.arange(1, d + 1) @ turned + 30 * rng.normal(size=d)).astype(np.float32)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 1 << 16)


@pytest.mark.parametrize(("n", "d"), [(3000, 120), (150, 400), (40, 15)])
def test_it_equals_pca(n, d, small_blocks):
    from sklearn.decomposition import PCA

    matrix = stretched(n, d)
    exact = PCA(5, svd_solver="full").fit(matrix.astype(np.float64))
    found = randomized_components(matrix, 5)
    deviations = np.sqrt(exact.explained_variance_ * (n - 1) / n)
    np.testing.assert_allclose(found.deviations, deviations, rtol=1e-3)
    assert np.abs((found.axes.T * exact.components_).sum(axis=1)) == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(5), atol=1e-9)
    np.testing.assert_allclose(found.mean, matrix.mean(axis=0, dtype=np.float64), atol=1e-3)
    assert found.variance == pytest.approx(matrix.astype(np.float64).var(axis=0).sum(), rel=1e-4)
    scores = (matrix - found.mean) @ found.axes
    np.testing.assert_allclose(np.abs(scores), np.abs(exact.transform(matrix)), atol=1e-3 * deviations[0])


def test_a_flat_spectrum_gives_singular_values_within_a_thousandth(small_blocks):
    matrix = np.random.default_rng(0).normal(size=(2000, 400)).astype(np.float32) * np.linspace(1.5, 1, 400, dtype=np.float32)
    wanted = np.linalg.svd(matrix - matrix.mean(axis=0), compute_uv=False)[:2]
    np.testing.assert_allclose(randomized_components(matrix, 2).deviations * np.sqrt(2000), wanted, rtol=1e-3)


def test_a_file_on_the_disk_is_read_in_blocks_and_as_often_as_said(tmp_path, small_blocks):
    matrix = stretched(2000, 64)
    np.save(tmp_path / "vectors.npy", matrix)

    class Counted:
        """A memory-mapped matrix that knows what was read of it."""

        def __init__(self, mapped):
            self.mapped, self.shape, self.read, self.largest = mapped, mapped.shape, 0, 0

        def __len__(self):
            return len(self.mapped)

        def __getitem__(self, rows):
            block = self.mapped[rows]
            if block.ndim == 2:
                self.read += len(block)
                self.largest = max(self.largest, block.nbytes)
            return block

    counted = Counted(np.load(tmp_path / "vectors.npy", mmap_mode="r"))
    found = randomized_components(counted, 3)
    assert counted.largest <= 1 << 16
    assert counted.read == found.passes * 2000 == 8 * 2000
    assert found.axes.tobytes() == randomized_components(matrix, 3).axes.tobytes()


def test_signs_and_bytes_are_fixed():
    matrix = stretched(500, 30)
    found = randomized_components(matrix, 4)
    assert found.axes.tobytes() == randomized_components(matrix, 4).axes.tobytes()
    assert (found.axes[np.abs(found.axes).argmax(axis=0), range(4)] > 0).all()
    other = randomized_components(matrix, 4, seed=1)
    np.testing.assert_allclose(other.axes, found.axes, atol=1e-3)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (1, 3), (2, 3), (3, 1)])
def test_few_rows_or_columns_give_as_many_axes_as_there_can_be(shape):
    found = randomized_components(np.random.default_rng(0).normal(size=shape).astype(np.float32), 2)
    assert found.axes.shape == (shape[1], min(2, *shape))
    assert np.isfinite(found.axes).all()
    assert np.isfinite(found.deviations).all()


def test_equal_rows_have_no_deviation():
    found = randomized_components(np.full((50, 6), 3.0, dtype=np.float32), 2)
    np.testing.assert_allclose(found.deviations, 0, atol=1e-6)
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(2), atol=1e-9)


def test_cancel_leaves_and_progress_never_falls(small_blocks):
    seen = []
    randomized_components(stretched(1000, 40), 2, progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] <= 1

    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        randomized_components(stretched(1000, 40), 2, progress=stop)
