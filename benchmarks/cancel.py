"""Measure how long a person who cancels waits, and for how long the app stands still meanwhile.

python -m benchmarks.cancel [--rows 20000] [--dim 128] [--kinds vectors] [--only project,outlier]

Per engine the longest time between two calls of its progress, which alone can stop it. All engines of neighbors, project, cluster, measure,
issues and name, the sketch of a map, the stability of maps under other seeds, the reading of a file of vectors and the comparison of
encoders run in this process on vectors of ``benchmarks.synthetic`` with labels and splits; the checks of pictures and of texts on made-up
facts and texts of as many rows (every tenth a near copy of another, the pictures of a group alike; the checks of duplicates share one
search, as in a run). Then what the pages and the command ``analyze`` make of the values found so far, the agreement of clusterings, what
the pages share and the tables; all but the last report nothing.

"Apart": in a run of this size the engine has a process of its own, which a cancel ends within two seconds whatever the engine does. All
run before on 4,200 rows, so that nobody pays for what is compiled at the first use. The longest gap is given in seconds of the clock and
of the processor, with what was said when it began. "Held": the most seconds of the processor that went by while another thread, which wants
to run every 5 ms, could not, since a single call kept the interpreter's lock.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np

from benchmarks.cancel_data import KINDS, Made, make
from engines.artifacts import Clustering, IssueResult, Kind, Measure, Names, Projection
from engines.cluster import ENGINES as CLUSTER
from engines.compare import compare
from engines.issues import ENGINES as ISSUES
from engines.measure import ENGINES as MEASURE
from engines.name import ENGINES as NAME
from engines.neighbors import ENGINES as NEIGHBORS
from engines.pipeline import Values
from engines.project import ENGINES as PROJECT
from engines.project.coarse import coarse_map
from engines.project.trust import seed_stability
from engines.protocols import Progress, SourceOptions
from engines.store import Store
from engines.told import tell
from explorer.opening import open as open_source
from explorer.report import write_report
from explorer.snapshot import snapshot

SMALL = 4_200
TICK = 0.005
Run = Callable[[Progress], Any]
Line = tuple[str, str, str, Run]


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


class Ticker:
    """A thread that wants to run every 5 ms; ``held``: the most seconds of the processor that this process used while it could not."""

    def __init__(self) -> None:
        self.held = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick)

    def _tick(self) -> None:
        last = time.process_time()
        while not self._over.wait(TICK):
            now = time.process_time()
            self.held, last = max(self.held, now - last), now

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._over.set()
        self._thread.join()


def apart(engine: Any, rows: int) -> bool:
    """Tell whether the pipeline gives the engine a process of its own."""
    return bool(engine.isolated_for(rows) if hasattr(engine, "isolated_for") else engine.isolated)


def runs(made: Made, values: Values, folder: Path) -> Iterator[Line]:
    """Give stage, name, where it runs, and what to call with a progress; what it gives may be put into ``values``."""
    n = len(made.embeddings)
    umap = PROJECT.load("umap")()
    np.save(folder / "vectors.npy", made.embeddings.vectors)
    store = Store(folder / "store")
    for name in ("given", "given, unchanged"):
        yield (
            "embed",
            name,
            "here",
            lambda progress: tell([folder / "vectors.npy"], SourceOptions(), store, verify=False, progress=progress),
        )
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
    yield from checks(made)
    yield from pages(made, values, store, folder)


def checks(made: Made) -> Iterator[Line]:
    """Give those that lean on evidence: measures, checks and names."""
    kinds: tuple[Kind, ...] = tuple(made.evidence)
    for registry, asked in ((MEASURE, kinds[:1]), (ISSUES, kinds), (NAME, kinds)):
        for kind in asked:
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


def pages(made: Made, values: Values, store: Store, folder: Path) -> Iterator[Line]:
    """Give what is made of the values of a run, on vectors."""
    if "vectors" not in made.evidence:
        return
    dataset = made.evidence["vectors"].dataset
    other = dataclasses.replace(made.clustering, layers=np.roll(made.clustering.layers, 1, axis=1))
    values.dataset, values.embeddings, values.graph = dataset, made.embeddings, made.graph
    values.clusterings |= {"leiden": made.clustering, "kmeans": other}
    ex = open_source(folder / "vectors.npy", workspace=folder / "space")
    ex.values = values
    yield "compare", "encoders", "here", lambda progress: compare({"given": made.embeddings}, dataset, store, progress)
    yield "pages", "agreement of two clusterings", "here", lambda _: ex.compare("leiden", "kmeans")
    yield "pages", "agreement with the labels", "here", lambda _: ex.compare("leiden", "label")
    yield "pages", "ids and decisions", "here", lambda _: (ex.roster.key, ex.state)
    yield "pages", "what all pages share", "here", lambda _: snapshot(ex)
    yield "pages", "table of samples", "here", lambda _: ex.samples
    yield "pages", "table of issues", "here", lambda _: ex.issues
    yield "pages", "table of clusters", "here", lambda _: ex.clusters
    yield "pages", "rows by an expression", "here", lambda _: ex.where("cluster = 1")
    yield "analyze", "writing the tables", "here", lambda progress: write_report(ex, folder / "out", progress=progress)


def keep(values: Values, name: str, found: Any) -> None:
    """Put what a run gave among the values of vectors."""
    if isinstance(found, Projection):
        values.projections[name] = found
    elif isinstance(found, Clustering):
        values.clusterings[name] = found
    elif name.endswith(", vectors"):
        kinds: dict[type, dict[str, Any]] = {IssueResult: values.issues, Measure: values.measures, Names: values.names}
        place = kinds.get(type(found))
        if place is not None:
            place["leiden" if isinstance(found, Names) else name.removesuffix(", vectors")] = found


def concerns(engine: Any, kind: Kind) -> bool:
    """Tell whether a check does on this kind what it does not do on vectors."""
    said = kind if kind in ("pictures", "texts") else None
    return said is None or said in (*engine.needs, *engine.uses)


def chosen(lines: Iterator[Line], only: set[str]) -> Iterator[Line]:
    """Give those runs whose stage or engine was asked for; all where nothing was."""
    return (line for line in lines if not only or only & {line[0], line[1].split(",")[0]})


def measure(made: Made, only: set[str], folder: Path, *, told: bool = True) -> None:
    """Run what was asked for, and print the table unless it is only told to run."""
    if told:
        print("| stage | engine | where | longest gap, s | its CPU s | held, CPU s | it began at | all, s | CPU s |")
        print("|---|---|---|---|---|---|---|---|---|")
    values = Values()
    for stage, name, where, run in chosen(runs(made, values, folder), only):
        gaps, began, used = Gaps(), time.monotonic(), time.process_time()
        with Ticker() as ticker:
            keep(values, name, run(gaps))
        gaps(1.0, "end")
        whole, cpu = time.monotonic() - began, time.process_time() - used
        cells = f"{gaps.longest:.2f} | {gaps.spent:.2f} | {ticker.held:.2f} | {gaps.said} | {whole:.1f} | {cpu:.1f}"
        if told:
            print(f"| {stage} | {name} | {where} | {cells} |", flush=True)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--only", default="", help="names of stages and engines, comma-separated")
    parser.add_argument("--kinds", default=",".join(KINDS), help="kinds of data whose checks run, comma-separated")
    given = parser.parse_args()
    only, kinds = set(filter(None, given.only.split(","))), given.kinds.split(",")
    for rows, told in ((SMALL, False), (given.rows, True)):
        with tempfile.TemporaryDirectory() as place:
            measure(make(rows, given.dim, kinds), only, Path(place), told=told)


if __name__ == "__main__":
    main()
