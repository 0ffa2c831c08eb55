"""Push a million rows of fake values through store, worker, tables, decisions, undo and export; print seconds and peak memory.

python -m benchmarks.skeleton [--rows 1000000]
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engines.artifacts import REJECT_SCHEMA, Clustering, Dataset, Embeddings, NeighborGraph, Projection
from engines.curate.state import replay
from engines.decisions import DecisionLog
from engines.embed.rowcache import Batch, RowCache
from engines.errors import Cancelled
from engines.idsets import Roster
from engines.issue_result import PAIR_SCHEMA, IssueResult
from engines.keys import digest
from engines.pipeline import Values
from engines.store import Store
from engines.worker import Job, call, peak_rss
from explorer.rowwise import Tags, Words
from explorer.tables import Decided, samples_table

D, K = 16, 5


class Table:
    """Collect and print rows of step, seconds, CPU seconds and peak memory."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """Time one step."""
        wall, cpu = time.monotonic(), time.process_time()
        made = work()
        row = f"| {name} | {time.monotonic() - wall:.2f} | {time.process_time() - cpu:.2f} | {peak_rss() / 2**20:,.0f} |"
        self.rows.append(row)
        print(row, flush=True)
        return made


def fake_dataset(n: int) -> Dataset:
    """Make n rows with ids, labels and one column of a person's own."""
    ids = pa.array([f"class_{i % 100:03d}/picture_{i:07d}.jpg" for i in range(n)])
    rows = pa.table(
        {
            "id": ids,
            "path": ids,
            "label": pa.array([f"class_{i % 100:03d}" for i in range(n)]),
            "split": pa.nulls(n, pa.string()),
            "caption": pa.array([f"caption {i % 1000}" for i in range(n)]),
        }
    )
    return Dataset(
        key=digest("dataset", str(n)),
        kind="vectors",
        source="fake",
        root="",
        rows=rows,
        media=pa.table({"media": pa.nulls(n, pa.binary())}),
        stats=np.zeros((0, 3), np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        media_key=digest("media", str(n)),
        columns_key=digest("columns", str(n)),
    )


def fake_graph(n: int) -> NeighborGraph:
    """Make a graph of random neighbors: checks and sizes are what they would be, the meaning is not."""
    rng = np.random.default_rng(0)
    step = np.sort(rng.integers(1, n, (n, K), dtype=np.int64), axis=1)
    indices = ((np.arange(n)[:, None] + step) % n).astype(np.int32)
    return NeighborGraph(
        key=digest("graph", str(n)),
        metric="cosine",
        indices=indices,
        distances=np.sort(rng.random((n, K), dtype=np.float32), axis=1),
        unique_of=np.arange(n, dtype=np.int32),
        representative=np.arange(n, dtype=np.int32),
        center=np.zeros(D, dtype=np.float32),
        nodes=rng.random((n, D), dtype=np.float32),
        mean_cosine=0.0,
        recall=1.0,
    )


def fake_clusters(n: int) -> Clustering:
    """Make a thousand clusters in ten."""
    fine = (np.arange(n) % 1000).astype(np.int32)
    return Clustering(
        key=digest("clusters", str(n)),
        name="fake",
        layers=np.stack([fine % 10, fine + 10]),
        strength=np.ones(n, dtype=np.float32),
        default_layer=1,
    )


def fake_issue(n: int) -> IssueResult:
    """Score every row at random."""
    nothing = pa.nulls(n, pa.string())
    return IssueResult(
        key=digest("issue", str(n)),
        check_name="outlier",
        scope="row",
        raw=np.random.default_rng(1).normal(size=n).astype(np.float32),
        cut=2.5,
        scale=1.0,
        details=pa.table({"suggestion": nothing, "reason": nothing}),
        pairs=PAIR_SCHEMA.empty_table(),
    )


def _round_trip(store: Store, values: list[Any]) -> list[Any]:
    return [store.put(value) for value in values]


def _fill_cache(path: Path, n: int) -> None:
    vector, probabilities = np.ones(D, dtype=np.float32), np.zeros(0, dtype=np.float16)
    with RowCache(path) as cache:
        for start in range(0, n, 4096):
            batch = Batch(encoder="fake")
            batch.vectors.extend((f"{row:064x}", vector, probabilities) for row in range(start, min(start + 4096, n)))
            cache.write(batch)


def _read_cache(path: Path, n: int) -> int:
    with RowCache(path) as cache:
        vectors, _ = cache.vectors([f"{row:064x}" for row in range(n)], "fake")
    return len(vectors)


def _decide(log: DecisionLog, ids: list[str], times: int, size: int) -> None:
    rng = np.random.default_rng(2)
    for number in range(times):
        picked = rng.choice(len(ids), size, replace=False)
        log.append(("exclude", "tag", "relabel")[number % 3], [ids[i] for i in picked], value=None if number % 3 == 0 else "x")


def _cancelled_worker(store: Store, graph: NeighborGraph) -> float:
    """Start a worker over the graph, cancel it at its first word, and give the seconds from there to its end."""
    asked = threading.Event()
    moment = 0.0

    def progress(_fraction: float, _message: str) -> None:
        nonlocal moment
        if not asked.is_set():
            asked.set()
            moment = time.monotonic()
        raise Cancelled

    job = Job(
        stage="project", name="pca", parameters={}, given=("neighbors", graph.key), key="cancelled", store=str(store.root)
    )
    try:
        call(job, progress=progress)
    except Cancelled:
        return time.monotonic() - moment
    raise RuntimeError("the worker was not cancelled")


def main() -> None:
    """Run the probe in a fresh folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    n = parser.parse_args().rows
    table = Table()
    print(f"{n:,} rows, d = {D}, k = {K}, {multiprocessing.cpu_count()} processors\n")
    print("| step | seconds | CPU seconds | peak MiB so far |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        space = Path(folder)
        store = Store(space)
        dataset = table.step("make and check the data set", lambda: fake_dataset(n))
        graph, clusters, issue = fake_graph(n), fake_clusters(n), fake_issue(n)
        vectors = np.zeros((n, D), dtype=np.float32)
        embeddings = Embeddings(key="e", encoder="fake", vectors=vectors, probabilities=np.empty((n, 0), np.float16))
        table.step("put five values into the store", lambda: _round_trip(store, [dataset, embeddings, graph, clusters, issue]))
        dataset = table.step("load the data set", lambda: store.get(Dataset, dataset.key))
        table.step("load the graph", lambda: store.get(NeighborGraph, graph.key))
        job = Job(stage="project", name="pca", parameters={}, given=("neighbors", graph.key), key="map", store=str(space))
        usage = table.step("PCA in a worker process", lambda: call(job, progress=lambda _fraction, _message: None))
        print(f"|  the worker itself | | {usage.cpu_seconds:.2f} | {usage.peak_rss / 2**20:,.0f} |")
        seconds = _cancelled_worker(store, graph)
        print(f"|  cancel of a worker, until it is gone | {seconds:.2f} | | |")
        projection = store.get(Projection, "map")
        assert projection is not None
        rows = min(n, 100_000)
        table.step(f"row cache: write {rows:,} vectors", lambda: _fill_cache(space / "cache.sqlite", rows))
        table.step(f"row cache: read {rows:,} vectors", lambda: _read_cache(space / "cache.sqlite", rows))
        ids = dataset.ids
        log = DecisionLog(space / "decisions.sqlite")
        table.step("tell the log all ids", lambda: log.use_roster(Roster(ids)))
        table.step("30 decisions about 100,000 rows each", lambda: _decide(log, ids, 30, min(n, 100_000)))
        table.step("100 decisions about one row each", lambda: _decide(log, ids, 100, 1))
        table.step("undo, redo", lambda: (log.undo(), log.redo()))
        state = table.step("replay the log", lambda: replay(log.entries(), ids))
        values = Values(
            dataset=dataset,
            graph=graph,
            projections={"pca": projection},
            clusterings={"fake": clusters},
            issues={"outlier": issue},
        )
        labels, tags = Words(state.label_names, state.label_codes), Tags(state.tagged, n)
        decided = Decided(excluded=state.excluded, labels=labels, tags=tags, thresholds=state.thresholds)
        samples = table.step("build samples", lambda: samples_table(values, decided, ["pca"]))
        table.step("write samples.parquet", lambda: pq.write_table(samples, space / "samples.parquet", compression="zstd"))
        table.step("samples as a pandas frame", samples.to_pandas)
        size = sum(path.stat().st_size for path in space.rglob("*") if path.is_file())
        print(
            f"\nworkspace: {size / 2**20:,.0f} MiB; decisions.sqlite: {(space / 'decisions.sqlite').stat().st_size / 2**20:.1f} MiB"
        )
        log.close()


if __name__ == "__main__":
    main()
