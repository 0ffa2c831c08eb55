"""Place words in the space of a joint encoder: each word in several prompts, encoded once and kept in the store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from engines.artifacts import Float32
from engines.keys import chain, digest
from engines.prompts import PROMPTS, Embed, placed
from engines.protocols import JointEncoder, Progress, TextEncoder
from engines.spaces import Lexicon
from engines.store import Store

BLOCK = 256
"""Words that are kept together: so much is lost at most when a run is killed, and words that follow others leave these known."""

LONG = 32
"""Texts from which on a list is worth a place in the store; a query has fewer."""


def lexicon(words: Sequence[str], encoder: JointEncoder, name: str, store: Store, progress: Progress) -> Lexicon:
    """Encode words, or take them from the store; the order of the words is kept."""
    model = digest("lexicon", chain("embed", encoder, [], name=name), *PROMPTS)
    blocks: list[Lexicon] = []
    for start in range(0, len(words), BLOCK):
        progress(start / len(words), f"naming: {start:,} of {len(words):,} words placed")
        block = list(words[start : start + BLOCK])
        key = digest("words", model, *block)
        known = store.get(Lexicon, key)
        if known is None:
            vectors = placed(block, encoder.encode_texts)
            known = store.put(Lexicon(key=key, encoder=name, words=_table(block), vectors=vectors))
        blocks.append(known)
    vectors = np.concatenate([block.vectors for block in blocks]) if blocks else np.empty((0, 1), dtype=np.float32)
    return Lexicon(key=digest("words", model, "", *words), encoder=name, words=_table(words), vectors=vectors)


def remembering(encoder: TextEncoder | JointEncoder, name: str, store: Store) -> Embed:
    """Give what embeds texts, and keeps the vectors of long lists of texts in the store: those that a search asks for every time."""
    model = digest("texts", chain("embed", encoder, [], name=name))

    def embed(texts: Sequence[str]) -> Float32:
        if len(texts) < LONG:
            return np.asarray(encoder.encode_texts(list(texts)), dtype=np.float32)
        key = digest("words", model, *texts)
        known = store.get(Lexicon, key)
        if known is None:
            vectors = np.ascontiguousarray(encoder.encode_texts(list(texts)), dtype=np.float32)
            known = store.put(Lexicon(key=key, encoder=name, words=_table(texts), vectors=vectors))
        return known.vectors

    return embed


def _table(words: Sequence[str]) -> pa.Table:
    return pa.table({"word": pa.array(words, pa.string())})


__all__ = ["lexicon", "remembering"]
