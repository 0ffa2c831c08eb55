"""The words that clusters may be called by."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.errors import ParameterError
from engines.name.vocabulary import LONGEST, NOUNS, nouns, own_words, read_words, readable, vocabulary


def test_the_nouns_are_what_a_person_would_call_a_picture():
    words = set(nouns())
    assert 4000 <= len(words) <= 10_000
    assert {"dog", "golden retriever", "pizza", "kitchen", "beach", "wedding", "nurse", "hand", "screenshot", "circle"} <= words
    assert len({word.casefold() for word in words}) == len(nouns())
    assert not [word for word in words if "_" in word or re.search(r"\d", word)]
    assert NOUNS.stat().st_size < 100_000


def test_frequent_nouns_come_first():
    order = {word: place for place, word in enumerate(nouns())}
    assert max(order[word] for word in ("house", "tree", "car", "dog")) < min(order[word] for word in ("zwieback", "wigeon"))


def test_the_nouns_hold_no_slur_and_nothing_embarrassing():
    refused = (
        "ass tit testicle womb corpse bastard bitch buttock penis vagina anus condom brothel whore negro heroin cunt semen"
    )
    assert not set(refused.split()) & {part for word in nouns() for part in word.lower().split()}


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("golden_retriever", "golden retriever"),
        ("n02099601-golden_retriever", "golden retriever"),
        ("017.Cardinal", "Cardinal"),
        ("GoldenRetriever", "Golden Retriever"),
        ("hot-air-balloon", "hot air balloon"),
        ("t-shirt", "t-shirt"),
        ("  two   words ", "two words"),
        ("7", "7"),
        ("3D", "3D"),
        ("UPPER", "UPPER"),
        ("", ""),
    ],
)
def test_labels_are_written_as_words(label, words):
    assert readable(label) == words


@given(st.lists(st.one_of(st.none(), st.text()), max_size=20))
def test_any_labels_give_words_each_once(labels):
    words = own_words(labels)
    assert len({word.casefold() for word in words}) == len(words)
    assert all(word == " ".join(word.split()) and 0 < len(word) <= LONGEST for word in words)


def test_own_words_stand_behind_the_nouns_and_repeat_none(tmp_path):
    file = tmp_path / "words.txt"
    file.write_bytes(b"\xef\xbb\xbf# my words\r\nflux capacitor\r\n\r\nDog\n" + b"x" * 200 + b"\n\xff\xfe!\n")
    words = vocabulary(["wug_wug", None, "cat"], str(file))
    assert words[: len(nouns())] == list(nouns())
    assert words[len(nouns()) :] == ["flux capacitor", "wug wug"]
    assert own_words(["wug_wug"], str(file)) == ["flux capacitor", "Dog", "wug wug"]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"nowhere\.txt cannot be read"):
        read_words(str(tmp_path / "nowhere.txt"))
    with pytest.raises(ParameterError, match="cannot be read"):
        read_words(str(tmp_path))
    with pytest.raises(ParameterError, match="cannot be read"):
        read_words("bad\0name")
