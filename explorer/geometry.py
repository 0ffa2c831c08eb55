"""What lies where: rows inside a polygon on a map, rows next to a row in the embedding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, NeighborGraph

Rows = npt.NDArray[np.int64]
BLOCK = 4_000_000


def rows_inside(coords: Float32, polygon: Sequence[Sequence[float]]) -> Rows:
    """Give the rows of ``coords`` (n, 2) inside a polygon by the even-odd rule.

    The polygon is rounded to float32 and the test runs in float64, edge by edge in the order of the vertices, so that the browser
    which does the same comes to the same rows.
    """
    corners = np.asarray(polygon, dtype=np.float32).astype(np.float64).reshape(-1, 2)
    if len(corners) < 3 or not np.isfinite(corners).all():
        return np.empty(0, dtype=np.int64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = np.flatnonzero(((coords >= low) & (coords <= high)).all(axis=1))
    step = max(1, BLOCK // len(corners))
    parts = [near[start : start + step] for start in range(0, len(near), step)]
    found = [part[_odd(coords[part].astype(np.float64), corners)] for part in parts]
    return np.concatenate(found) if found else near


def _odd(points: npt.NDArray[np.float64], corners: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    odd = np.zeros(len(points), dtype=bool)
    x, y = points[:, 0], points[:, 1]
    x1, y1 = corners[-1]
    for x2, y2 in corners:
        if y1 != y2:
            crosses = (y2 > y) != (y1 > y)
            odd ^= crosses & (x < (x1 - x2) * (y - y2) / (y1 - y2) + x2)
        x1, y1 = x2, y2
    return odd


def nearest_rows(graph: NeighborGraph | None, row: int, k: int) -> tuple[Rows, npt.NDArray[np.float32]]:
    """Give up to k nearest rows of a row, its exact duplicates first, with similarity (1 - cosine distance, or minus distance)."""
    if graph is None or not 0 <= row < len(graph.unique_of) or graph.unique_of[row] < 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    node = int(graph.unique_of[row])
    same = np.flatnonzero(graph.unique_of == node)
    twins = same[same != row][:k]
    nodes = graph.indices[node][: max(0, k - len(twins))]
    distances = np.concatenate([np.zeros(len(twins), dtype=np.float32), graph.distances[node][: len(nodes)]])
    rows = np.concatenate([twins, graph.representative[nodes]]).astype(np.int64)
    similarity = 1.0 - distances if graph.metric == "cosine" else -distances
    return rows, similarity.astype(np.float32)
