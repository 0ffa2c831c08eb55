"""Rarity: the share of rows that lie more densely."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Measure
from engines.keys import chain
from engines.measure.spacing import radius
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress


@engine
class Rarity:
    """The rank of a row by density, 0..1: 0.99 means that 99 % of the rows have their ``k`` neighbors nearer; ties get their mean rank.

    Our definition; the distance is that of ``Density``. It says how a row stands among the others, not that something is wrong with it.
    """

    name: ClassVar[str] = "rarity"
    version: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ("neighbors",)
    uses: ClassVar[tuple[str, ...]] = ()

    k: Annotated[int, Range(1, 1024), Doc("rows around a row that the distance must hold")] = 15

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Measure:
        """Measure every row that has a node; NaN where there is one node only."""
        from scipy.stats import rankdata

        graph = evidence.graph
        assert graph is not None
        around = graph.to_rows(radius(graph, self.k, progress, "rarity"), np.nan)
        known = np.isfinite(around)
        count = int(known.sum())
        values = np.full(len(around), np.nan, dtype=np.float32)
        if count:
            values[known] = (rankdata(around[known]) - 1.0) / max(count - 1, 1)
        key = chain("measure", self, evidence.keys(self.needs), name=self.name)
        return Measure(key=key, name=self.name, values=values, notes={"k": min(self.k, graph.k), "unit": "share of rows"})
