"""Small values for the tests of naming: evidence from plain lists."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Clustering, Dataset, Embeddings
from engines.protocols import Evidence
from engines.wordnet_classes import wordnet


def clustering(*layers: Sequence[int], default: int = 0) -> Clustering:
    table = np.array(layers, dtype=np.int32)
    return Clustering(
        key="c", name="fake", layers=table, strength=np.ones(table.shape[1], dtype=np.float32), default_layer=default
    )


def dataset(n: int, *, captions: Sequence[str | None] | None = None, labels: Sequence[str | None] | None = None) -> Dataset:
    ids = [f"row-{row}" for row in range(n)]
    columns = {
        "id": pa.array(ids),
        "path": pa.array(ids),
        "label": pa.array(labels or [None] * n, pa.string()),
        "split": pa.nulls(n, pa.string()),
    }
    if captions is not None:
        columns["caption"] = pa.array(captions, pa.string())
    return Dataset(
        key="d",
        kind="vectors",
        source="",
        root="",
        rows=pa.table(columns),
        media=pa.table({"media": pa.nulls(n, pa.string())}),
        stats=np.zeros((0, 3), dtype=np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        media_key="m",
        columns_key="l",
    )


def class_of(lemma: str) -> int:
    """Find the ImageNet class by its first lemma."""
    net = wordnet()
    return next(number for number, node in enumerate(net.classes) if net.lemmas[node][0] == lemma)


def seen(*rows: dict[str, float]) -> Embeddings:
    """Make embeddings whose rows believe in ImageNet classes: {first lemma: probability}."""
    probabilities = np.zeros((len(rows), 1000), dtype=np.float16)
    for row, beliefs in enumerate(rows):
        for lemma, share in beliefs.items():
            probabilities[row, class_of(lemma)] = share
    vectors = np.ones((len(rows), 4), dtype=np.float32)
    return Embeddings(key="e", encoder="fake", vectors=vectors, probabilities=probabilities, vocabulary="imagenet1k")


def evidence(clusters: Clustering, **given) -> Evidence:
    n = clusters.layers.shape[1]
    embeddings = given.pop("embeddings", None)
    return Evidence(dataset=dataset(n, **given), embeddings=embeddings, clustering=clusters)
