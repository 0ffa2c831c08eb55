"""Find rows that lie far from all others, also where they come in twins."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, IssueResult, NeighborGraph
from engines.issues.result import Finding, make, skip, worth_a_reason
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress, part

BLOCK = 65_536
MIN_NODES = 8
LEAST_SPREAD = 0.05
SHOWN = 0.01
LOW_FENCE = 0.6
LEAST_COSINE = 0.02


@engine
class Outlier:
    """Score a row by its distance to its k-th nearest neighbor, neighbors that look like outliers themselves not counted.

    First the plain k-th neighbor distance (Ramaswamy, Rastogi, Shim 2000); then once more without the ``aside`` share of nodes that had the
    largest one, so that a few foreign rows that resemble each other do not hide each other. Flagged from the upper quartile plus
    ``fence`` interquartile ranges on (Tukey 1977); where cosines leave no room above the quartile, the last hundredth is flagged if it
    lies at least 0.6 of that far out. Rows of which there are very many copies have themselves as neighbors and are none.
    """

    name: ClassVar[str] = "outlier"
    version: ClassVar[int] = 2
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("neighbors",)
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "row"

    k: Annotated[int, Range(1, 500), Doc("which neighbor's distance counts; fewer in small data sets")] = 20
    aside: Annotated[float, Range(0, 0.5), Doc("share of suspicious rows that are not counted as neighbors")] = 0.03
    fence: Annotated[float, Range(0, 20), Doc("interquartile ranges above the upper quartile from which rows are flagged")] = (
        1.5
    )

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every row; rows without a direction are the worst."""
        graph = evidence.graph
        assert graph is not None
        if graph.m < MIN_NODES or graph.k == 0:
            return skip(self, evidence, f"needs at least {MIN_NODES} different rows")
        k = min(self.k, graph.k, max(1, math.isqrt(graph.m)))
        progress(0.0, "outliers")
        distance = trusted_distance(graph, k, self.aside, part(progress, 0.0, 0.8))
        distance[_common(graph, k, self.aside)] = 0.0
        progress(0.8, "outliers")
        score = stretched(distance, graph.metric)
        q1, q3 = (float(value) for value in np.quantile(score, [0.25, 0.75]))
        spread = max(q3 - q1, LEAST_SPREAD)
        fence = q3 + self.fence * spread
        cut = min(fence, max(float(np.quantile(score, 1 - SHOWN)), q3 + LOW_FENCE * self.fence * spread))
        raw = graph.to_rows(score, np.float32(max(float(score.max()), cut) + 3 * spread))
        shown = graph.to_rows(distance, np.float32(0))
        usual = float(np.median(distance))
        notes: dict[str, Any] = {"k": k, "usual_distance": usual, "without_direction": int((graph.unique_of < 0).sum())}
        reasons = {}
        for row in worth_a_reason(raw, cut, spread).tolist():
            reasons[row] = (
                f"{_ordinal(k)} nearest neighbor lies at distance {shown[row]:.3g}, where {usual:.3g} is usual."
                if graph.unique_of[row] >= 0
                else "Its vector has no direction (all zeros, or equal to the mean of all), so nothing lies near it."
            )
        progress(1.0, "outliers")
        return make(self, evidence, Finding(raw=raw, cut=cut, scale=spread, reasons=reasons, notes=notes))


def trusted_distance(graph: NeighborGraph, k: int, aside: float, progress: Progress = no_progress) -> Float32:
    """Give the distance of each node (m) to its k-th neighbor among those that do not look like outliers themselves.

    Where the graph does not reach that far, the distance to the last neighbor it holds stands in.
    """
    first = graph.distances[:, k - 1]
    suspicious = first > np.quantile(first, 1 - aside)
    score = np.empty(graph.m, dtype=np.float32)
    for start in range(0, graph.m, BLOCK):
        progress(start / graph.m, "outliers")
        nodes = slice(start, start + BLOCK)
        counted = np.cumsum(~suspicious[graph.indices[nodes]], axis=1, dtype=np.int32)
        place: npt.NDArray[np.int64] = (counted >= k).argmax(axis=1)
        place[counted[:, -1] < k] = graph.k - 1
        score[nodes] = np.take_along_axis(graph.distances[nodes], place[:, None], axis=1)[:, 0]
    return score


def _common(graph: NeighborGraph, k: int, aside: float) -> npt.NDArray[np.bool_]:
    """Tell which nodes (m) stand for so many equal rows, more than k and than the ``aside`` share of all, that they are what is usual."""
    rows = graph.unique_of[graph.unique_of >= 0]
    return np.bincount(rows, minlength=graph.m) > max(k, aside * len(rows))


def stretched(distance: Float32, metric: str) -> Float32:
    """Map distances to a scale without a ceiling, order kept, so that a fence of quartiles means something.

    Cosine: -ln(1 - distance), since unlike things of centered vectors pile up just below 1; from a cosine of 0.02 down a straight line.
    Euclidean: the logarithm, with a floor.
    """
    if metric == "cosine":
        cosine = 1.0 - distance.astype(np.float64)
        line = np.maximum(LEAST_COSINE - cosine, 0.0) / LEAST_COSINE
        return np.asarray(line - np.log(np.maximum(cosine, LEAST_COSINE)), dtype=np.float32)
    floor = max(1e-6 * float(np.median(distance)), 1e-30)
    return np.asarray(np.log(distance.astype(np.float64) + floor), dtype=np.float32)


def _ordinal(k: int) -> str:
    if k == 1:
        return "The"
    ending = "th" if 10 <= k % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th")
    return f"Its {k}{ending}"
