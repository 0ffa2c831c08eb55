"""The key of vectors that a source brings, by what they hold; it can be fed with rows while they are read."""

from __future__ import annotations

import numpy as np

from engines.issue_result import Float32
from engines.keys import Digest
from engines.mapped import let_go
from engines.protocols import Progress, no_progress

GIVEN = "given"
"""What the vectors of a source are called that holds no others."""
PART = 65536
"""Rows that enter the key as one part: another number would make other keys of the same vectors."""


class VectorsKey:
    """The key of vectors (n, d) of a name, fed with their rows in order, block by block; how they are cut does not enter."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self._digest = Digest("embed", GIVEN, name, str(shape))
        self._shape = shape
        self._fed = 0

    def feed(self, rows: Float32) -> None:
        """Take the next rows."""
        while len(rows):
            if self._fed % PART == 0:
                self._digest.begin(4 * self._shape[1] * min(PART, self._shape[0] - self._fed))
            part = np.ascontiguousarray(rows[: PART - self._fed % PART])
            self._digest.feed(part.data)
            self._fed += len(part)
            rows = rows[len(part) :]

    @property
    def key(self) -> str:
        """Give the key, when all rows were fed."""
        return self._digest.key


def vectors_key(name: str, vectors: Float32, progress: Progress = no_progress) -> str:
    """Give the key of vectors that are there already."""
    made = VectorsKey(name, vectors.shape)
    for start in range(0, len(vectors), PART):
        progress(start / len(vectors), f"hashing {start:,} of {len(vectors):,} vectors")
        made.feed(vectors[start : start + PART])
        let_go(vectors)
    return made.key


__all__ = ["GIVEN", "VectorsKey", "vectors_key"]
