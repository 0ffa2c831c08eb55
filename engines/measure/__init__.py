"""Stage measure: what does the graph say about the surroundings of each row?"""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="measure",
    table={
        "density": Entry("engines.measure.density:Density", "how close a row's neighbors are, beside the typical row's"),
        "rarity": Entry("engines.measure.rarity:Rarity", "the share of rows that lie more densely: 1 is the rarest"),
        "local_dimension": Entry(
            "engines.measure.local_dimension:LocalDimension", "in how many directions the data vary around a row"
        ),
        "typicality": Entry("engines.measure.typicality:Typicality", "how typical a row's surroundings are of its label"),
    },
)

__all__ = ["ENGINES"]
