"""Build the vector sample: scikit-learn's digits with planted label flips, duplicates, outliers and broken rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

SEED = 1998
FLIPS, EXACT, NEAR, OUTLIERS = 54, 12, 18, 12
Truth = list[tuple[str, str, str]]


def build_digits(target: Path) -> Truth:
    """Write ``target`` (npz: vectors float32 (n, 64), labels, ids) and tell what was planted as (id, defect, detail)."""
    random = np.random.default_rng(SEED)
    data: Any = load_digits()
    vectors = data.data.astype(np.float32)
    labels = data.target.astype(str)
    ids = np.array([f"digit-{row:04d}" for row in range(len(vectors))])
    chosen = random.permutation(len(vectors))
    flips, exact, near = np.split(chosen[: FLIPS + EXACT + NEAR], [FLIPS, FLIPS + EXACT])
    truth: Truth = []
    for row in flips:
        wrong = str(random.choice([digit for digit in "0123456789" if digit != labels[row]]))
        truth.append((str(ids[row]), "wrong_label", str(labels[row])))
        labels[row] = wrong
    extra: list[tuple[npt.NDArray[np.float32], str]] = []
    planted: list[tuple[str, str]] = []
    for row in exact:
        extra.append((vectors[row].copy(), str(labels[row])))
        planted.append(("exact_duplicate", str(ids[row])))
    for row in near:
        extra.append((_jitter(vectors[row], random), str(labels[row])))
        planted.append(("near_duplicate", str(ids[row])))
    for number in range(OUTLIERS):
        extra.append((_outlier(number, vectors, random), str(random.integers(10))))
        planted.append(("outlier", ("uniform noise", "shuffled pixels", "negative")[number % 3]))
    for _ in range(2):
        extra.append((np.full(64, np.nan, np.float32), "0"))
        planted.append(("broken", "not a number"))
    new_ids = [f"digit-{len(ids) + place:04d}" for place in range(len(extra))]
    truth += [(name, defect, detail) for name, (defect, detail) in zip(new_ids, planted, strict=True)]
    # Shuffled, so that the place in the file tells nothing.
    order = random.permutation(len(ids) + len(extra))
    np.savez_compressed(
        target,
        vectors=np.concatenate([vectors, np.stack([vector for vector, _ in extra])])[order],
        labels=np.concatenate([labels, np.array([label for _, label in extra])])[order],
        ids=np.concatenate([ids, np.array(new_ids)])[order],
    )
    return truth


def _jitter(vector: npt.NDArray[np.float32], random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Change a few pixels by one step of sixteen, as a second scan would."""
    changed = vector.copy()
    touched = random.choice(np.flatnonzero(vector), 6, replace=False)
    changed[touched] += random.choice([-1.0, 1.0], len(touched)).astype(np.float32)
    return np.clip(changed, 0, 16)


def _outlier(number: int, vectors: npt.NDArray[np.float32], random: np.random.Generator) -> npt.NDArray[np.float32]:
    vector = vectors[random.integers(len(vectors))]
    if number % 3 == 0:
        return random.integers(0, 17, 64).astype(np.float32)
    if number % 3 == 1:
        return random.permutation(vector)
    return np.float32(16) - vector
