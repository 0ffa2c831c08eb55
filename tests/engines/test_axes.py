import numpy as np
import pytest

from engines import axes
from engines.axes import leading
from engines.errors import Cancelled


def moments(kind, d=120):
    rng = np.random.default_rng(0)
    if kind == "zero":
        return np.zeros((d, d))
    if kind == "one direction":
        vector = rng.normal(size=d)
        return np.outer(vector, vector)
    if kind == "all alike":
        return np.eye(d)
    scale = {"falling": 1 / np.arange(1, d + 1), "nearly even": np.ones(d), "huge": np.full(d, 1e30), "tiny": np.full(d, 1e-30)}
    rows = rng.normal(size=(3 * d, d)) * scale[kind]
    return rows.T @ rows


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("kind", ["falling", "nearly even", "huge", "tiny", "zero", "one direction", "all alike"])
def test_the_axes_are_those_of_the_whole_problem(kind, count, monkeypatch):
    matrix = moments(kind)
    values, vectors = np.linalg.eigh(matrix)
    whole = leading(matrix, count)
    monkeypatch.setattr(axes, "DENSE_UP_TO", 50)
    found = leading(matrix, count)
    for some in (whole, found):
        np.testing.assert_allclose(some.T @ some, np.eye(count), atol=1e-12)
        captured = np.einsum("dc,de,ec->c", some, matrix, some)
        np.testing.assert_allclose(captured, values[::-1][:count], rtol=1e-9, atol=1e-9 * values[-1])
    if kind in ("falling", "nearly even"):
        np.testing.assert_allclose(np.abs(np.sum(found * vectors[:, ::-1][:, :count], axis=0)), 1, atol=1e-9)
    assert leading(matrix, count).tobytes() == found.tobytes()


def test_a_cancel_leaves_before_any_product(monkeypatch):
    monkeypatch.setattr(axes, "DENSE_UP_TO", 50)
    told = []
    leading(moments("nearly even"), 2, progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert len(told) > 4
    for stop in range(4):
        left = iter(range(stop))

        def halt(fraction, message, left=left):
            if next(left, None) is None:
                raise Cancelled

        with pytest.raises(Cancelled):
            leading(moments("nearly even"), 2, progress=halt)
