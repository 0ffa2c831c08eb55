"""Search of texts by meaning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import Cancelled, ParameterError
from engines.protocols import SearchSpace
from engines.search.meaning import Meaning
from tests.engines.search.shapes import bag, dataset, embeddings, found, text_space

TEXTS = [
    f"{subject} {what}" for subject in ("card", "transfer", "account") for what in ("stolen", "late", "wrong", "new", "blocked")
]


def alike(texts):
    """Place texts like the words of the rows, and "robbed" where "stolen" lies."""
    return bag([text.replace("robbed", "stolen") for text in texts])


def test_words_that_mean_the_same_are_found():
    ranking = Meaning()("robbed", text_space(TEXTS, embed_query=alike))
    assert {TEXTS[row] for row in np.argsort(-ranking.scores)[:3]} == {"card stolen", "transfer stolen", "account stolen"}
    assert {TEXTS[row] for row in found(ranking)} >= {"card stolen", "transfer stolen", "account stolen"}


def test_exact_words_come_before_what_means_the_same():
    texts = [*TEXTS, "robbed card"]
    vectors = alike(texts)
    space = SearchSpace(
        dataset=dataset(len(texts), kind="texts", texts=texts), embeddings=embeddings(vectors), embed_query=alike
    )
    ranking = Meaning()("robbed card", space)
    assert np.argmax(ranking.scores) == len(texts) - 1
    assert ranking.scores[-1] == pytest.approx(ranking.scores[0] + 0.25, abs=0.15)


@pytest.mark.parametrize("query", ["", " ", "\x00", "zzz qqq", "\ud800", "🙂" * 5000])
def test_words_that_mean_nothing_here_find_nothing(query):
    ranking = Meaning()(query, text_space(TEXTS, embed_query=bag))
    assert found(ranking) == []
    assert ranking.notes


@given(st.text(max_size=30), st.lists(st.text(max_size=20), max_size=6))
@settings(deadline=None)
def test_any_query_and_texts(query, texts):
    ranking = Meaning()(query, text_space(texts, embed_query=bag))
    assert ranking.scores.shape == (len(texts),)
    assert np.isfinite([*ranking.scores, ranking.cut]).all()


def test_it_fits_texts_whose_encoder_reads_queries():
    assert Meaning.fits(text_space(TEXTS, embed_query=bag))
    assert not Meaning.fits(text_space(TEXTS))
    pictures = SearchSpace(dataset=dataset(1), embeddings=embeddings(np.ones((1, 4))), embed_query=bag)
    assert not Meaning.fits(pictures)
    with pytest.raises(ParameterError, match="cannot place a query"):
        Meaning()("x", text_space(TEXTS))


def test_cancel_stops_it():
    def cancel(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        Meaning()("card", text_space(TEXTS, embed_query=bag), progress=cancel)
