"""Made-up data for the benchmark of cancel: vectors with labels and splits, their graph and clusters, facts of pictures, texts."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.synthetic import write
from engines.artifacts import REJECT_SCHEMA, Clustering, Dataset, Embeddings, Kind, NeighborGraph, PictureFacts
from engines.exact_search import Space
from engines.keys import digest
from engines.neighbors.auto import EXACT_UP_TO
from engines.neighbors.building import graph_of
from engines.neighbors.exact import ExactNeighbors
from engines.neighbors.prepare import prepare
from engines.protocols import Evidence, available_threads, no_progress

COPIES = 0.1
WORDS, LENGTH = 20_000, 40
BLOCK = 4_096
GROUPS, PARTS = 20, 50
"""Clusters of the coarser layer, and into how many the finer one cuts each."""
KINDS: tuple[Kind, ...] = ("vectors", "texts", "pictures")
Rng = np.random.Generator


@dataclasses.dataclass(frozen=True)
class Made:
    """Data of one size: vectors, their graph, clusters, and the evidence of vectors, pictures and texts."""

    embeddings: Embeddings
    graph: NeighborGraph
    clustering: Clustering
    evidence: dict[Kind, Evidence]


def make(rows: int, dim: int, kinds: Collection[str]) -> Made:
    """Make the data, and the evidence of some kinds of it; the graph is exact up to 100,000 rows, and of ``rough_graph`` above."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        write(Path(place) / "vectors.npy", rows, dim, labels=Path(place) / "labels.npy")
        vectors, labels = np.load(Path(place) / "vectors.npy"), np.load(Path(place) / "labels.npy")
    copies = rng.choice(rows, int(COPIES * rows), replace=False)
    vectors[copies] = vectors[(copies + 1) % rows] * (1 + 1e-3 * rng.normal(size=(len(copies), dim)))
    vectors[copies[::4]] = vectors[(copies[::4] + 1) % rows]
    embeddings = Embeddings(
        key=digest(str(rows)), encoder="given", vectors=vectors, probabilities=np.empty((rows, 0), dtype=np.float16)
    )
    graph = ExactNeighbors()(embeddings) if rows <= EXACT_UP_TO else rough_graph(embeddings, labels)
    clustering = clusters(labels)
    evidence: dict[Kind, Evidence] = {}
    for kind in KINDS:
        if kind in kinds:
            media = pa.array(sentences(rng, rows, copies), pa.string()) if kind == "texts" else pa.nulls(rows, pa.binary())
            rows_of_kind = data_set(kind, media, labels, rng)
            found = facts(rng, labels, copies) if kind == "pictures" else None
            evidence[kind] = Evidence(
                dataset=rows_of_kind, embeddings=embeddings, graph=graph, clustering=clustering, facts=found
            )
    return Made(embeddings, graph, clustering, evidence)


def rough_graph(embeddings: Embeddings, labels: Any, k: int = 30) -> NeighborGraph:
    """Make a graph of many rows in seconds: the neighbors of a node are those beside it by group and first column, in order of their distance."""
    ready = prepare(embeddings.vectors, "cosine", no_progress)
    m, space = len(ready.nodes), Space(ready.nodes, "cosine", available_threads())
    order = np.lexsort((ready.nodes[:, 0], labels[ready.representative]))
    place = np.empty(m, dtype=np.int64)
    place[order] = np.arange(m)
    indices, distances = np.empty((m, k), dtype=np.int32), np.empty((m, k), dtype=np.float32)
    for start in range(0, m, BLOCK):
        rows = np.arange(start, min(start + BLOCK, m))
        first = np.clip(place[rows] - k // 2, 0, m - k - 1)
        indices[rows], distances[rows] = space.nearest(rows, order[first[:, None] + np.arange(k + 1)], k)
    return graph_of(ExactNeighbors(), embeddings, ready, (indices, distances), recall=0.0, notes={"method": "rough"})


def clusters(labels: Any) -> Clustering:
    """Make two layers: the groups, and each cut into parts without a meaning."""
    n = len(labels)
    fine = GROUPS + labels * PARTS + np.arange(n) % PARTS
    return Clustering(
        key=digest("clusters", str(n)),
        name="leiden",
        layers=np.stack([labels, np.unique(fine, return_inverse=True)[1] + GROUPS]).astype(np.int32),
        strength=np.ones(n, dtype=np.float32),
        default_layer=0,
    )


def data_set(kind: Kind, media: pa.Array, labels: Any, rng: Rng) -> Dataset:
    """Make the rows, a twentieth of the labels wrong."""
    n = len(media)
    given = np.where(rng.random(n) < 0.05, rng.integers(0, 20, n), labels)
    columns = {
        "id": [f"{row:08d}" for row in range(n)],
        "path": [None] * n,
        "label": [f"class {label}" for label in given.tolist()],
        "split": np.where(rng.random(n) < 0.8, "train", "test").tolist(),
    }
    return Dataset(
        key=digest(kind, str(n)),
        kind=kind,
        source="made",
        root="",
        rows=pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}),
        media=pa.table({"media": media}),
        stats=np.zeros((0, 3), dtype=np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        media_key=digest(kind, str(n)),
        columns_key=digest(kind, str(n)),
    )


def sentences(rng: Rng, rows: int, copies: Any) -> list[str]:
    """Make texts of some 40 words after Zipf; a copy has one word less."""
    words = np.array([f"{'bcdfghklmnprst'[n % 14]}{'aeiou'[n % 5]}{n:x}" for n in range(WORDS)])
    share = 1.0 / np.arange(10, WORDS + 10)
    drawn = rng.choice(WORDS, (rows, LENGTH), p=share / share.sum())
    size = rng.integers(3, LENGTH, rows)
    texts = [list(words[line[:count]]) for line, count in zip(drawn, size.tolist(), strict=True)]
    for row in copies.tolist():
        texts[row] = texts[(row + 1) % rows][:-1]
    return [" ".join(text) for text in texts]


def facts(rng: Rng, labels: Any, copies: Any) -> PictureFacts:
    """Make the facts of pictures: signatures and colors of a group and of the picture, so that groups are alike."""
    n = len(labels)
    signature = 128 + 30 * rng.normal(size=(20, 256))[labels] + 20 * rng.normal(size=(n, 256))
    colors = 128 + 30 * rng.normal(size=(20, 48))[labels] + 20 * rng.normal(size=(n, 48))
    hashes = rng.integers(0, 2**63, size=(2, n), dtype=np.uint64)
    following = (copies + 1) % n
    signature[copies] = signature[following] + rng.normal(size=(len(copies), 256))
    colors[copies], hashes[:, copies] = colors[following], hashes[:, following]
    raw = [np.clip(values, 0, 255).astype(np.uint8) for values in (signature, colors)]
    found: dict[str, Any] = {name: rng.random(n) for name in PictureFacts.COLUMNS}
    found.update(
        content_hash=[f"{row:016x}" for row in range(n)],
        pixel_hash=[f"{row:016x}" for row in range(n)],
        dhash=hashes[0],
        phash=hashes[1],
        width=rng.integers(200, 400, n),
        height=rng.integers(200, 400, n),
        mode=["RGB"] * n,
        format=["JPEG"] * n,
        file_size=rng.integers(9_000, 90_000, n),
        entropy=8 * rng.random(n),
        signature=[line.tobytes() for line in raw[0]],
        colors=[line.tobytes() for line in raw[1]],
    )
    return PictureFacts(
        key=digest("facts", str(n)),
        facts=pa.table({name: pa.array(found[name]).cast(kind) for name, kind in PictureFacts.COLUMNS.items()}),
    )
