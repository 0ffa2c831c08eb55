"""Short forms of what a row holds: the beginning of a text, the words in which two texts differ, the first columns of a table."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from explorer.snapshot import Snapshot

CARD = 320
"""Letters of a text on a card; four lines hold fewer."""
MOST_WORDS = 300
LEAD_WORDS = 8
_WORD = re.compile(r"\S+")
Part = tuple[str, bool]


def shorten(text: str, limit: int) -> str:
    """Cut a text to at most ``limit`` letters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def excerpt(text: str, limit: int = CARD) -> str:
    """Return the beginning of a text in one line; empty for a text without any letter."""
    return shorten(" ".join(text[: 8 * limit].split()), limit)


@lru_cache(maxsize=4096)
def differing(text: str, other: str) -> tuple[Part, ...]:
    """Cut the beginning of a text into runs of words, and tell of each whether ``other`` lacks it.

    Words are compared as they are written. A long text begins a few words before the first difference; only the first
    ``MOST_WORDS`` words of both are compared, since the time grows with the square.
    """
    words, others = _words(text), _words(other)
    if not others:
        return ((" ".join(words), False),) if words else ()
    matcher = SequenceMatcher(None, others, words, autojunk=False)
    runs = [(words[low:high], kind != "equal") for kind, _, _, low, high in matcher.get_opcodes() if high > low]
    if runs and not runs[0][1] and len(runs) > 1 and len(runs[0][0]) > 4 * LEAD_WORDS:
        runs[0] = (["…", *runs[0][0][-LEAD_WORDS:]], False)
    parts = [(" ".join(run), changed) for run, changed in runs]
    if len(words) == MOST_WORDS:
        parts.append(("…", False))
    return tuple(parts)


def _words(text: str) -> list[str]:
    found: list[str] = []
    for match in _WORD.finditer(text):
        found.append(match.group()[:200])
        if len(found) == MOST_WORDS:
            break
    return found


def plain(value: Any) -> str:
    """Return a value of a column as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value[:20]) + (" …" if len(value) > 20 else "")
    return str(value)


def columns_first(snap: Snapshot) -> Sequence[str]:
    """Name the person's own columns, those that make the vectors of a table first."""
    origin, own = snap.dataset.origin, snap.person_columns
    names = origin.get("names") or {}
    features = [names.get(name, name) for name in origin.get("features") or () if isinstance(name, str)]
    first = [name for name in features if name in set(own)]
    return list(dict.fromkeys([*first, *own]))


def pairs(snap: Snapshot, row: int, most: int, letters: int = 60) -> list[tuple[str, str]]:
    """Return the first columns of a row that hold something, as name and value."""
    found: list[tuple[str, str]] = []
    for name in columns_first(snap):
        value = snap.dataset.rows.column(name)[row].as_py()
        if value is None or value == "":
            continue
        found.append((shorten(name, 28), shorten(" ".join(plain(value)[: 8 * letters].split()), letters)))
        if len(found) == most:
            break
    return found
