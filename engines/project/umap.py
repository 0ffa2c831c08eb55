"""UMAP from the shared graph: a map of a sample first, then all nodes refined in place."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, NeighborGraph, Projection
from engines.density_map import density_force
from engines.layout import optimize
from engines.memberships import memberships
from engines.parameters import Doc, Range, engine, speed_only
from engines.project.axes import starting_places
from engines.project.coarse import SAMPLE, coarse_places, extend, parted, sample_of
from engines.project.placement import laid_out
from engines.protocols import Progress, available_threads, no_progress, part

COARSE_FROM = 2 * SAMPLE
"""Smaller graphs are laid out at once, from their principal axes."""
EPOCHS, RATE = 500, 1.0
"""From principal axes."""
FINE_EPOCHS, FINE_RATE = 100, 0.25
"""From a coarse map: its islands stay where they are, and as many neighbors are kept as from principal axes."""
ISOLATED_FROM = 100_000
"""Nodes from which a process of its own pays: it gives the memory back. Below, it would cost a second and gain nothing."""


@engine
class Umap:
    """Lay out the graph by UMAP (McInnes, Healy, Melville 2018) with a compiled descent of our own.

    umap-learn compiles its descent in every process (13 CPU seconds) and its search of neighbors (35 more); ours is kept on the disk. From
    4,000 nodes on it begins from a map of 2,000 of them, which costs a second, and refines it in place: measured on the same graphs
    this keeps as many neighbors as umap-learn's 200 to 500 epochs (see docs/benchmarks.md). ``n_neighbors`` counts the node
    itself, as in umap-learn, and is clipped to what the graph holds. ``density`` above 0 makes the map a densMAP (Narayan, Berger, Cho 2021): rows
    with wide surroundings get wide surroundings; the sketch of a sample, and new rows among old ones, are laid out without it.
    """

    name: ClassVar[str] = "umap"
    version: ClassVar[int] = 4
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    isolated: ClassVar[bool] = True

    n_neighbors: Annotated[int, Range(2, 200), Doc("size of the neighborhood: small = detail, large = overview")] = 15
    min_dist: Annotated[float, Range(0.0, 0.99), Doc("how tightly points may be packed")] = 0.1
    density: Annotated[
        float, Range(0.0, 10.0), Doc("how much the map shows what is dense and what is spread out (densMAP); 0 = off, try 0.5")
    ] = 0.0
    n_epochs: Annotated[
        int | None,
        Range(1, 5000),
        Doc("rounds of layout; none = 500 from principal axes, 100 from a map of a sample (from 4,000 rows)"),
    ] = None
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers")] = 0
    threads: Annotated[int | None, Range(1), Doc("processor threads; none = all")] = speed_only(None)

    @classmethod
    def isolated_for(cls, n: int) -> bool:
        """Tell whether ``n`` nodes are laid out in a process of their own: the descent itself holds no lock and stops within a second."""
        return n >= ISOLATED_FROM

    def __call__(
        self, graph: NeighborGraph, *, start: Projection | None = None, progress: Progress = no_progress
    ) -> Projection:
        """Lay the nodes out; the same seed gives the same bytes on any number of threads.

        ``start``: an earlier map of the same rows (``coarse_map``) to refine in place of one that is made here.
        """
        return laid_out(self, graph, partial(self._layout, graph, start), progress, start=start)

    def extend(
        self, graph: NeighborGraph, places: Float32, known: npt.NDArray[np.bool_], *, progress: Progress = no_progress
    ) -> Float32:
        """Lay the nodes that are not ``known`` (m) out among those that are, which keep their ``places`` (m, 2) to the bit; see ``coarse.extend``."""
        return extend(graph, places, known, umap=self, progress=progress)

    def _layout(self, graph: NeighborGraph, start: Projection | None, progress: Progress) -> tuple[Float32, dict[str, Any]]:
        k = min(self.n_neighbors - 1, graph.k)
        fine = start is not None or graph.m >= COARSE_FROM
        epochs = self.n_epochs or (FINE_EPOCHS if fine else EPOCHS)
        begin = self._begin(graph, start, part(progress, 0.0, 0.25))
        weights = memberships(graph.indices[:, :k], graph.distances[:, :k], progress=part(progress, 0.25, 0.3))
        threads = self.threads or available_threads()
        force = None
        if self.density:
            shown = part(progress, 0.3, 0.32)
            force = density_force(
                weights, graph, strength=self.density, min_dist=self.min_dist, threads=threads, progress=shown
            )
        places = optimize(
            weights,
            begin,
            min_dist=self.min_dist,
            epochs=epochs,
            rate=FINE_RATE if fine else RATE,
            seed=self.seed,
            threads=threads,
            progress=part(progress, 0.32 if self.density else 0.3, 1.0),
            also=force,
        )
        return places, {"n_neighbors": k + 1, "n_epochs": epochs, **({"density": self.density} if force else {})}

    def _begin(self, graph: NeighborGraph, start: Projection | None, progress: Progress) -> Float32:
        if start is not None:
            return parted(start.coords[graph.representative], self.seed)
        if graph.m < COARSE_FROM:
            return starting_places(graph.nodes, self.seed, progress=progress).astype(np.float32)
        return coarse_places(
            lambda rows: np.asarray(graph.nodes[rows]),
            graph.m,
            sample_of(graph.m, self.seed),
            umap=self,
            metric=graph.metric,
            progress=progress,
        )
