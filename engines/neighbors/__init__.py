"""Stage neighbors: which rows lie nearest to each row? One graph, computed once, feeds the maps, the clusters and the checks."""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="neighbors",
    table={
        "exact": Entry(
            "engines.neighbors.exact:ExactNeighbors", "exact nearest neighbors by blocked matrix products (faiss)", ("faiss",)
        ),
    },
)

__all__ = ["ENGINES"]
