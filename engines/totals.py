"""Sums of points by group, read in blocks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.protocols import Progress, no_progress

BLOCK = 8_192


def totals_of(
    points: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], count: int, progress: Progress = no_progress
) -> npt.NDArray[np.float64]:
    """Give the sum of the points of each of ``count`` groups, float64 (count, d); points of a negative label are left out."""
    from scipy.sparse import csc_array

    total = np.zeros((count, points.shape[1]))
    for start in range(0, len(points), BLOCK):
        progress(start / len(points), "means of groups")
        own = labels[start : start + BLOCK]
        block = np.asarray(points[start : start + BLOCK], dtype=np.float64)
        # One nonzero number per column: the product adds each point to its group, in order.
        members = csc_array(
            ((own >= 0).astype(np.float64), np.maximum(own, 0), np.arange(len(own) + 1)), shape=(count, len(own))
        )
        total += members @ block
    return total
