"""Measure the search of neighbors beside the libraries: CPU, wall, peak memory and recall, each in a fresh process, on the same vectors.

python -m benchmarks.neighbors [--rows 50000,200000] [--million] [--only "ours: approximate,pynndescent k=15"]

The vectors are synthetic (``benchmarks.synthetic``), 512 columns, memory-mapped. Every search is for the cosine of centered vectors; the
libraries get the vectors centered, which their processes pay for. Recall is the share of the 15 true nearest among the 15 first found, on
2,000 rows that no search knows of, judged by plain products of all 512 columns in float64. pynndescent runs with what umap-learn hands to it.
Every process runs twice before on a few rows: the first run pays for what is compiled once after installation, the second shows what
every process pays for before it starts ("start-up", contained in "CPU s").
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.synthetic import write

Ids = npt.NDArray[np.integer[Any]]
Found = tuple[Ids, dict[str, Any]]

RECALL_AT = 15
ASKED = 2_000
SEED = 20_260
"""Of the rows that are asked; the engines' own samples have the seed 0."""
SMALL = 5_000
SLOW_ABOVE = 200_000
"""Rows above which exact search and faiss IVF take too long to be measured."""
BLOCK = 20_000


def asked(rows: int) -> Ids:
    """Choose the rows on which recall is judged."""
    return np.sort(np.random.default_rng(SEED).choice(rows, min(ASKED, rows), replace=False))


def truth(place: Path) -> Ids:
    """Give the 15 nearest (asked, 15) of the asked rows by the cosine of centered vectors, in float64 from all columns."""
    vectors = np.load(place, mmap_mode="r")
    starts = range(0, len(vectors), BLOCK)
    total = np.sum([vectors[start : start + BLOCK].sum(axis=0, dtype=np.float64) for start in starts], axis=0)
    mean = total / len(vectors)
    queries = asked(len(vectors))
    wanted = _unit(vectors[queries] - mean)
    best = np.full((len(queries), RECALL_AT), -np.inf)
    ids = np.full((len(queries), RECALL_AT), -1, dtype=np.int64)
    for start in starts:
        block = _unit(vectors[start : start + BLOCK] - mean)
        cosines = wanted @ block.T
        own = np.flatnonzero((queries >= start) & (queries < start + len(block)))
        cosines[own, queries[own] - start] = -np.inf
        top = np.argpartition(-cosines, RECALL_AT, axis=1)[:, :RECALL_AT]
        both = np.concatenate([best, np.take_along_axis(cosines, top, axis=1)], axis=1)
        names = np.concatenate([ids, top + start], axis=1)
        order = np.argsort(-both, axis=1, kind="stable")[:, :RECALL_AT]
        best, ids = np.take_along_axis(both, order, axis=1), np.take_along_axis(names, order, axis=1)
    return ids


def _unit(block: npt.NDArray[Any]) -> npt.NDArray[Any]:
    unit: npt.NDArray[Any] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return unit


def centered(place: Path) -> npt.NDArray[np.float32]:
    """Read the vectors less their mean: what the libraries are given."""
    vectors = np.load(place)
    vectors -= vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    return np.asarray(vectors)


def ours(name: str, **given: Any) -> Callable[[Path], Found]:
    """Search by an engine of ours with its defaults: 90 neighbors up to 100,000 rows and 30 above."""

    def search(place: Path) -> Found:
        from engines.neighbors import ENGINES
        from engines.told import given_embeddings

        graph = ENGINES.load(name)(**given)(given_embeddings(np.load(place, mmap_mode="r")))
        rows = graph.representative[graph.indices[graph.unique_of[asked(len(graph.unique_of))]]]
        return rows, {"k": graph.k, "stated": graph.recall if graph.notes["method"] == "approximate" else None}

    return search


def pynndescent(neighbors: int) -> Callable[[Path], Found]:
    """Search by pynndescent with the trees, rounds and candidates that umap-learn 0.5 chooses; the row itself is one of its neighbors."""

    def search(place: Path) -> Found:
        from pynndescent import NNDescent  # type: ignore[import-untyped]  # it ships no types

        vectors = centered(place)
        index = NNDescent(
            vectors,
            n_neighbors=neighbors + 1,
            metric="cosine",
            random_state=0,
            n_trees=min(64, 5 + round(len(vectors) ** 0.5 / 20.0)),
            n_iters=max(5, round(np.log2(len(vectors)))),
            max_candidates=60,
            low_memory=True,
            compressed=False,
        )
        return index.neighbor_graph[0][asked(len(vectors))], {"k": neighbors}

    return search


def inverted_lists(place: Path) -> Found:
    """Search by faiss: 4 sqrt(n) lists, of which 24 are looked into."""
    import faiss

    vectors = centered(place)
    faiss.normalize_L2(vectors)
    lists = min(int(4 * len(vectors) ** 0.5), len(vectors) // 40)
    index = faiss.index_factory(vectors.shape[1], f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    faiss.ParameterSpace().set_index_parameter(index, "nprobe", 24)
    return index.search(vectors, 31)[1][asked(len(vectors))], {"k": 30}


WORK: dict[str, Callable[[Path], Found]] = {
    "ours: exact": ours("exact"),
    "ours: approximate": ours("approximate"),
    "pynndescent k=15": pynndescent(15),
    "pynndescent k=30": pynndescent(30),
    "faiss IVF": inverted_lists,
}
SLOW = ("ours: exact", "faiss IVF")
OURS, PEER = "ours: approximate", "pynndescent k=15"


def recall(found: Ids, true: Ids, rows: int) -> float:
    """Give the share of the true neighbors among the 15 first that are not the row itself."""
    shares = []
    for row, mine, right in zip(asked(rows).tolist(), found.tolist(), true.tolist(), strict=True):
        others = [other for other in mine if other != row][:RECALL_AT]
        shares.append(len(set(others) & set(right)) / len(right))
    return float(np.mean(shares))


def piece(name: str, vectors: Path, out: Path) -> None:
    """Do one search, or find the truth, in this process, and leave what was found."""
    if name == "truth":
        np.save(out, truth(vectors))
        return
    found, facts = WORK[name](vectors)
    from engines.worker import peak_rss  # not getrusage: its peak is inherited from the parent

    np.save(out, found)
    out.with_suffix(".json").write_text(json.dumps({**facts, "peak": peak_rss() / 2**20}), encoding="utf-8")


def measured(name: str, vectors: Path, out: Path) -> dict[str, Any]:
    """Do a piece in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.neighbors", "--piece", name, "--vectors", str(vectors), "--out", str(out)]
    started = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, "OMP_WAIT_POLICY": "passive"})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} failed with code {process.returncode}")
    facts = out.with_suffix(".json")
    told = json.loads(facts.read_text(encoding="utf-8")) if facts.exists() else {}
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - started, **told}


def start_up(names: list[str], folder: Path) -> dict[str, float]:
    """Give the CPU seconds of the second run of each on a few rows."""
    few = folder / "few.npy"
    write(few, SMALL, 512)
    return {name: [measured(name, few, folder / "found.npy")["cpu"] for _ in range(2)][1] for name in names}


def compare(rows: int, names: list[str], first: dict[str, float], folder: Path) -> None:
    """Print the lines of one size."""
    vectors, out = folder / "vectors.npy", folder / "found.npy"
    write(vectors, rows, 512)
    measured("truth", vectors, folder / "truth.npy")
    true = np.load(folder / "truth.npy")
    spent: dict[str, float] = {}
    for name in names:
        if name in SLOW and rows > SLOW_ABOVE:
            continue
        used = measured(name, vectors, out)
        spent[name] = used["cpu"]
        stated = f"{used['stated']:.3f}" if used.get("stated") is not None else ""
        share = used["peak"] * 2**20 / (rows * 512 * 4)
        print(
            f"| {rows:,} | {name} | {used['k']} | {used['cpu']:.1f} | {first[name]:.1f} | {used['wall']:.1f} | {used['peak']:,.0f} "
            f"| {share:.2f} | {recall(np.load(out), true, rows):.3f} | {stated} |",
            flush=True,
        )
    if {OURS, PEER} <= set(spent):
        print(f"| {rows:,} | **{OURS} / {PEER}** | | **{spent[OURS] / spent[PEER]:.2f}** | | | | | | |", flush=True)


def main() -> None:
    """Print the table, or do one piece of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="50000,200000")
    parser.add_argument("--million", action="store_true", help="a million rows too: about 20 minutes, 8 GB")
    parser.add_argument("--only", default=",".join(WORK), help="comma-separated names")
    parser.add_argument("--piece", default="")
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.piece:
        piece(given.piece, given.vectors, given.out)
        return
    names = given.only.split(",")
    sizes = [int(rows) for rows in given.rows.split(",") if rows] + [1_000_000] * given.million
    with tempfile.TemporaryDirectory() as place:
        first = start_up(names, Path(place))
        print("| rows | what | k | CPU s | start-up | wall s | peak MiB | peak / vectors | recall@15 | stated |")
        print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
        for rows in sizes:
            compare(rows, names, first, Path(place))


if __name__ == "__main__":
    main()
