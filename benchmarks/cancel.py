"""Measure how long a person who cancels waits: per engine the longest time between two calls of its progress, which alone can stop it.

python -m benchmarks.cancel [--rows 20000] [--dim 128] [--only project,outlier]

All engines of neighbors, project, cluster, measure and issues, with the sketch of a map and the stability of maps under other seeds, run in this
process on vectors of ``benchmarks.synthetic`` with labels and splits; the checks of pictures and of texts on made-up facts and texts of as
many rows (every tenth a near copy of another, the pictures of a group alike; the checks of duplicates share one search, as in a run).
"Apart": in a run of this size the engine has a process of its own, which a cancel ends within two seconds whatever the engine does. All
run before on 4,200 rows, so that nobody pays for what is compiled at the first use. The longest gap is given in seconds of the clock and
of the processor, with what was said when it began.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.synthetic import write
from engines.artifacts import REJECT_SCHEMA, Dataset, Embeddings, Kind, NeighborGraph, PictureFacts
from engines.cluster import ENGINES as CLUSTER
from engines.issues import ENGINES as ISSUES
from engines.keys import digest
from engines.measure import ENGINES as MEASURE
from engines.neighbors import ENGINES as NEIGHBORS
from engines.neighbors.exact import ExactNeighbors
from engines.project import ENGINES as PROJECT
from engines.project.coarse import coarse_map
from engines.project.trust import seed_stability
from engines.protocols import Evidence, Progress, no_progress

SMALL = 4_200
COPIES = 0.1
WORDS, LENGTH = 20_000, 40
Run = Callable[[Progress], Any]
Rng = np.random.Generator


class Gaps:
    """A progress that keeps the longest time between two calls, in seconds of the clock and of the processor, and what was said before it."""

    def __init__(self) -> None:
        self.longest, self.spent, self.said = 0.0, 0.0, ""
        self._last = (time.monotonic(), time.process_time(), "start")

    def __call__(self, fraction: float, message: str) -> None:
        """Note the time that has gone by."""
        now, used = time.monotonic(), time.process_time()
        before, used_before, said = self._last
        if now - before > self.longest:
            self.longest, self.spent, self.said = now - before, used - used_before, said
        self._last = (time.monotonic(), time.process_time(), f"{fraction:.2f} {message}")


@dataclasses.dataclass(frozen=True)
class Made:
    """Data of one size: vectors, their graph, and the evidence of vectors, pictures and texts."""

    embeddings: Embeddings
    graph: NeighborGraph
    evidence: dict[str, Evidence]


def make(rows: int, dim: int) -> Made:
    """Make the data."""
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
    graph = ExactNeighbors()(embeddings)
    texts = pa.array(sentences(rng, rows, copies), pa.string())
    media: dict[Kind, pa.Array] = {
        "vectors": pa.nulls(rows, pa.binary()),
        "texts": texts,
        "pictures": pa.nulls(rows, pa.binary()),
    }
    evidence = {
        kind: Evidence(dataset=data_set(kind, column, labels, rng), embeddings=embeddings, graph=graph)
        for kind, column in media.items()
    }
    evidence["pictures"] = dataclasses.replace(evidence["pictures"], facts=facts(rng, labels, copies))
    return Made(embeddings, graph, evidence)


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


def apart(engine: Any, rows: int) -> bool:
    """Tell whether the pipeline gives the engine a process of its own."""
    return bool(engine.isolated_for(rows) if hasattr(engine, "isolated_for") else engine.isolated)


def runs(made: Made) -> Iterator[tuple[str, str, str, Run]]:
    """Give stage, name, where it runs, and what to call with a progress."""
    n = len(made.embeddings)
    umap = PROJECT.load("umap")()
    for registry, given in ((NEIGHBORS, made.embeddings), (PROJECT, made.graph), (CLUSTER, made.graph)):
        for name in registry.names():
            engine = registry.load(name)()
            where = "apart" if apart(engine, n) else "here"
            yield registry.stage, name, where, lambda progress, engine=engine, given=given: engine(given, progress=progress)
        if registry is NEIGHBORS:
            yield "project", "sketch", "here", lambda progress: coarse_map(made.embeddings, umap, "cosine", progress=progress)
    for name in ("umap", "tsne"):
        engine = PROJECT.load(name)()
        where = "apart" if apart(engine, n) else "here"
        yield (
            "project",
            f"{name}, other seeds",
            where,
            lambda progress, engine=engine: seed_stability(engine, made.graph, progress, sample=500),
        )
    for registry, kinds in ((MEASURE, ("vectors",)), (ISSUES, tuple(made.evidence))):
        for kind in kinds:
            for name in registry.names():
                engine = registry.load(name)()
                evidence = made.evidence[kind]
                if all(evidence.has(need) for need in engine.needs) and concerns(engine, kind):
                    yield (
                        registry.stage,
                        f"{name}, {kind}",
                        "here",
                        lambda progress, engine=engine, evidence=evidence: engine(evidence, progress=progress),
                    )


def concerns(engine: Any, kind: Kind) -> bool:
    """Tell whether a check does on this kind what it does not do on vectors."""
    said = kind if kind in ("pictures", "texts") else None
    return said is None or said in (*engine.needs, *engine.uses)


def chosen(made: Made, only: set[str]) -> Iterator[tuple[str, str, str, Run]]:
    """Give those runs whose stage or engine was asked for; all where nothing was."""
    return (run for run in runs(made) if not only or only & {run[0], run[1].split(",")[0]})


def measure(rows: int, dim: int, only: set[str]) -> None:
    """Print the table."""
    for _, _, _, run in chosen(make(SMALL, dim), only):
        run(no_progress)
    made = make(rows, dim)
    print(
        "| stage | engine | where | longest gap, s | its CPU s | it began at | all, s | CPU s |\n|---|---|---|---|---|---|---|---|"
    )
    for stage, name, where, run in chosen(made, only):
        gaps, began, used = Gaps(), time.monotonic(), time.process_time()
        run(gaps)
        gaps(1.0, "end")
        whole, cpu = time.monotonic() - began, time.process_time() - used
        cells = f"{gaps.longest:.2f} | {gaps.spent:.2f} | {gaps.said} | {whole:.1f} | {cpu:.1f}"
        print(f"| {stage} | {name} | {where} | {cells} |", flush=True)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--only", default="", help="names of stages and engines, comma-separated")
    given = parser.parse_args()
    measure(given.rows, given.dim, set(filter(None, given.only.split(","))))


if __name__ == "__main__":
    main()
