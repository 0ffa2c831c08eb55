"""The checks of single texts: too little said, odd lengths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.issues.low_information import LowInformation, effective_words
from engines.issues.odd_size import OddSize
from engines.protocols import no_progress
from tests.engines.issues.cases import texts_case

ORDINARY = [
    f"This is the {row} ordinary question about my account number {row}" for row in ("first second third fourth " * 6).split()
]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a", "Says “a” only."),
        ("null", "Says “null” only."),
        ("word " * 20_000, "Says “word” 20,000 times and nothing else."),
        ("12345", "Holds no word, only digits, signs or spaces."),
        ("😀🔥🚀", "Holds no word, only digits, signs or spaces."),
        ("?!", "Holds no word, only digits, signs or spaces."),
    ],
)
def test_texts_that_say_nothing_are_flagged_alone(text, reason):
    result = LowInformation()(texts_case([text, *ORDINARY]), progress=no_progress)
    assert np.flatnonzero(result.flagged()).tolist() == [0]
    assert result.details.column("reason")[0].as_py() == reason


def test_short_texts_in_other_scripts_say_something():
    result = LowInformation()(texts_case(["你好请问", "مرحبا كيف حالك", "नमस्ते मेरे दोस्त", *ORDINARY]), progress=no_progress)
    assert not result.flagged().any()


@given(st.lists(st.sampled_from(["red", "green", "blue", "gray"]), max_size=30))
def test_effective_words_lie_between_one_and_the_number_of_words(words):
    found = effective_words(" ".join(words))
    assert found == 0 if not words else 1 - 1e-9 <= found <= len(set(words)) + 1e-9


def test_where_all_texts_are_one_word_that_is_no_problem():
    result = LowInformation()(texts_case([f"word{row}" for row in range(30)]), progress=no_progress)
    assert "is the rule here: it would flag 100% of the texts" in result.skipped


def test_odd_lengths_are_flagged_alone():
    result = OddSize()(texts_case(["Hm", "so " * 400, *ORDINARY]), progress=no_progress)
    assert np.flatnonzero(result.flagged()).tolist() == [0, 1]
    reasons = result.details.column("reason").to_pylist()
    assert reasons[0].startswith("Has 2 characters, where about 6")
    assert reasons[1].startswith("Has 1,200 characters, where about 6")
