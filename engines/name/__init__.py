"""Stage name: what is each cluster, in a word that a person would use?"""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="name",
    table={
        "evidence": Entry(
            "engines.name.evidence:BestEvidence",
            "texts or captions where rows have them, else what the encoder sees, else labels",
        ),
        "joint": Entry(
            "engines.name.joint:JointWords", "the words that an encoder of pictures and texts (CLIP, SigLIP) places nearest"
        ),
    },
)

__all__ = ["ENGINES"]
