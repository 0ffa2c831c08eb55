"""Words placed by a joint encoder, kept in the store."""

from typing import ClassVar

import numpy as np
import pytest

from engines.errors import Cancelled
from engines.lexicon import BLOCK, LONG, lexicon, remembering
from engines.parameters import engine
from engines.prompts import ORDINARY, PROMPTS, placed, with_article
from engines.protocols import no_progress
from engines.store import Store


@engine
class Counting:
    """Give each text a vector of its letters, and list the texts that it saw."""

    seen: ClassVar[list[str]] = []

    def encode_texts(self, texts, *, progress=no_progress):
        self.seen.extend(texts)
        return np.array([[len(text), text.count("a") + 1, text.count("e"), ord(text[-1])] for text in texts], dtype=np.float32)


@pytest.fixture
def encoder():
    Counting.seen = []
    return Counting()


def test_each_word_is_put_into_every_prompt_and_the_unit_vectors_are_averaged(encoder):
    (vector,) = placed(["apple"], encoder.encode_texts)
    texts = [prompt.format("an apple") for prompt in PROMPTS[:-1]] + ["apple"]
    assert encoder.seen == texts
    each = encoder.encode_texts(texts)
    expected = (each / np.linalg.norm(each, axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(vector, expected, rtol=1e-6)


def test_articles_follow_the_sound_of_the_first_letter():
    assert [with_article(word) for word in ("dog", "apple", "Owl", "")] == ["a dog", "an apple", "an Owl", "a "]


def test_words_are_encoded_once_and_further_words_leave_the_first_ones_known(encoder, tmp_path):
    store = Store(tmp_path)
    words = [f"word {number}" for number in range(BLOCK + 3)]
    first = lexicon(words, encoder, "counting", store, no_progress)
    assert len(encoder.seen) == len(PROMPTS) * len(words)
    again = lexicon(words, encoder, "counting", store, no_progress)
    assert len(encoder.seen) == len(PROMPTS) * len(words)
    assert again.key == first.key
    np.testing.assert_array_equal(again.vectors, first.vectors)
    more = lexicon([*words, "{0} odd {}"], encoder, "counting", store, no_progress)
    # Only the last, unfinished block is new.
    assert len(encoder.seen) == len(PROMPTS) * (len(words) + 4)
    assert more.key != first.key
    assert more.words.column("word").to_pylist() == [*words, "{0} odd {}"]
    np.testing.assert_array_equal(more.vectors[: len(words)], first.vectors)


def test_no_words_are_a_lexicon_too(encoder, tmp_path):
    assert len(lexicon([], encoder, "counting", Store(tmp_path), no_progress)) == 0


def test_a_run_that_is_stopped_keeps_the_blocks_that_were_done(encoder, tmp_path):
    def stop(fraction, message):
        if fraction > 0:
            raise Cancelled

    store, words = Store(tmp_path), [f"word {number}" for number in range(2 * BLOCK)]
    with pytest.raises(Cancelled):
        lexicon(words, encoder, "counting", store, stop)
    lexicon(words, encoder, "counting", store, no_progress)
    assert len(encoder.seen) == len(PROMPTS) * len(words)


def test_long_lists_of_texts_are_remembered_and_queries_are_not(encoder, tmp_path):
    store, texts = Store(tmp_path), list(ORDINARY)
    assert len(texts) >= LONG
    first = remembering(encoder, "counting", store)(texts)
    np.testing.assert_array_equal(remembering(encoder, "counting", store)(texts), first)
    assert len(encoder.seen) == len(texts)
    remembering(encoder, "counting", store)(["query"])
    remembering(encoder, "counting", store)(["query"])
    assert len(encoder.seen) == len(texts) + 2
