"""The words that clusters may be called by: nouns, the data set's own labels, and a person's own list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from engines.errors import ParameterError

NOUNS = Path(__file__).parent / "data" / "nouns.txt"
MOST_OWN = 20_000
"""Own words that are read; each costs five passes of the text tower."""
LONGEST = 80
_PREFIX = re.compile(r"^(?:n\d{8}[\s_.-]+|\d+[\s_.-]+(?=\D))")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HYPHEN = re.compile(r"(?<=[^\W\d_]{3})-(?=[^\W\d_]{3})")


@cache
def nouns() -> tuple[str, ...]:
    """List the nouns that ``scripts/build_vocabulary.py`` chose, frequent ones first."""
    return tuple(_lines(NOUNS.read_text("utf-8")))


def readable(label: str) -> str:
    """Write a label as words: "n02099601-golden_retriever", "017.GoldenRetriever" and "golden-retriever" all are golden retrievers."""
    plain = _PREFIX.sub("", label.strip())
    if not re.search(r"[\s_]", plain):
        plain = _HYPHEN.sub(" ", _HUMP.sub(" ", plain))
    return " ".join(plain.replace("_", " ").split())


def own_words(labels: Sequence[str | None], file: str = "") -> list[str]:
    """List the labels, made readable, and the words of a person's file ("" = none), each once.

    Raises:
        ParameterError: when the file cannot be read.
    """
    given = [readable(label) for label in dict.fromkeys(labels) if label is not None]
    return list(islice(_once([*read_words(file), *given]), MOST_OWN))


def read_words(file: str) -> list[str]:
    """Read a person's words, one a line; empty lines and those that start with # are passed over.

    Raises:
        ParameterError: when the file cannot be read.
    """
    if not file:
        return []
    try:
        with Path(file).expanduser().open(encoding="utf-8-sig", errors="replace") as handle:
            # A file without line ends must not be read as one word of two gigabytes.
            text = handle.read(MOST_OWN * LONGEST)
    except (OSError, ValueError) as error:
        raise ParameterError(
            f"the vocabulary {file} cannot be read: {getattr(error, 'strerror', None) or error}",
            "give a text file with one word per line",
        ) from error
    return _lines(text)


def vocabulary(labels: Sequence[str | None], file: str = "") -> list[str]:
    """List all words, the nouns first, so that those are known already when only own words change."""
    return list(_once([*nouns(), *own_words(labels, file)]))


def _lines(text: str) -> list[str]:
    words = (" ".join(line.split()) for line in text.splitlines() if not line.startswith("#"))
    return [word for word in words if word]


def _once(words: Iterable[str]) -> Iterable[str]:
    """Drop repeats (in any case of letters) and what is no word: empty, too long, or without a letter or digit."""
    known: set[str] = set()
    for word in words:
        folded = word.casefold()
        if folded not in known and len(word) <= LONGEST and any(letter.isalnum() for letter in word):
            known.add(folded)
            yield word


__all__ = ["nouns", "own_words", "read_words", "readable", "vocabulary"]
