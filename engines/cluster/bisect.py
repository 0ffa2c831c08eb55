"""Cut one cluster in two, where its rows fall apart most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.artifacts import NeighborGraph
from engines.cluster.lloyd import assign, centers_of, sampled
from engines.protocols import Progress, no_progress, part

SAMPLE = 20_000
STARTS = 4


def bisect(
    graph: NeighborGraph, rows: npt.NDArray[np.int64], *, seed: int = 0, progress: Progress = no_progress
) -> npt.NDArray[np.bool_]:
    """Tell for each of some rows (r) whether it belongs to the smaller of the two parts that they fall into, bool (r).

    2-means over the vectors that the graph was made of, from four starts on at most 20,000 of them; the start that leaves the least squared
    distance holds. Rows without a direction (node -1) stay in the larger part, exact duplicates stay together. Nothing is cut off (all
    false) where the rows have fewer than two different vectors.
    """
    there = graph.unique_of[rows] >= 0
    nodes, place = np.unique(graph.unique_of[rows[there]], return_inverse=True)
    cut = np.zeros(len(rows), dtype=bool)
    if len(nodes) < 2:
        return cut
    points = graph.nodes[nodes]
    seen = sampled(points, SAMPLE, np.random.default_rng(seed))
    best, least = seen[:2], np.inf
    for start in range(STARTS):
        share = part(progress, 0.8 * start / STARTS, 0.8 * (start + 1) / STARTS)
        centers = centers_of(seen, 2, seed=seed + start, progress=share)
        left = float(assign(seen, centers)[1].sum(dtype=np.float64))
        if left < least:
            best, least = centers, left
    half = assign(points, best, part(progress, 0.8, 1.0))[0][place.ravel()]
    smaller = int(np.argmin(np.bincount(half, minlength=2)))
    cut[there] = half == smaller
    return cut if 0 < int(cut.sum()) < len(rows) else np.zeros(len(rows), dtype=bool)
