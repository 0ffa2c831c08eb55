"""Density: how close the neighbors of a row are, beside the typical row's."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Measure
from engines.keys import chain
from engines.measure.spacing import radius
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress

BOUND = 7.0


@engine
class Density:
    """ln(median r / r), r being the distance around a row that holds ``k`` others: 0 = typical, 0.7 = half the distance, -0.7 = twice.

    Our definition. No volume is computed: in the many dimensions of an embedding it would be all exponent, so figures are ratios of lengths and
    compare between rows of one data set. Cosine distances d are taken as chords sqrt(2 d). Duplicates count as rows; a row with ``k``
    duplicates or more has the upper bound 7, and the median is that of different vectors. Bounded to -7..7.
    """

    name: ClassVar[str] = "density"
    version: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ("neighbors",)
    uses: ClassVar[tuple[str, ...]] = ()

    k: Annotated[int, Range(1, 1024), Doc("rows around a row that the distance must hold")] = 15

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Measure:
        """Measure every row that has a node; NaN where there is one node only."""
        graph = evidence.graph
        assert graph is not None
        around = radius(graph, self.k, progress, "density")
        known = around[np.isfinite(around) & (around > 0)]
        middle = float(np.median(known)) if len(known) else 1.0
        with np.errstate(divide="ignore"):
            density = np.clip(np.log(middle) - np.log(around), -BOUND, BOUND)
        values = graph.to_rows(density.astype(np.float32), np.nan)
        key = chain("measure", self, evidence.keys(self.needs), name=self.name)
        notes = {
            "k": min(self.k, graph.k),
            "unit": "ln(median radius / radius)",
            "median_radius": middle if len(known) else None,
        }
        return Measure(key=key, name=self.name, values=values, notes=notes)
