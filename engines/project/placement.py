"""From positions of nodes to positions of rows, and fixed layouts for graphs that are too small for a method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, NeighborGraph, Projection
from engines.keys import chain
from engines.project.trust import local_trust, map_quality
from engines.protocols import Progress, no_progress, part

TINY = 3
BORDER = 0.06
"""Rows without a node lie this share of the map's height below it."""


def is_tiny(graph: NeighborGraph) -> bool:
    """Tell whether a graph has too few nodes for any method of layout."""
    return graph.m <= TINY


def tiny_layout(m: int) -> Float32:
    """Place up to three nodes: one in the middle, two side by side, three as a triangle."""
    places = {
        0: np.empty((0, 2)),
        1: np.zeros((1, 2)),
        2: np.array([[-1.0, 0.0], [1.0, 0.0]]),
        3: np.array([[-1.0, -0.5], [1.0, -0.5], [0.0, 1.0]]),
    }
    return places[m].astype(np.float32)


def laid_out(
    engine: Any,
    graph: NeighborGraph,
    layout: Callable[[Progress], tuple[Float32, dict[str, Any]]],
    progress: Progress,
    *,
    start: Projection | None = None,
) -> Projection:
    """Make the map of an engine from places (m, 2) and notes that ``layout`` gives; up to three nodes have fixed places.

    ``start``: an earlier map, if the layout begins from one.
    """
    key = chain("project", engine, [graph.key, *([start.key] if start is not None else [])], name=engine.name)
    progress(0.0, "preparing")
    if is_tiny(graph):
        return placed(graph, tiny_layout(graph.m), key=key, name=engine.name, notes={"fixed_layout": True})
    places, notes = layout(part(progress, 0.02, 0.85))
    progress(0.85, "placing rows")
    return placed(graph, places, key=key, name=engine.name, notes=notes, progress=part(progress, 0.85, 1.0))


def placed(
    graph: NeighborGraph, per_node: Float32, *, key: str, name: str, notes: dict[str, Any], progress: Progress = no_progress
) -> Projection:
    """Make the map of the rows from positions (m, 2) of the nodes, with the measures of how far it can be trusted.

    Duplicates share a position. Rows without a node are set side by side in a line below the map, in row order.
    """
    per_node = np.asarray(per_node, dtype=np.float32)
    coords = graph.to_rows(per_node, 0.0)
    lost = np.flatnonzero(graph.unique_of < 0)
    coords[lost] = _below(per_node, len(lost))
    torn, false, shares = local_trust(graph, per_node, part(progress, 0.0, 0.6))
    quality = map_quality(graph.nodes, per_node, progress=part(progress, 0.6, 1.0))
    return Projection(
        key=key,
        name=name,
        coords=coords,
        torn=graph.to_rows(torn, np.nan),
        false=graph.to_rows(false, np.nan),
        notes={**notes, **shares, **quality},
    )


def _below(per_node: Float32, count: int) -> Float32:
    """Give ``count`` evenly spaced places along the lower border of the map."""
    if not len(per_node):
        low, high = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
    else:
        low, high = per_node.min(axis=0).astype(np.float64), per_node.max(axis=0).astype(np.float64)
    width, height = np.maximum(high - low, 1.0)
    places: npt.NDArray[np.float64] = np.empty((count, 2))
    places[:, 0] = low[0] + width * (np.arange(count) + 0.5) / max(count, 1)
    places[:, 1] = low[1] - BORDER * height
    return places.astype(np.float32)
