"""Local intrinsic dimension by maximum likelihood."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Measure
from engines.keys import chain
from engines.measure.spacing import chords
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress

FEWEST = 4


@engine
class LocalDimension:
    """The maximum-likelihood estimate of Levina and Bickel 2005 from the distances r_1 <= ... <= r_k to a row's neighbors.

    d = (k - 2) / sum_{j < k} ln(r_k / r_j), which is unbiased where the density is even. Distances of 0 are dropped; rows with fewer
    than four others have none. ``notes["mean"]`` averages inverse estimates (MacKay and Ghahramani 2005): an arithmetic mean would follow the
    largest. Small k means noise, large k means that what is measured is no longer local: figures of different k do not compare.
    """

    name: ClassVar[str] = "local_dimension"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("neighbors",)
    uses: ClassVar[tuple[str, ...]] = ()

    k: Annotated[int, Range(FEWEST, 1024), Doc("neighbors that the estimate sees")] = 20

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Measure:
        """Measure every row that has a node with enough neighbors."""
        progress(0.0, "local dimension")
        graph = evidence.graph
        assert graph is not None
        away = chords(graph, self.k)
        count = (away > 0).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(away > 0, np.log(away[:, -1:] / away), 0.0) if away.shape[1] else np.zeros((graph.m, 1))
            total = logs.sum(axis=1)
            good = (count >= FEWEST) & (total > 0)
            dimension = np.where(good, (count - 2) / total, np.nan)
        inverse = total[good] / (count[good] - 1)
        mean = float(1.0 / inverse.mean()) if len(inverse) else None
        values = graph.to_rows(np.minimum(dimension, 1e6).astype(np.float32), np.nan)
        key = chain("measure", self, evidence.keys(self.needs), name=self.name)
        notes = {"k": min(self.k, graph.k), "unit": "dimensions", "mean": None if mean is None else round(mean, 2)}
        return Measure(key=key, name=self.name, values=values, notes=notes)
