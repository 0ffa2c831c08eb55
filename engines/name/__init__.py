"""Stage name: what is each cluster, in a word that a person would use?"""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="name",
    table={
        "evidence": Entry(
            "engines.name.evidence:BestEvidence", "captions where rows have them, else what the encoder sees, else labels"
        ),
    },
)

__all__ = ["ENGINES"]
