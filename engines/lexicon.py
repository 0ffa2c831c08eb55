"""Place words in the space of a joint encoder: each word in several prompts, encoded once and kept in the store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from engines.artifacts import Float32
from engines.keys import chain, digest
from engines.protocols import JointEncoder, Progress
from engines.spaces import Lexicon
from engines.store import Store

PROMPTS = ("a photo of a {}.", "a picture of a {}.", "a close-up photo of a {}.", "a drawing of a {}.", "{}")
"""The ensemble of prompts whose normalized vectors are averaged (Radford et al. 2021, arXiv:2103.00020, section 3.1.4)."""
BLOCK = 512


def lexicon(words: Sequence[str], encoder: JointEncoder, name: str, store: Store, progress: Progress) -> Lexicon:
    """Encode words, or take them from the store; the order of the words is kept."""
    key = digest("lexicon", chain("embed", encoder, [], name=name), *PROMPTS, "", *words)
    known = store.get(Lexicon, key)
    if known is not None:
        return known
    vectors: list[Float32] = []
    for start in range(0, len(words), BLOCK):
        progress(start / max(len(words), 1), f"naming: {start:,} of {len(words):,} words placed")
        block = words[start : start + BLOCK]
        vectors.append(_mean([_unit(encoder.encode_texts([prompt.format(word) for word in block])) for prompt in PROMPTS]))
    table = pa.table({"word": pa.array(words, pa.string())})
    placed = np.concatenate(vectors) if vectors else np.empty((0, 1), dtype=np.float32)
    return store.put(Lexicon(key=key, encoder=name, words=table, vectors=placed))


def _unit(vectors: Float32) -> Float32:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Float32 = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit


def _mean(parts: Sequence[Float32]) -> Float32:
    mean: Float32 = np.mean(np.stack(parts), axis=0, dtype=np.float32)
    return mean


__all__ = ["PROMPTS", "lexicon"]
