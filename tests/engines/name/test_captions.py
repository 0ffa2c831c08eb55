"""Class-based TF-IDF over captions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.name.candidates import members
from engines.name.captions import propose, singular, term_table, terms_of
from engines.protocols import no_progress


def named(captions, layer, clear=0.3):
    proposals = propose(captions, members(np.array([layer], dtype=np.int32)), clear=clear, progress=no_progress)
    return [proposal and [candidate.name for candidate in proposal.candidates] for proposal in proposals]


def test_terms_are_words_and_pairs_without_stop_words():
    assert terms_of("A photo of the Red Apple, on a table") == {"red", "apple", "red apple", "table"}


@pytest.mark.parametrize("caption", ["", "   ", "1234 !!", "the of a", "🙂"])
def test_captions_without_words_have_no_terms(caption):
    assert terms_of(caption) == set()


def test_other_scripts_are_words_too():
    assert "собака" in terms_of("большая собака")
    assert "café" in terms_of("Café noir")


@given(st.text())
def test_terms_never_fail_and_are_lower_case(caption):
    assert all(term == term.lower() and term.strip() == term for term in terms_of(caption))


def test_plurals_fold_only_when_the_singular_occurs():
    folded = singular({"cat", "cats", "berry", "berries", "glass", "news", "boxes", "box"})
    assert folded == {"cats": "cat", "berries": "berry", "boxes": "box"}


def test_words_that_set_a_cluster_apart_win_over_frequent_ones():
    captions = ["a dog in a park", "dog in the park", "dogs and park", "cat in a park", "a cat, park", "cats of the park"]
    assert named(captions, [0, 0, 0, 1, 1, 1]) == [["dog"], ["cat"]]


def test_a_pair_replaces_its_words_where_it_covers_as_much():
    captions = ["hot dog with mustard"] * 3 + ["green salad bowl"] * 3
    found = named(captions, [0, 0, 0, 1, 1, 1])
    assert "hot dog" in found[0]
    assert not {"hot", "dog"} & set(found[0])


def test_two_words_share_a_cluster_that_none_of_them_fills():
    captions = ["apple", "apple", "pear", "pear", "x-ray", "oak", "ash", "elm"] + ["car"] * 8
    proposal = propose(captions, members(np.array([[0] * 8 + [1] * 8], dtype=np.int32)), clear=0.3, progress=no_progress)[0]
    assert [sorted(candidate.name.split(", ")) for candidate in proposal.candidates] == [["apple", "pear"]]
    assert proposal.candidates[0].score == pytest.approx(0.5)


def test_clusters_without_captions_get_no_proposal():
    assert named([None, "", None, "bird", "bird", "bird"], [0, 0, 0, 1, 1, 1]) == [None, ["bird"]]


def test_one_cluster_of_everything_still_gets_a_name():
    assert named(["bird", "bird", "a bird"], [0, 0, 0]) == [["bird"]]


def test_terms_of_one_caption_only_are_dropped():
    table = term_table(["unique words here", "shared term", "shared term"], no_progress)
    assert table.terms == ["shared", "shared term", "term"]
    assert table.captioned.tolist() == [True, True, True]
    assert table.matrix.toarray().tolist() == [[0, 0, 0], [1, 1, 1], [1, 1, 1]]
