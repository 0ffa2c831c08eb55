"""How words are put to the text tower of a joint encoder: several prompts each, and the words that tell where all words lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engines.artifacts import Float32

Embed = Callable[[Sequence[str]], Float32]

PROMPTS = ("a photo of {}.", "a picture of {}.", "a close-up photo of {}.", "a drawing of {}.", "{}")
"""The ensemble of prompts whose normalized vectors are averaged (Radford et al. 2021, arXiv:2103.00020, section 3.1.4).

The bare words are among them since data sets hold pictures that are neither photos nor drawings, and words that take no article.
"""
ORDINARY = (
    "thing", "person", "man", "woman", "child", "face", "hand", "animal", "dog", "cat", "bird", "fish", "insect", "plant", "flower", "tree",
    "food", "fruit", "drink", "house", "room", "street", "city", "landscape", "mountain", "beach", "sky", "car", "boat", "airplane", "bicycle",
    "furniture", "chair", "clothes", "shoe", "toy", "tool", "machine", "computer", "book", "text", "map", "drawing", "texture",
)  # fmt: skip
"""Words all over what pictures show: their mean tells what all texts have in common (the modality gap: Liang et al. 2022, arXiv:2203.02053)."""


def with_article(words: str) -> str:
    """Put "a" or "an" before words, as the captions do that such encoders learned from."""
    return f"{'an' if words[:1].lower() in 'aeiou' and words else 'a'} {words}"


def placed(words: Sequence[str], embed: Embed) -> Float32:
    """Give float32 (words, d): the mean over the prompts of each word's vectors, each of length one before the mean is taken."""
    # The last prompt takes the words as they are.
    texts = [[prompt.format(with_article(word)) for word in words] for prompt in PROMPTS[:-1]] + [list(words)]
    mean: Float32 = np.mean(np.stack([unit(np.asarray(embed(one), dtype=np.float32)) for one in texts]), axis=0)
    return mean


def without_common(vectors: Float32, words: Float32) -> Float32:
    """Take from vectors of texts (b, d) their part along the mean of ``words`` (w, d), which only says that they are texts.

    It is a projection, not a difference: a text that has no such part is left as it is, where a difference would give it the opposite.
    """
    common = unit(words.mean(axis=0, keepdims=True))[0]
    left: Float32 = vectors - np.outer(vectors @ common, common)
    return left


def unit(vectors: Float32) -> Float32:
    """Scale rows to length one; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Float32 = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


__all__ = ["ORDINARY", "PROMPTS", "Embed", "placed", "unit", "with_article", "without_common"]
