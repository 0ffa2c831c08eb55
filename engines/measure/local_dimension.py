"""Local intrinsic dimension by maximum likelihood."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Measure
from engines.keys import chain
from engines.measure.spacing import Float64, blocks, chords
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress

FEWEST = 4
MOST = 1e6


@engine
class LocalDimension:
    """The maximum-likelihood estimate of Levina and Bickel 2005 from the distances r_1 <= ... <= r_k to a row's neighbors.

    d = (k - 2) / sum_{j < k} ln(r_k / r_j), which is unbiased where the density is even (their plain estimate, with k - 1, is 6 % too high at
    k = 20). Distances of 0 are dropped; rows with fewer than four others have none. ``notes["mean"]`` averages inverse estimates (MacKay
    and Ghahramani 2005): an arithmetic mean would follow the largest. Small k means noise, large k means that what is measured is no
    longer local: figures of different k do not compare. In many dimensions every estimate from few neighbors is too low (Gaussians of 10 and 16
    dimensions, 5,000 rows, k = 20: 9.4 and 13.6). Cosine distances d are taken as chords sqrt(2 d) on the sphere, which has one dimension
    less than the space.
    """

    name: ClassVar[str] = "local_dimension"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("neighbors",)
    uses: ClassVar[tuple[str, ...]] = ()

    k: Annotated[int, Range(FEWEST, 1024), Doc("neighbors that the estimate sees")] = 20

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Measure:
        """Measure every row that has a node with enough neighbors."""
        graph = evidence.graph
        assert graph is not None
        dimension = np.full(graph.m, np.nan, dtype=np.float32)
        inverse, counted = 0.0, 0
        for block in blocks(graph, progress, "local dimension"):
            count, total = _logarithms(chords(graph, block, self.k))
            good = (count >= FEWEST) & (total > 0)
            dimension[block][good] = np.minimum((count[good] - 2) / total[good], MOST)
            inverse += float((total[good] / (count[good] - 1)).sum())
            counted += int(good.sum())
        values = graph.to_rows(dimension, np.nan)
        key = chain("measure", self, evidence.keys(self.needs), name=self.name)
        mean = round(counted / inverse, 2) if counted else None
        return Measure(
            key=key, name=self.name, values=values, notes={"k": min(self.k, graph.k), "unit": "dimensions", "mean": mean}
        )


def _logarithms(away: Float64) -> tuple[Float64, Float64]:
    """Give how many distances (b, k) of each row are not 0, and the sum of ln(r_k / r_j) over them."""
    if not away.shape[1]:
        return np.zeros(len(away)), np.zeros(len(away))
    there = away > 0
    logs = np.log(away, out=np.zeros_like(away), where=there)
    count = there.sum(axis=1).astype(np.float64)
    total: Float64 = count * logs[:, -1] - logs.sum(axis=1)  # distances ascend: a row whose last is 0 has no others
    return count, total
