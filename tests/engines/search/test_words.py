"""Search by words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.protocols import SearchSpace, no_progress
from engines.search.bm25 import K1, B, build
from engines.search.words import FileNames, Words
from tests.engines.search.shapes import dataset, embeddings, found, text_space

TEXTS = ["My card was stolen", "card delivery", "the boxes are gone", "iPhone 13 for 200 euros", None, "東京都の天気"]


def test_scores_are_those_of_the_formula():
    index = build(["red red car", "blue car", None], no_progress)
    idf = math.log1p((3 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 2 * (K1 + 1) / (2 + K1 * (1 - B + B * 3 / 2.5))
    assert index.scores("red").tolist() == pytest.approx([expected, 0, 0])


def test_a_rare_word_counts_more_than_a_frequent_one_and_a_long_text_less():
    index = build(["cat dog", "cat", "cat", "cat bird bird bird bird", "dog fish"], no_progress)
    both = index.scores("cat dog")
    assert both[0] == both.max()
    assert both[4] > both[1]
    assert index.scores("cat")[1] > index.scores("cat")[3]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("stolen", [0]),
        ("STOLEN cards", [0]),
        ("box", [2]),
        ("13", [3]),
        ("東京", [5]),
        ("card", [1, 0]),
        ("show me texts about cards", [1, 0]),
    ],
)
def test_rows_with_the_words_are_found(query, rows):
    assert found(Words()(query, text_space(TEXTS))) == rows


@pytest.mark.parametrize("query", ["", "   ", "\x00\x07", "nothing such", "🙂", "'", "a" * 100_000, "\ud800"])
def test_a_query_without_a_known_word_finds_nothing(query):
    ranking = Words()(query, text_space(TEXTS))
    assert found(ranking) == []
    assert ranking.notes
    assert len(ranking.scores) == len(TEXTS)


def test_it_says_which_words_are_nowhere_and_when_no_row_holds_all():
    missing = Words()("stolen wombat", text_space(TEXTS))
    assert (found(missing), any("wombat" in note for note in missing.notes)) == ([0], True)
    apart = Words()("stolen delivery", text_space(TEXTS))
    assert set(found(apart)) == {0, 1}
    assert any("all the words" in note for note in apart.notes)


@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=8), st.text(max_size=40))
def test_any_texts_and_queries(texts, query):
    ranking = Words()(query, text_space(texts))
    assert ranking.scores.shape == (len(texts),)
    assert np.isfinite(ranking.scores).all()
    assert math.isfinite(ranking.cut)
    assert all(ranking.scores[row] > 0 for row in found(ranking))


def test_captions_and_texts_fit_and_sparse_captions_do_not():
    def space(**given):
        return SearchSpace(dataset=dataset(2, **given), embeddings=embeddings(np.ones((2, 4))))

    assert Words.fits(space(kind="texts", texts=["a", "b"]))
    assert Words.fits(space(captions=["a", None]))
    assert not Words.fits(space(captions=[None, None]))
    assert not Words.fits(space(labels=["a", "b"]))
    assert FileNames.fits(space(labels=["a", None]))
    assert FileNames.fits(space(paths=["a.jpg", "b.jpg"]))
    assert not FileNames.fits(space())


def test_labels_and_file_names_are_cut_into_words():
    rows = dataset(3, labels=["golden_retriever", None, "cat"], paths=["dogs/IMG_0001.jpg", "holiday/BlueBoat12.png", "x"])
    space = SearchSpace(dataset=rows, embeddings=embeddings(np.ones((3, 4))))
    for query, expected in (("retriever", [0]), ("boats", [1]), ("12", [1]), ("dog", [0]), ("zebra", [])):
        ranking = FileNames()(query, space)
        assert found(ranking) == expected
        assert "labels and file names" in ranking.notes[-1]
