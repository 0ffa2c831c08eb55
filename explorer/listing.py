"""Which engines there are, which of them can run here, and how to get the others."""

from __future__ import annotations

from typing import Any

from engines.recipe import STAGES, registry


def engine_table() -> list[dict[str, Any]]:
    """List all engines of all stages in order: stage, name, summary, available, missing modules, the line that installs them."""
    return [
        {
            "stage": stage,
            "name": name,
            "summary": entry.summary,
            "default": name == registry(stage).default(),
            "available": not entry.missing(),
            "missing": entry.missing(),
            "install": entry.install_line(),
        }
        for stage in ("read", *STAGES, "export")
        for name, entry in registry(stage).entries.items()
    ]
