"""UMAP with the optimization of umap-learn itself, from the shared graph: what our own is held against."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np

from engines.artifacts import Float32, NeighborGraph, Projection
from engines.memberships import memberships
from engines.parameters import Doc, Range, engine
from engines.project.axes import starting_places
from engines.project.placement import laid_out
from engines.protocols import Progress, no_progress, part

MANY_EPOCHS_UP_TO = 10_000
QUIET_BELOW = 500
"""Small layouts are over at once, and may run inside a notebook, where the bar of umap-learn would show itself."""


class _EpochCounter:
    """Stand in for the file on which umap-learn's progress bar writes ``epoch/epochs``, and report each line as progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def write(self, text: str) -> int:
        done, _, whole = text.strip().partition("/")
        if done.isdigit() and whole.isdigit():
            self._progress(int(done) / max(int(whole), 1), f"epoch {done} of {whole}")
        return len(text)

    def flush(self) -> None:
        """Have nothing to write out."""


@contextmanager
def _bar_lock_released() -> Iterator[None]:
    """Free the lock that tqdm keeps when a bar's file raises (a cancel): every later bar of the process would wait for it."""
    try:
        yield
    except BaseException:
        from tqdm.auto import tqdm

        with suppress(RuntimeError, AssertionError, ValueError):  # not ours: the exception came from elsewhere
            tqdm.get_lock().release()
        raise


@engine
class UmapLearn:
    """Lay out the graph by UMAP (McInnes, Healy, Melville 2018) with umap-learn's own descent, in one thread.

    It compiles for some ten CPU seconds in every process; the maps are as good as those of the engine umap. ``n_neighbors`` counts the node itself, as in umap-learn, and is clipped to what the graph holds.
    """

    name: ClassVar[str] = "umap-learn"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ("umap-learn",)
    isolated: ClassVar[bool] = True

    n_neighbors: Annotated[int, Range(2, 200), Doc("size of the neighborhood: small = detail, large = overview")] = 15
    min_dist: Annotated[float, Range(0.0, 0.99), Doc("how tightly points may be packed")] = 0.1
    n_epochs: Annotated[int | None, Range(1, 5000), Doc("rounds of layout; none = 500 up to 10,000 rows, 200 above")] = None
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers")] = 0

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Projection:
        """Lay the nodes out in one thread, so that the same seed gives the same bytes."""
        return laid_out(self, graph, partial(self._layout, graph), progress)

    def _layout(self, graph: NeighborGraph, progress: Progress) -> tuple[Float32, dict[str, Any]]:
        k = min(self.n_neighbors - 1, graph.k)
        epochs = self.n_epochs or (500 if graph.m <= MANY_EPOCHS_UP_TO else 200)
        weights = memberships(graph.indices[:, :k], graph.distances[:, :k], progress=part(progress, 0.0, 0.01))
        start = starting_places(graph.nodes, self.seed, progress=part(progress, 0.01, 0.02)).astype(np.float32)
        progress(0.02, "compiling the layout")
        from umap.umap_ import find_ab_params, simplicial_set_embedding

        a, b = find_ab_params(1.0, self.min_dist)
        with _bar_lock_released():
            places, _ = simplicial_set_embedding(
                data=graph.nodes,
                graph=weights,
                n_components=2,
                initial_alpha=1.0,
                a=a,
                b=b,
                gamma=1.0,
                negative_sample_rate=5,
                n_epochs=epochs,
                init=start,
                random_state=np.random.RandomState(self.seed),  # the type that umap-learn takes
                metric="euclidean",
                metric_kwds={},
                densmap=False,
                densmap_kwds={},
                output_dens=False,
                parallel=False,
                tqdm_kwds={
                    "disable": graph.m < QUIET_BELOW,
                    "file": _EpochCounter(part(progress, 0.05, 1.0)),
                    "bar_format": "{n}/{total}",
                    "miniters": 1,
                    "mininterval": 0.2,
                },
            )
        return np.asarray(places, dtype=np.float32), {"n_neighbors": k + 1, "n_epochs": epochs}
