"""Propose pairs of texts that share most of their letter sequences, by MinHash, without comparing every text with every other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from engines.issues.candidates import REACH, Pairs, Rows, none, unique
from engines.protocols import Progress, no_progress

LETTERS = 4
"""Length of a shingle."""
BANDS, ROWS = 16, 3
"""16 chances of 3 equal numbers: texts that share half of their shingles meet with a probability of 0.88, 0.98 from 60 % on."""
LIKELY = 0.25
"""Share of equal numbers below which a pair that met is not looked at."""
MOST_LETTERS = 4096
BLOCK = 1 << 20
Sketch = npt.NDArray[np.uint32]


def sketches(texts: Sequence[str], progress: Progress = no_progress) -> Sketch:
    """Give the MinHash (Broder 1997) of the 4-letter shingles of each text: uint32 (n, 48); texts shorter than that are one shingle.

    Of long texts the first 4,096 letters count.
    """
    rng = np.random.default_rng(0)
    factor = rng.integers(0, 2**63, size=BANDS * ROWS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    found = [np.zeros((0, BANDS * ROWS), dtype=np.uint32)]
    done = 0
    for block in _blocks(texts):
        shingles, start = _hashed(block)
        sketch = np.empty((len(block), BANDS * ROWS), dtype=np.uint32)
        for number, multiplier in enumerate(factor.tolist()):
            if number % ROWS == 0:
                progress(done / len(texts), "near duplicates: shingles")
            mixed = ((shingles ^ (shingles >> np.uint64(31))) * np.uint64(multiplier)) >> np.uint64(32)
            sketch[:, number] = np.minimum.reduceat(mixed, start)
        found.append(sketch)
        done += len(block)
    return np.concatenate(found)


def sketch_pairs(sketch: Sketch, progress: Progress = no_progress) -> Pairs:
    """Propose rows that agree in all numbers of a band and in at least a quarter of all numbers.

    In a crowded band each row meets the next ``REACH`` ones in the order of all numbers, which keeps the cost at n log n.
    """
    pairs = list(_meetings(sketch, progress))
    return unique(np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])) if pairs else none()


def _meetings(sketch: Sketch, progress: Progress) -> Iterator[Pairs]:
    for band in range(BANDS):
        progress(band / BANDS, "near duplicates: candidates")
        own = sketch[:, band * ROWS : (band + 1) * ROWS]
        others = sketch[:, (band + 1) % BANDS * ROWS]
        order: Rows = np.lexsort((others, own[:, 2], own[:, 1], own[:, 0]))
        ranked = own[order]
        for step in range(1, REACH + 1):
            progress(band / BANDS, "near duplicates: candidates")
            same = np.flatnonzero((ranked[:-step] == ranked[step:]).all(axis=1))
            if not len(same):
                break
            a, b = order[same], order[same + step]
            alike = np.concatenate(
                [np.zeros(0)]
                + [(sketch[a[at : at + BLOCK]] == sketch[b[at : at + BLOCK]]).mean(axis=1) for at in range(0, len(a), BLOCK)]
            )
            yield a[alike >= LIKELY], b[alike >= LIKELY]


def _blocks(texts: Sequence[str]) -> Iterator[list[str]]:
    """Cut long texts and hand out as many at once as make about ``BLOCK`` letters."""
    block, letters = [], 0
    for text in texts:
        block.append(text[:MOST_LETTERS])
        letters += len(block[-1]) + LETTERS
        if letters >= BLOCK:
            yield block
            block, letters = [], 0
    if block:
        yield block


def _hashed(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Hash all shingles of texts, one text after the other, and tell where each text begins (all have at least one)."""
    padded = [text.ljust(LETTERS, "\0") for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    size = np.array([len(text) for text in padded], dtype=np.int64)
    last = np.cumsum(size)
    hashed = np.zeros(len(codes) - LETTERS + 1, dtype=np.uint64)
    for place in range(LETTERS):
        hashed = hashed * np.uint64(0x9E3779B97F4A7C15) + codes[place : place + len(hashed)]
    hashed = (hashed ^ (hashed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    inside = np.ones(len(hashed), dtype=bool)
    for end in range(1, LETTERS):
        inside[(last - end)[last - end < len(hashed)]] = False
    count = size - LETTERS + 1
    return hashed[inside], np.cumsum(count) - count
