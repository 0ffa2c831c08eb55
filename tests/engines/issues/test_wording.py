import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.issues.wording import Wordings, differences, reported, typed, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  Where IS my Top-Up?!\t", ["where", "is", "my", "top", "up"]),
        ("C++ is not C#, 50% & more", ["c", "+", "+", "is", "not", "c", "#", "50", "%", "&", "more"]),
        ("\ufb01ne \uff21\uff22\uff23", ["fine", "abc"]),
        ("zero\u200bwidth", ["zerowidth"]),
        ("请问 how", ["请", "问", "how"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("straße STRASSE", ["strasse", "strasse"]),
        ("😀ok", ["😀", "ok"]),
        ("\u200b \n\x00", []),
    ],
)
def test_words_do_not_depend_on_case_width_spacing_and_punctuation(text, words):
    assert words_of(text) == words


def costs(one, other, others=("something else entirely", "nothing to do with it")):
    wordings = Wordings.of([one, other, *others])
    a, b = np.array([0]), np.array([1])
    assert wordings.cost(0, 1) == pytest.approx(wordings.cost(1, 0), abs=1e-6)
    assert wordings.distance(a, b)[0] == pytest.approx(wordings.distance(b, a)[0], abs=1e-6)
    return wordings.cost(0, 1)


def test_smaller_changes_cost_less():
    text = "how long does a transfer from europe take to arrive"
    same = costs(text, "How long does a transfer from Europe take to arrive?")
    spaced = costs(text, "how long doe sa transfer from europe take to arrive")
    slip = costs(text, "how long does a trasnfer from europe take to arrive")
    swapped = costs(text, "how long does a transfer europe from take to arrive")
    dropped = costs(text, "how long does a transfer from europe take to")
    replaced = costs(text, "how long does a parcel from europe take to arrive")
    rewritten = costs(text, "when will my european payment be there")
    assert 0 == same < spaced < slip < swapped < dropped < replaced < 0.3 < rewritten


def test_digits_never_slip():
    assert costs("order 12345 was sent", "order 12346 was sent") > 3 * costs("order alpha was sent", "order alpah was sent")


def test_a_rare_word_weighs_more_than_a_frequent_one():
    others = ["please send the card"] * 8
    assert costs("send the card", "send the cheque", others) > costs("send the card", "send please card", others)


@given(st.text(max_size=40), st.text(max_size=40))
def test_distance_and_cost_are_bounded_and_zero_for_equal_words(one, other):
    wordings = Wordings.of([one, other])
    distance = float(wordings.distance(np.array([0]), np.array([1]))[0])
    assert 0 <= distance <= 1
    assert wordings.cost(0, 1) >= 0
    if words_of(one) == words_of(other) and words_of(one):
        assert distance == pytest.approx(0, abs=1e-6)
        assert wordings.cost(0, 1) == 0
        assert [side.tolist() for side in wordings.same()] == [[0], [1]]
    else:
        assert not len(wordings.same()[0])


def plain_distance(one, other):
    """Damerau-Levenshtein with non-overlapping swaps, from its recursive definition."""
    table = {}
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            if not i or not j:
                table[i, j] = i + j
                continue
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(one), len(other)]


@given(st.text("abc", max_size=9), st.text("abc", max_size=9), st.integers(0, 9))
def test_slips_are_counted_up_to_the_limit(one, other, limit):
    assert typed(one, other, limit) == min(plain_distance(one, other), limit + 1)


def test_differences_name_the_words_of_each_side():
    assert differences(["a", "b", "b", "c"], ["b", "c", "d"]) == (["a", "b"], ["d"])


def test_texts_are_reported_by_letters_and_not_by_number():
    def reports(texts):
        at = []
        numbered = list(reported(texts, lambda fraction, message: at.append(round(fraction * len(texts))), "words"))
        assert numbered == list(enumerate(texts))
        return at

    assert reports([]) == []
    assert reports(["a"] * 1000) == [0]
    assert reports(["x" * 1_000_000] * 6) == [0, 2, 4]  # 100,000 letters of each count
    assert len(reports(["word " * 100] * 4000)) == 10
