"""Stage neighbors: which rows lie nearest to each row? One graph, computed once, feeds the maps, the clusters and the checks."""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="neighbors",
    table={
        "auto": Entry("engines.neighbors.auto:AutoNeighbors", "exact up to 100,000 rows, approximate above", ("numba",)),
        "exact": Entry(
            "engines.neighbors.exact:ExactNeighbors", "exact nearest neighbors by blocked matrix products", ("numba",)
        ),
        "approximate": Entry(
            "engines.neighbors.approximate:ApproximateNeighbors",
            "most of the nearest neighbors, by overlapping random partitions; recall measured",
            ("numba",),
        ),
    },
)

__all__ = ["ENGINES"]
