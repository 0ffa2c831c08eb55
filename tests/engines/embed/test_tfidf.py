import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.artifacts import REJECT_SCHEMA, Dataset
from engines.embed import tfidf
from engines.embed.tfidf import Tfidf, grams
from engines.errors import Cancelled
from engines.protocols import CorpusEncoder, no_progress
from tests.engines.embed.test_minilm import TOPICS


def texts_of(texts):
    nothing = pa.array([None] * len(texts), pa.string())
    ids = pa.array([f"t{row}" for row in range(len(texts))], pa.string())
    return Dataset(
        key="k",
        kind="texts",
        source="made",
        root="",
        rows=pa.table({"id": ids, "path": nothing, "label": nothing, "split": nothing}),
        media=pa.table({"media": pa.array(texts, pa.string())}),
        stats=np.zeros((0, 3), dtype=np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        media_key="m",
        columns_key="c",
    )


def encode(texts, **parameters):
    return Tfidf(**parameters).encode_rows(texts_of(texts))


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def written(n, seed=0):
    """Texts of four topics, each with words of its own and words that all share."""
    rng = np.random.default_rng(seed)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    own = [["".join(rng.choice(letters, 6)) for _ in range(12)] for _ in range(4)]
    shared = ["".join(rng.choice(letters, 4)) for _ in range(20)]
    topic = np.arange(n) % 4
    return [" ".join([*rng.choice(own[t], 3), *rng.choice(shared, 6)]) for t in topic], topic


def test_it_is_a_corpus_encoder():
    assert isinstance(Tfidf(), CorpusEncoder)
    assert Tfidf().modality == "texts"


def test_texts_with_words_in_common_are_neighbors():
    texts, topic = written(200)
    vectors = unit(encode(texts))
    similar = vectors @ vectors.T
    np.fill_diagonal(similar, -9)
    assert (topic[similar.argmax(axis=1)] == topic).mean() >= 0.95


def test_forms_of_a_word_and_slips_are_near():
    others = [*TOPICS["football"], *TOPICS["astronomy"], *TOPICS["cooking"]]
    vectors = unit(encode(["cancel the transfer", "cancelling transfers", "cancle the transfre", *others]))
    strangers = (vectors[0] @ vectors[3:].T).max()
    assert vectors[0] @ vectors[1] > strangers + 0.1
    assert vectors[0] @ vectors[2] > strangers + 0.1


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["a"],
        ["only one text"],
        ["equal texts"] * 7,
        ["", " ", "\n"],
        ["", "one word"],
        ["a", "b", "c"],
        ["你好 请问如何转账", "请问如何取消转账", "مرحبا كيف حالك", "नमस्ते दुनिया", "Привет мир"],
        ["😀🔥", "!!!", "\x00", "\u200b"],
        ["\ufb01x " * 9000, "x" * 100_000],
    ],
)
def test_finite_for_everything(texts):
    vectors = encode(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == len(texts)
    assert vectors.shape[1] >= 1
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(vectors, encode(texts))


def test_scripts_without_spaces_are_compared_too():
    vectors = unit(encode(["你好 请问如何转账", "请问如何取消转账", "今天天气很好我们去公园", "今天去公园散步天气好"]))
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert vectors[2] @ vectors[3] > vectors[2] @ vectors[1]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=12), st.integers(1, 8))
def test_any_texts(texts, dimensions):
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    vectors = encode(texts, dimensions=dimensions)
    assert vectors.shape[0] == len(texts)
    assert 1 <= vectors.shape[1] <= dimensions
    assert np.isfinite(vectors).all()


def test_the_order_of_rows_does_not_matter():
    texts, _ = written(60)
    order = np.random.default_rng(0).permutation(60)
    one, other = unit(encode(texts)), unit(encode([texts[row] for row in order]))
    np.testing.assert_allclose((one @ one.T)[np.ix_(order, order)], other @ other.T, atol=2e-2)


def test_of_many_texts_a_sample_is_learned_from(monkeypatch):
    texts, topic = written(400)
    monkeypatch.setattr(tfidf, "SAMPLE_LETTERS", 60 * len(texts[0]))
    vectors = unit(encode(texts))
    similar = vectors @ vectors.T
    np.fill_diagonal(similar, -9)
    assert (topic[similar.argmax(axis=1)] == topic).mean() >= 0.9
    np.testing.assert_array_equal(encode(texts), encode(texts))


def test_grams_are_words_and_letter_sequences_within_them():
    assert grams("Ab c") == ["\0ab", "\0c", " a", "ab", "b ", " ab", "ab ", " ab ", " c", "c ", " c "]


def test_progress_is_told_and_can_stop_it():
    told = []
    Tfidf().encode_rows(texts_of(written(30)[0]), progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1

    def stop(fraction, message):
        assert message
        raise Cancelled

    with pytest.raises(Cancelled):
        Tfidf().encode_rows(texts_of(written(30)[0]), progress=stop)
    assert len(Tfidf().encode_rows(texts_of(["x"]), progress=no_progress)) == 1
