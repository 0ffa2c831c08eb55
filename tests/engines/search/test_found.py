"""Where the cut lies, and how queries are cleaned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engines.search.found import Placed, above, cleaned, cut_of

FINITE = st.floats(-10, 10, width=32)


@pytest.mark.parametrize("fitting", [3, 10, 40, 200])
def test_few_and_many_fitting_rows_are_found(fitting):
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(0.7, 0.05, fitting), rng.normal(0.0, 0.08, 400)]).astype(np.float32)
    found = np.flatnonzero(scores >= cut_of(scores))
    assert set(range(fitting)) <= set(found.tolist())
    # Three good rows pull the mean of the ten best up less than ten would, so that some others pass too.
    assert len(found) <= fitting + 30
    assert len(found) == fitting or fitting < 10


def test_the_floor_leaves_nothing_where_nothing_fits():
    scores = np.linspace(0, 0.3, 50, dtype=np.float32)
    assert (scores >= cut_of(scores)).any()
    assert not (scores >= cut_of(scores, 0.4)).any()
    assert cut_of(scores, 0.2) == pytest.approx(max(0.2, cut_of(scores)))


@given(arrays(np.float32, st.integers(0, 40), elements=FINITE))
def test_any_scores_have_a_finite_cut(scores):
    for floor in (-np.inf, 0.0, 5.0):
        cut = cut_of(scores, floor)
        assert np.isfinite(cut)
        assert not len(scores) or scores.min() <= cut
        assert all(score >= floor for score in scores if score >= cut)
    assert not (scores >= above(scores)).any()


@pytest.mark.parametrize("n", [1, 2, 5, 50])
def test_equal_scores_find_nothing(n):
    scores = np.full(n, 0.5, dtype=np.float32)
    assert (scores >= cut_of(scores)).all() if n == 1 else not (scores >= cut_of(scores)).any()


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("dogs", "dogs"),
        ("show me pictures of dogs", "dogs"),
        ("Find all photos with a red car", "red car"),
        ("an image of the sea", "sea"),
        ("show me", "show me"),
        ("pictures of ", "pictures of"),
        ("photo album", "photo album"),
        ("the", "the"),
        ("  x\tb\x00c\u200b \n", "x b c"),
        ("", ""),
        ("\x00\x1b[31m", "[31m"),
    ],
)
def test_queries_are_cleaned(query, asked):
    assert cleaned(query) == asked


@given(st.text())
def test_any_query_can_be_cleaned(query):
    assert cleaned(query).isprintable()
    assert len(cleaned(query)) <= 2000
    assert bool(cleaned(query)) == bool("".join(letter for letter in query[:2000] if letter.isprintable()).strip())


def test_fixed_texts_are_embedded_once_per_encoder():
    calls = []

    def embed(scale):
        def encode(texts):
            calls.append((scale, len(texts)))
            return np.full((len(texts), 2), scale, dtype=np.float32)

        return encode

    placed, texts = Placed(), [f"text {number}" for number in range(300)]
    said = []
    first = placed(texts, embed(1.0), lambda fraction, message: said.append(fraction))
    assert first.shape == (300, 2)
    assert said == [0.0, 128 / 300, 256 / 300]
    assert placed(texts, embed(1.0), lambda *_: None) is first
    assert placed(texts, embed(2.0), lambda *_: None)[0, 0] == 2
    assert [call for call in calls if call[1] > 1] == [(1.0, 128), (1.0, 128), (1.0, 44), (2.0, 128), (2.0, 128), (2.0, 44)]
