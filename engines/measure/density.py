"""Density: how close the neighbors of a row are, beside the typical row's."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Measure
from engines.keys import chain
from engines.measure.spacing import log_density
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress


@engine
class Density:
    """ln(median r / r), r being the distance around a row that holds ``k`` others: 0 = typical, 0.7 = half the distance, -0.7 = twice.

    No volume is computed: in the many dimensions of an embedding it would be all exponent. Duplicates count; bounded to -7..7.
    """

    name: ClassVar[str] = "density"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("neighbors",)
    uses: ClassVar[tuple[str, ...]] = ()

    k: Annotated[int, Range(1, 1024), Doc("rows around a row that the distance must hold")] = 15

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Measure:
        """Measure every row that has a node."""
        progress(0.0, "density")
        graph = evidence.graph
        assert graph is not None
        values = graph.to_rows(log_density(graph, self.k).astype(np.float32), np.nan)
        key = chain("measure", self, evidence.keys(self.needs), name=self.name)
        return Measure(
            key=key, name=self.name, values=values, notes={"k": min(self.k, graph.k), "unit": "ln(median radius / radius)"}
        )
