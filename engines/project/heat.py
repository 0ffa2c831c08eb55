"""A map of distances along the data, measured by the flow of heat: what grows, branches or turns back keeps its shape."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np

from engines.artifacts import Float32, NeighborGraph, Projection
from engines.memberships import memberships
from engines.parameters import Doc, Range, engine, speed_only
from engines.project.axes import starting_places
from engines.project.cells import cells_of
from engines.project.geodesics import heat_distances
from engines.project.placement import laid_out
from engines.project.stress import scaled
from engines.protocols import Progress, available_threads, no_progress, part

ROUNDS = 8
"""How often every node moves to the mean of its neighbors, where there are more nodes than cells."""


@engine
class Heat:
    """Lay out the graph so that distances on the map are distances along the data (heat geodesics, Varadhan 1967).

    Written from the mathematics (see docs/decisions/0011): heat on the symmetric graph gives the distances (``geodesics``), metric
    multidimensional scaling the map (``stress``). Above ``landmarks`` nodes the heat flows between the cells around as many of them (``cells``),
    and each node goes to the mean of the cells to which a random walk of some steps leads from it. Beside UMAP and t-SNE it keeps the order of
    far distances, and fewer nearest neighbors. ``n_neighbors`` counts the node itself, as in UMAP, and is clipped to what the graph holds.
    """

    name: ClassVar[str] = "heat"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    isolated: ClassVar[bool] = True

    n_neighbors: Annotated[int, Range(2, 200), Doc("size of the neighborhood: more close gaps, fewer avoid shortcuts")] = 15
    landmarks: Annotated[int, Range(10, 4000), Doc("cells between which distances are measured; time grows with the cube")] = (
        1000
    )
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers")] = 0
    threads: Annotated[int | None, Range(1), Doc("processor threads; none = all")] = speed_only(None)

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Projection:
        """Lay the nodes out; the same seed gives the same bytes on any number of threads.

        Raises:
            Cancelled: when ``progress`` asks for it.
        """
        return laid_out(self, graph, partial(self._layout, graph), progress)

    def _layout(self, graph: NeighborGraph, progress: Progress) -> tuple[Float32, dict[str, Any]]:
        k = min(self.n_neighbors - 1, graph.k)
        if not k:
            return starting_places(graph.nodes, self.seed).astype(np.float32), {"without_neighbors": True}
        threads = self.threads or available_threads()
        weights = memberships(graph.indices[:, :k], graph.distances[:, :k], progress=part(progress, 0.0, 0.1))
        cells = cells_of(graph, weights, k, self.landmarks, seed=self.seed, threads=threads, progress=part(progress, 0.1, 0.3))
        distances = heat_distances(cells.flow, cells.points, threads=threads, progress=part(progress, 0.3, 0.7))
        places = scaled(distances, seed=self.seed, progress=part(progress, 0.7, 0.9))[cells.owner]
        if graph.m > len(cells.points):
            degree = np.asarray(weights.sum(axis=1)).ravel() + 1.0
            for done in range(ROUNDS):
                progress(0.9 + 0.1 * done / ROUNDS, "placing nodes between landmarks")
                places = (weights @ places + places) / degree[:, None]
        return places.astype(np.float32), {"n_neighbors": k + 1, "landmarks": len(cells.points)}
