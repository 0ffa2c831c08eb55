"""PCA as a map: no parameters, no randomness, ready at once."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from engines.artifacts import NeighborGraph, Projection
from engines.keys import chain
from engines.parameters import engine
from engines.project.axes import principal_coordinates
from engines.project.placement import is_tiny, placed, tiny_layout
from engines.protocols import Progress, no_progress, part


@engine
class Pca:
    """Project the prepared vectors on the two axes of largest variance; ``notes["explained"]`` holds their shares of it.

    Vectors may be memory-mapped and larger than memory: see ``axes.principal_coordinates``.
    """

    name: ClassVar[str] = "pca"
    version: ClassVar[int] = 3
    isolated: ClassVar[bool] = False

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Projection:
        """Project; signs are fixed, so that equal vectors give equal maps."""
        progress(0.0, "principal axes")
        key = chain("project", self, [graph.key], name=self.name)
        if is_tiny(graph):
            return placed(graph, tiny_layout(graph.m), key=key, name=self.name, notes={"fixed_layout": True})
        coordinates, shares = principal_coordinates(graph.nodes, progress=part(progress, 0.0, 0.5))
        progress(0.5, "placing rows")
        notes = {"explained": [round(share, 4) for share in shares]}
        return placed(
            graph, coordinates.astype(np.float32), key=key, name=self.name, notes=notes, progress=part(progress, 0.5, 1.0)
        )
