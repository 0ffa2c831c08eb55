"""Small real engines that stand for big ones in the tests, also as a distribution that a stranger would install."""

import os
import signal
import time
from pathlib import Path
from typing import Annotated

import numpy as np

from engines.artifacts import Embeddings, NeighborGraph, Projection
from engines.keys import chain
from engines.parameters import Range, engine
from engines.protocols import Progress, no_progress

DIST_INFO = "fake_engines-1.0.dist-info"
ENTRY_POINTS = """[dataset_explorer.project]
mirror = tests.fakes:Mirror
worker-mirror = tests.fakes:WorkerMirror
deaf = tests.fakes:Deaf
crash = tests.fakes:Crash
"""


def install_plug_ins(folder: Path) -> None:
    """Write the metadata of a distribution that adds the projectors below; ``folder`` must be on the path."""
    (folder / DIST_INFO).mkdir(parents=True)
    (folder / DIST_INFO / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-engines\nVersion: 1.0\n")
    (folder / DIST_INFO / "entry_points.txt").write_text(ENTRY_POINTS)


@engine
class Mirror:
    """Put each row where its first two vector components say, times a scale."""

    scale: Annotated[float, Range(0.0, 100.0)] = 1.0
    seed: int = 0

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Projection:
        progress(0.5, "mirroring")
        coords = np.zeros((graph.m, 2), dtype=np.float32)
        coords[:, : min(2, graph.nodes.shape[1])] = graph.nodes[:, :2] * np.float32(self.scale)
        key = chain("project", self, [graph.key], name="mirror")
        return Projection(key=key, name="mirror", coords=graph.to_rows(coords, 0.0), notes={"pid": os.getpid()})


@engine
class WorkerMirror(Mirror):
    """Do the same in a worker process, and print noise on its way."""

    isolated = True

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Projection:
        print("a library that prints what nobody asked for")
        return Mirror.__call__(self, graph, progress=progress)


@engine
class Deaf:
    """Never report, never end: a library that cannot be interrupted."""

    isolated = True

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Projection:
        progress(0.1, f"pid {os.getpid()}")
        time.sleep(600)
        return Mirror()(graph)


@engine
class Crash:
    """Die of a segmentation fault, as a compiled library may."""

    isolated = True

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Projection:
        os.kill(os.getpid(), signal.SIGSEGV)
        return Mirror()(graph, progress=progress)


def blobs(n: int = 300, d: int = 16, centers: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Give n vectors around a few centers, and which center each belongs to."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, centers, n)
    where = rng.normal(0, 4, (centers, d))
    return (where[truth] + rng.normal(0, 1, (n, d))).astype(np.float32), truth


def embeddings(vectors: np.ndarray, key: str = "e" * 24) -> Embeddings:
    """Wrap vectors as a value."""
    return Embeddings(
        key=key,
        encoder="given",
        vectors=np.asarray(vectors, dtype=np.float32),
        probabilities=np.empty((len(vectors), 0), np.float16),
    )
