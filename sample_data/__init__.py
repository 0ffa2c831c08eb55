"""Bundled sets with known, recorded defects: where they lie and what was planted in them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Defect:
    """One planted defect: the row's id, its kind, and a detail (the true label, the original, or what was done).

    Kinds: wrong_label, exact_duplicate, near_duplicate, outlier, broken.
    """

    id: str
    kind: str
    detail: str


@dataclass(frozen=True)
class _Sample:
    file: str
    text: str


_SAMPLES = {
    "fluent_emoji": _Sample(
        "fluent_emoji",
        "Some 550 3-D emoji in seven classes, with captions; wrong labels, duplicates, outliers and broken files are planted",
    ),
    "digits": _Sample(
        "digits.npz",
        "1,797 handwritten digits as vectors of 64 gray values; wrong labels, duplicates, outliers and broken rows are planted",
    ),
}


def names() -> list[str]:
    """List the samples; the first one is what a demo opens."""
    return list(_SAMPLES)


def path(name: str) -> Path:
    """Give the folder or file of a sample.

    Raises:
        KeyError: when there is no such sample; the message names those that exist.
    """
    return _HERE / _sample(name).file


def describe(name: str) -> str:
    """Tell in one line what a sample holds."""
    return _sample(name).text


def ground_truth(name: str) -> list[Defect]:
    """List the planted defects in the order of the ids; the record lies beside the data, where no reader finds it."""
    _sample(name)
    with (_HERE / "truth" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return [Defect(row["id"], row["defect"], row["detail"]) for row in csv.DictReader(stream)]


def _sample(name: str) -> _Sample:
    if name not in _SAMPLES:
        raise KeyError(f"no sample is called {name!r}; there are {', '.join(_SAMPLES)}")
    return _SAMPLES[name]


__all__ = ["Defect", "describe", "ground_truth", "names", "path"]
