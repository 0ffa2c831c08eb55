"""Typicality: how much denser a row's own label is around it than the data set as a whole."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from engines.artifacts import Measure
from engines.codes import encode, most_frequent
from engines.keys import chain
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, no_progress

BLOCK = 65_536


@engine
class Typicality:
    """ln p(x | label) - ln p(x), by neighbors: the logarithm of the share of the ``k`` nearest with the row's label over that label's share of all.

    Both densities count neighbors in the same ball (Loftsgaarden and Quesenberry 1965), so that its volume cancels. 0: the label is no more
    frequent around the row than anywhere; high: the row lies where its label lies; low: it does not. The most that a row can have is
    -ln of its label's share of all rows, so that figures compare within a label. Two neighbors at the label's own rate are added, so
    that none is minus infinity. Neighbors without a label do not count; a duplicate group is one neighbor, with the label of most of its rows.
    """

    name: ClassVar[str] = "typicality"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("labels", "neighbors")
    uses: ClassVar[tuple[str, ...]] = ()

    k: Annotated[int, Range(1, 1024), Doc("neighbors that are counted")] = 30

    def __call__(self, evidence: Evidence, *, progress: Progress = no_progress) -> Measure:
        """Measure every labeled row that has a node; NaN for the others."""
        graph, column = evidence.graph, evidence.dataset.rows.column("label")
        assert graph is not None
        label, names = encode(column)
        prior = np.bincount(label[label >= 0], minlength=len(names)) / max(int((label >= 0).sum()), 1)
        values = np.full(len(label), np.nan, dtype=np.float32)
        rows = np.flatnonzero((label >= 0) & (graph.unique_of >= 0))
        of_node = most_frequent(graph.unique_of[rows].astype(np.int64), label[rows], graph.m, len(names))
        for start in range(0, len(rows), BLOCK):
            progress(start / max(len(rows), 1), "typicality")
            block = rows[start : start + BLOCK]
            near = of_node[graph.indices[graph.unique_of[block], : self.k]]
            own = (near == label[block][:, None]).sum(axis=1)
            known = (near >= 0).sum(axis=1)
            rate = prior[label[block]]
            values[block] = np.log((own + 2.0 * rate) / (known + 2.0) / rate)
        key = chain("measure", self, evidence.keys(self.needs), name=self.name)
        return Measure(
            key=key, name=self.name, values=values, notes={"k": min(self.k, graph.k), "unit": "ln of a ratio of densities"}
        )
