"""Stage search: which rows fit words that a person types?"""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="search",
    table={
        "joint": Entry("engines.search.joint:Joint", "pictures by an encoder of pictures and texts (CLIP, SigLIP)"),
        "meaning": Entry("engines.search.meaning:Meaning", "texts by what they mean, exact words first"),
        "words": Entry("engines.search.words:Words", "texts and captions by their words (BM25)"),
        "conse": Entry(
            "engines.search.conse:ConSE", "pictures by the 1000 things that the offline encoder knows, and words near them"
        ),
        "names": Entry("engines.search.words:FileNames", "rows by the words of their labels and file names"),
    },
)
"""In order of preference: the first one that ``fits`` a data set searches it. Captions say more than what the offline encoder knows."""

__all__ = ["ENGINES"]
