"""Evidence over any vectors, with or without labels."""

import numpy as np
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset, NeighborGraph
from engines.neighbors.exact import ExactNeighbors
from engines.protocols import Evidence
from tests.engines.neighbors.hard import embeddings


def dataset(labels) -> Dataset:
    n = len(labels)
    ids = pa.array([str(row) for row in range(n)], pa.string())
    nothing = pa.nulls(n, pa.string())
    return Dataset(
        key="rows",
        kind="vectors",
        source="rows",
        root="",
        rows=pa.table({"id": ids, "path": nothing, "label": pa.array(labels, pa.string()), "split": nothing}),
        media=pa.table({"media": nothing}),
        stats=np.empty((0, 3), dtype=np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        media_key="rows",
        columns_key="labels",
    )


def evidence(graph: NeighborGraph, labels=None) -> Evidence:
    return Evidence(dataset=dataset(labels if labels is not None else [None] * len(graph.unique_of)), graph=graph)


def of(vectors, metric="euclidean", k=90) -> NeighborGraph:
    return ExactNeighbors(metric=metric, k=k)(embeddings(vectors))
