"""Rarity: the share of rows that lie more densely."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Measure
from engines.keys import chain
from engines.measure.spacing import log_density
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress


@engine
class Rarity:
    """The rank of a row by density, 0..1: 0.99 means that 99 % of the rows have their ``k`` neighbors nearer; ties get their mean rank."""

    name: ClassVar[str] = "rarity"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("neighbors",)
    uses: ClassVar[tuple[str, ...]] = ()

    k: Annotated[int, Range(1, 1024), Doc("rows around a row that the distance must hold")] = 15

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Measure:
        """Measure every row that has a node."""
        from scipy.stats import rankdata

        progress(0.0, "rarity")
        graph = evidence.graph
        assert graph is not None
        density = graph.to_rows(log_density(graph, self.k), np.nan)
        known = np.isfinite(density)
        values = np.full(len(density), np.nan, dtype=np.float32)
        if known.sum() > 1:
            values[known] = (rankdata(-density[known]) - 1.0) / (known.sum() - 1.0)
        elif known.any():
            values[known] = 0.5
        key = chain("measure", self, evidence.keys(self.needs), name=self.name)
        return Measure(key=key, name=self.name, values=values, notes={"k": min(self.k, graph.k), "unit": "share of rows"})
