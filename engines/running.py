"""Call an engine the way the Protocol of its stage says, in this process or in a worker."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from engines.artifacts import NeighborGraph, Projection
from engines.protocols import Progress, part

LAYOUT = 0.85
"""Share of a map's time that its layout takes; the rest finds out how much of it hangs on the seed."""

STABILITY_SAMPLE = 500
"""Nodes that are laid out twice more; the figure is for reading, and costs what a map of so few costs."""


def run_engine(engine: Any, given: Any, progress: Progress, further: Mapping[str, Any] | None = None) -> Any:
    """Compute a value; a map is told how stable it is too (``notes["seed_stability"]``)."""
    if not isinstance(given, NeighborGraph) or not hasattr(engine, "seed"):
        return engine(given, progress=progress, **(further or {}))
    value = engine(given, progress=part(progress, 0.0, LAYOUT), **(further or {}))
    if isinstance(value, Projection):
        from engines.project.trust import seed_stability

        stability = seed_stability(engine, given, part(progress, LAYOUT, 1.0), sample=STABILITY_SAMPLE)
        value = dataclasses.replace(value, notes={**value.notes, **stability})
    return value
