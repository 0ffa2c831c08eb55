"""Rank rows by words: which search engine fits the data set, and which encoder places the words."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engines.artifacts import Float32
from engines.errors import MissingPackage, ParameterError
from engines.ingestion import encoder_for
from engines.lexicon import remembering
from engines.protocols import JointEncoder, Progress, Ranking, SearchSpace, TextEncoder, no_progress
from engines.recipe import registry
from engines.store import Store

if TYPE_CHECKING:
    from explorer.api import Explorer

LONGEST = 2000
"""Letters of a query that are read; no encoder sees more."""
WORDS_ENCODER = "minilm"
SHARED = "shared"
"""The folder beside the workspaces for what belongs to no data set."""

Tower = Callable[[Sequence[str]], Float32]


@dataclass(frozen=True, kw_only=True)
class SearchOffer:
    """What the search box says while it is empty, and what this search cannot know."""

    engine: str
    placeholder: str
    note: str


OFFERS = {
    "joint": SearchOffer(engine="joint", placeholder="a red boat at night", note=""),
    "conse": SearchOffer(
        engine="conse",
        placeholder="boat, musical instrument, dog",
        note="Knows things and animals by their names; not colors, actions or counts.",
    ),
    "meaning": SearchOffer(
        engine="meaning", placeholder="card was stolen abroad", note="Finds what means the same, not only the same words."
    ),
    "words": SearchOffer(
        engine="words", placeholder="words of the captions", note="Finds the words themselves, not what they mean."
    ),
}


def offer(explorer: Explorer) -> SearchOffer | None:
    """Say how this data set can be searched; None where it cannot."""
    if explorer.values.dataset is None or explorer.values.embeddings is None:
        return None
    space = search_space(explorer)
    name = _engine_name(space)
    return None if name is None else OFFERS.get(name, SearchOffer(engine=name, placeholder="words", note=""))


def search(explorer: Explorer, query: str, progress: Progress = no_progress) -> Ranking:
    """Rank all rows by how well they fit the words.

    Raises:
        ParameterError: for an empty query, or a data set that cannot be searched.
    """
    words = " ".join(query.split())[:LONGEST]
    if not words:
        raise ParameterError("there is nothing to search for", "type a word")
    space = search_space(explorer)
    name = _engine_name(space)
    if name is None:
        raise ParameterError(
            "this data set cannot be searched by words", "it has no pictures that were encoded here, and no texts"
        )
    ranking: Ranking = registry("search").load(name)()(words, space, progress=progress)
    return ranking


def search_space(explorer: Explorer) -> SearchSpace:
    """Put together what a query is compared with; no model is loaded before a query is embedded."""
    dataset, embeddings = explorer.dataset, explorer.values.embeddings
    assert embeddings is not None
    return SearchSpace(
        dataset=dataset,
        embeddings=embeddings,
        embed_query=_tower(explorer, embeddings.encoder),
        embed_words=_words_tower(explorer.workspace.folder.parent / SHARED),
    )


def _engine_name(space: SearchSpace) -> str | None:
    table = registry("search")
    for name in table.names():
        if not table.entry(name).missing() and table.load(name).fits(space):
            return name
    return None


def _tower(explorer: Explorer, name: str) -> Tower | None:
    """Give what turns texts into the space of the rows, where their encoder can."""
    dataset = explorer.dataset
    if dataset.kind not in ("pictures", "texts"):
        return None
    try:
        _, encoder = encoder_for(dataset, name, explorer.recipe)
    except (ParameterError, MissingPackage):
        return None  # vectors that the source brought; nobody knows how to add to them
    return remembering(encoder, name, explorer.workspace.store) if isinstance(encoder, (JointEncoder, TextEncoder)) else None


@lru_cache(maxsize=4)
def _words_tower(folder: Path) -> Tower | None:
    """Give what turns words into vectors; long lists of words, the same for every data set, are kept beside the workspaces."""
    table = registry("embed")
    if WORDS_ENCODER not in table.entries or table.entry(WORDS_ENCODER).missing():
        return None
    return remembering(table.load(WORDS_ENCODER)(), WORDS_ENCODER, Store(folder))


def warm(explorer: Explorer) -> None:
    """Place the words that the first search would wait for; for a thread of its own, where a failure disturbs nobody."""
    with contextlib.suppress(Exception):
        search(explorer, "thing")


__all__ = ["SearchOffer", "offer", "search", "search_space", "warm"]
