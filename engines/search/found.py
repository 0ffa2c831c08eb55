"""Where a row counts as found: the cut in a list of scores, and how a query is cleaned before it is understood."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from engines.artifacts import Float32
from engines.keys import digest
from engines.protocols import Progress

BEST = 10
LONGEST = 2000
"""Letters of a query that are read."""
_ASKING = re.compile(
    r"^\s*(?:please\s+)?(?:(?:show|find|give|get|search)(?:\s+me)?(?:\s+for)?|i\s+want(?:\s+to\s+see)?|looking\s+for)\b\s*",
    re.IGNORECASE,
)
_MEDIUM = re.compile(
    r"^\s*(?:all\s+|some\s+|the\s+)?(?:an?\s+)?(?:photo(?:graph)?s?|pictures?|images?|pics?|texts?)\s+(?:of|with|showing|about)\s+",
    re.IGNORECASE,
)


_ARTICLE = re.compile(r"^\s*(?:an?|the)\s+(?=\S)", re.IGNORECASE)


def cleaned(query: str) -> str:
    """Give what a query asks for: control characters, "show me", "pictures of" and an article taken off; at most 2000 letters."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in query[:LONGEST]).split())
    asked = _ARTICLE.sub("", _MEDIUM.sub("", _ASKING.sub("", plain)))
    return asked or plain


def cut_of(scores: Float32, floor: float = -np.inf, *, way: float = 0.5) -> float:
    """Give the score from which a row counts as found: so much of the ``way`` from the ordinary row (median) to the ten best (mean).

    That holds for a few good rows as for many, since the ten best stand for all that fit. The cut is never below ``floor``, the score under which
    nothing fits, nor are rows found that score no better than the ordinary one: then the cut lies above all scores.
    """
    if not len(scores):
        return 0.0
    top = best_of(scores)
    middle = float(np.median(scores)) if len(scores) > 2 else float(scores.min())
    if top <= middle + 1e-6 and len(scores) > 1:
        return above(scores)
    cut = max(middle + way * (top - middle), floor)
    return cut if float(scores.max()) >= cut else above(scores)


def best_of(scores: Float32) -> float:
    """Give the mean of the ten best scores, of the better half where there are less than twenty."""
    best = min(BEST, max(len(scores) // 2, 1))
    return float(np.mean(-np.partition(-scores, best - 1)[:best]))


def above(scores: Float32) -> float:
    """Give a cut above all scores: nothing is found."""
    high, low = (float(scores.max()), float(scores.min())) if len(scores) else (0.0, 0.0)
    return high + max(0.05 * (high - low), 0.01)


def shortened(words: str) -> str:
    """Give words for a note: at most 60 letters."""
    return words if len(words) <= 60 else words[:59] + "…"


class Placed:
    """Vectors of fixed texts, kept as long as the same encoder is asked for them; for the few encoders of one process."""

    MOST = 4

    def __init__(self, probe: str = "object") -> None:
        self._probe = probe
        self._known: dict[str, Float32] = {}

    def __call__(
        self, texts: Sequence[str], embed: Callable[[Sequence[str]], Float32], progress: Progress, *, block: int = 128
    ) -> Float32:
        """Embed the texts, or take their vectors from memory; what the encoder makes of one word tells which encoder it is."""
        key = digest(np.asarray(embed([self._probe]), dtype=np.float32).tobytes(), *texts)
        if key not in self._known:
            parts = []
            for start in range(0, len(texts), block):
                progress(start / len(texts), f"learning words: {start:,} of {len(texts):,}")
                parts.append(np.asarray(embed(texts[start : start + block]), dtype=np.float32))
            while len(self._known) >= self.MOST:
                self._known.pop(next(iter(self._known)), None)
            self._known[key] = np.concatenate(parts)
        return self._known[key]


__all__ = ["BEST", "Placed", "above", "best_of", "cleaned", "cut_of", "shortened"]
