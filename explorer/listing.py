"""Which engines there are, which of them can run here, and how to get the others."""

from __future__ import annotations

from typing import Any

from engines.recipe import STAGES, registry


def engine_table() -> list[dict[str, Any]]:
    """List all engines of all stages in order: stage, name, for which data, summary, available, missing modules, the line that installs them."""
    return [
        {
            "stage": stage,
            "name": name,
            "modality": entry.modality,
            "summary": entry.summary,
            "default": name == _default(stage, entry.modality),
            "available": not entry.missing(),
            "missing": entry.missing(),
            "install": entry.install_line(),
        }
        for stage in ("read", *STAGES, "search", "export")
        for name, entry in registry(stage).entries.items()
    ]


def _default(stage: str, modality: str) -> str:
    """Name the engine of a stage that is used unless a person chooses: with encoders the first for each kind of data."""
    entries = registry(stage).entries
    return next(name for name, entry in entries.items() if entry.modality == modality)
