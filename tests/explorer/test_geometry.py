"""What lies inside a polygon, and what lies next to a row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.neighbors.exact import ExactNeighbors
from explorer.geometry import nearest_rows, rows_inside
from tests.fakes import blobs, embeddings

coordinate = st.floats(-100, 100, width=32)


@given(
    st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=40),
    st.tuples(coordinate, coordinate, coordinate, coordinate),
)
def test_a_box_holds_what_lies_between_its_sides(
    points: list[tuple[float, float]], box: tuple[float, float, float, float]
) -> None:
    coords = np.array(points, dtype=np.float32)
    low, high = sorted(box[:2]), sorted(box[2:])
    polygon = [[low[0], high[0]], [low[1], high[0]], [low[1], high[1]], [low[0], high[1]]]
    strictly = (coords[:, 0] > low[0]) & (coords[:, 0] < low[1]) & (coords[:, 1] > high[0]) & (coords[:, 1] < high[1])
    at_all = (coords[:, 0] >= low[0]) & (coords[:, 0] <= low[1]) & (coords[:, 1] >= high[0]) & (coords[:, 1] <= high[1])
    found = set(rows_inside(coords, polygon).tolist())
    assert set(np.flatnonzero(strictly).tolist()) <= found <= set(np.flatnonzero(at_all).tolist())


def _odd_slowly(point: np.ndarray, polygon: np.ndarray) -> bool:
    odd, previous = False, polygon[-1]
    for corner in polygon:
        if (corner[1] > point[1]) != (previous[1] > point[1]):
            at = (previous[0] - corner[0]) * (point[1] - corner[1]) / (previous[1] - corner[1]) + corner[0]
            odd ^= bool(point[0] < at)
        previous = corner
    return odd


@given(st.integers(0, 2**32 - 1), st.integers(3, 60))
def test_any_polygon_agrees_with_the_rule_point_by_point(seed: int, corners: int) -> None:
    rng = np.random.default_rng(seed)
    coords = rng.normal(size=(50, 2)).astype(np.float32)
    polygon = rng.normal(size=(corners, 2)).astype(np.float32)
    expected = [row for row in range(50) if _odd_slowly(coords[row].astype(float), polygon.astype(float))]
    assert rows_inside(coords, polygon.tolist()).tolist() == expected


@pytest.mark.parametrize("polygon", [[], [[0, 0]], [[0, 0], [1, 1]], [[0, 0], [1, float("nan")], [1, 0]]])
def test_what_is_no_polygon_holds_nothing(polygon: list[list[float]]) -> None:
    assert len(rows_inside(np.zeros((3, 2), dtype=np.float32), polygon)) == 0


def test_nearest_rows_are_those_of_a_search_by_hand_and_twins_come_first() -> None:
    vectors, _ = blobs(60, d=8)
    vectors[5] = vectors[40]
    graph = ExactNeighbors(k=10)(embeddings(vectors))
    rows, similarity = nearest_rows(graph, 40, 4)
    assert rows[0] == 5
    assert similarity[0] == 1.0
    centered = vectors - np.unique(vectors, axis=0).mean(axis=0)
    centered /= np.linalg.norm(centered, axis=1, keepdims=True)
    cosine = centered @ centered[40]
    cosine[[5, 40]] = -2
    assert rows[1:].tolist() == np.argsort(-cosine)[:3].tolist()
    np.testing.assert_allclose(similarity[1:], np.sort(cosine)[::-1][:3], atol=1e-5)
    assert len(nearest_rows(None, 0, 5)[0]) == 0
    assert len(nearest_rows(graph, 999, 5)[0]) == 0
