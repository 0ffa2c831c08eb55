"""Compare texts by their words: which are there, how rare they are, in what order, and which differ by a slip of the keys only."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from scipy.sparse import csr_array

from engines.artifacts import Float32, Int32
from engines.issues.candidates import Pairs, Rows
from engines.protocols import Progress, no_progress

W = TypeVar("W", str, int)
CHUNK = 16_384
MOST_LETTERS = 100_000
REPORT_LETTERS = 200_000
"""Letters that are cut into words between two reports: a tenth of a second."""
REPORT_EVERY = 10_000
LONGEST_SLIP = 64
"""Letters up to which words that are left over are compared letter by letter."""
SLIP = 0.25
"""What a slip of the keys costs, in words: less than a word that was left out."""
ORDER = 0.1
"""What a broken neighborhood of two words costs, in words: the same words in another order are nearly the same text."""
NO_SPACES = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""Scripts written without spaces (Thai, Lao, Burmese, Khmer, Kana, Han): each of their letters counts as a word."""


class _Letters(dict[int, str | int]):
    """What stands for each character: letters, marks and digits for themselves, a symbol for a word, all else for a space or nothing."""

    def __missing__(self, code: int) -> str | int:
        kind = unicodedata.category(chr(code))
        if kind[0] in "LMN":
            alone = any(low <= code <= high for low, high in NO_SPACES) and kind[0] == "L"
            self[code] = f" {chr(code)} " if alone else code
        elif kind[0] == "S" or chr(code) in "#%&@":
            self[code] = f" {chr(code)} "
        else:
            self[code] = "" if kind == "Cf" else " "
        return self[code]


_letters = _Letters()


def words_of(text: str) -> list[str]:
    """Cut a text into words, whatever its case, width, spacing and punctuation (Unicode NFKC, case folded)."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_letters).split()


def reported(texts: Sequence[str], progress: Progress, message: str) -> Iterator[tuple[int, str]]:
    """Number the texts; with progress at the first and before every 200,000 further letters (at most 100,000 count of each)."""
    letters = REPORT_LETTERS
    for row, text in enumerate(texts):
        if letters >= REPORT_LETTERS:
            progress(row / len(texts), message)
            letters = 0
        letters += min(len(text), MOST_LETTERS) + 1
        yield row, text


@dataclass(frozen=True)
class Wordings:
    """The words of n texts as numbers, in their order, and the counts and the weights that follow.

    ``numbers`` int32: those of text 0, then of text 1, ...; ``ends`` int64 (n + 1): where each begins; ``vocabulary``: the words;
    ``counts`` (n, words); ``weight`` float32 (words): how much each tells.
    """

    numbers: Int32
    ends: Rows
    vocabulary: list[str]
    counts: csr_array
    weight: Float32

    @classmethod
    def of(cls, texts: Sequence[str], progress: Progress = no_progress) -> Wordings:
        """Count the words of texts, of long ones those in the first 100,000 letters.

        A word weighs the mean of 1 and its information relative to the average word of these texts: -ln of the share of texts that hold it
        (Sparck Jones 1972). So a greeting does not count for much, nor does a changed name of a product count for nothing.
        """
        known: dict[str, int] = {}
        blocks, ends = [np.zeros(0, np.int32)], np.zeros(len(texts) + 1, dtype=np.int64)
        for row, text in reported(texts, progress, "near duplicates: words"):
            words = words_of(text[:MOST_LETTERS])
            blocks.append(np.array([known.setdefault(word, len(known)) for word in words], dtype=np.int32))
            ends[row + 1] = ends[row] + len(words)
        numbers = np.concatenate(blocks)
        shape = (len(texts), max(len(known), 1))
        counts = csr_array((np.ones(len(numbers), dtype=np.float32), numbers.copy(), ends.copy()), shape=shape)
        counts.sum_duplicates()
        rarity = np.log((1 + len(texts)) / (1 + np.bincount(counts.indices, minlength=shape[1]))) + 1
        mean = float(counts.sum(axis=0) @ rarity) / max(len(numbers), 1)
        weight = 0.5 + 0.5 * rarity / max(mean, 1e-9)
        return cls(numbers, ends, list(known), counts, weight.astype(np.float32))

    def words(self, row: int) -> list[str]:
        """Give the words of a text in their order."""
        return [self.vocabulary[number] for number in self._numbers(row)]

    def joined(self, progress: Progress = no_progress) -> list[str]:
        """Give the words of each text without the spaces between."""
        return ["".join(self.words(row)) for row in self._rows(progress)]

    def _rows(self, progress: Progress) -> Iterator[int]:
        """Count the texts, with progress now and then."""
        n = len(self.ends) - 1
        for row in range(n):
            if row % REPORT_EVERY == 0:
                progress(row / n, "near duplicates: words")
            yield row

    def same(self, progress: Progress = no_progress) -> Pairs:
        """Pair each text that has words with the first one of the same words in the same order."""
        first: dict[bytes, int] = {}
        head = np.arange(len(self.ends) - 1)
        for row in self._rows(progress):
            if self.ends[row] < self.ends[row + 1]:
                content = self.numbers[self.ends[row] : self.ends[row + 1]].tobytes()
                head[row] = first.setdefault(hashlib.blake2b(content, digest_size=16).digest(), row)
        later = np.flatnonzero(head != np.arange(len(head)))
        return head[later], later

    def distance(self, a: Rows, b: Rows, progress: Progress = no_progress) -> Float32:
        """Give the share of the words that pairs (p) do not have in common, by weight: 0 = the same words, 1 = none in common.

        That is 1 minus the coefficient of Dice (1945) of the bags of words; texts without a word are at distance 1 from all.
        """
        total = self.counts @ self.weight
        found = [np.zeros(0, np.float32)]
        for start in range(0, len(a), CHUNK):
            progress(start / len(a), "near duplicates: comparing")
            one, other = a[start : start + CHUNK], b[start : start + CHUNK]
            common = self.counts[one].minimum(self.counts[other]) @ self.weight
            found.append(1 - 2 * common / np.maximum(total[one] + total[other], 1e-9))
        return np.maximum(np.concatenate(found), 0).astype(np.float32)

    def cost(self, a: int, b: int) -> float:
        """Give the distance of two texts with slips forgiven and the order of words counted.

        Words that are in one text only are put together: where they differ by few letters (a letter more, less, other, or two swapped;
        Damerau 1964) they are slips, also across spaces ("tov erify"). Digits never slip.
        """
        one, other = self._numbers(a), self._numbers(b)
        in_one, in_other = Counter(one), Counter(other)
        here, there = _left_over(one, in_other), _left_over(other, in_one)
        whole = float(self.weight[one].sum() + self.weight[other].sum())
        cost = float(self.weight[here].sum() + self.weight[there].sum())
        slips = _slips(*("".join(self.vocabulary[number] for number in left) for left in (here, there)))
        if slips is not None:
            cost = min(cost, SLIP * max(slips, 0.5))
        kept_one, kept_other = _in_common(one, in_other), _in_common(other, in_one)
        if kept_one != kept_other:
            broken = Counter(pairwise(kept_one)) - Counter(pairwise(kept_other))
            cost += ORDER * broken.total()
        return cost / max(whole, 1e-9)

    def _numbers(self, row: int) -> list[int]:
        numbers: list[int] = self.numbers[self.ends[row] : self.ends[row + 1]].tolist()
        return numbers


def differences(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give the words that are in the first text only, and those in the second only, in their order."""
    return _left_over(one, Counter(other)), _left_over(other, Counter(one))


def _left_over(words: Sequence[W], others: Counter[W]) -> list[W]:
    """Give the words that are there more often than in the other text, the later ones of equals."""
    left: list[W] = []
    kept = others.copy()
    for word in words:
        if kept[word] > 0:
            kept[word] -= 1
        else:
            left.append(word)
    return left


def _in_common(words: Sequence[W], others: Counter[W]) -> list[W]:
    kept = others.copy()
    common: list[W] = []
    for word in words:
        if kept[word] > 0:
            kept[word] -= 1
            common.append(word)
    return common


def _slips(one: str, other: str) -> int | None:
    """Count the slips of the keys that turn one string into the other; None where they are other words.

    A slip per four letters, or two letters swapped, is possible; digits are typed on purpose.
    """
    size = max(len(one), len(other))
    if not one or not other or size > LONGEST_SLIP:
        return None
    if one == other:
        return 0
    if any(letter.isdigit() for letter in one + other):
        return None
    limit = size // 4
    if not limit:
        return 1 if size > 1 and sorted(one) == sorted(other) and typed(one, other, 1) == 1 else None
    found = typed(one, other, limit)
    return found if found <= limit else None


def typed(one: str, other: str, limit: int) -> int:
    """Count the letters to insert, leave out, replace or swap (neighbors) to turn one string into the other; at most ``limit`` + 1."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, its in enumerate(other, 1):
            value = min(last[j] + 1, row[-1] + 1, last[j - 1] + (letter != its))
            if before and j > 1 and letter == other[j - 2] and its == one[i - 2]:
                value = min(value, before[j - 2] + 1)
            row.append(value)
        if min(row) > limit:
            return limit + 1
        before, last = last, row
    return min(last[-1], limit + 1)
