"""What is to be done to a table that is written again: which rows stay, which labels change, and what a label is in its column."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engines.export.plan import Plan

JOINT = " | "
"""Between the labels of a row that has several, as they were read."""
TAGS = "tags"
_WHOLE = re.compile(r"-?\d+")
_WORDS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


Refuse = Callable[[int, str], None]
"""Told of a row whose label cannot be written, and why."""
Step = Callable[[int], None]
"""Told from time to time of the number of the row that is written."""


class Unwritable(ValueError):
    """Say why a label cannot stand in its column."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be done to one file: ``keep`` bool per row, new labels and tags by row (tags None: no column of them)."""

    keep: npt.NDArray[np.bool_]
    labels: Mapping[int, str]
    tags: Mapping[int, Sequence[str]] | None = None

    def stays(self, row: int) -> bool:
        """Tell whether a row stays; rows behind the known ones do not."""
        return row < len(self.keep) and bool(self.keep[row])

    def left(self, row: int) -> bool:
        """Tell whether any row from ``row`` on stays."""
        return bool(self.keep[row:].any())


class Rewriter(Protocol):
    """Writes files of one format again."""

    def rewrite(self, source: Path, out: Path, order: Order, refuse: Refuse, step: Step) -> int:
        """Write a file; give the number of rows that the source has."""
        ...

    def told(self) -> dict[str, Any]:
        """Give what belongs into export.json, ``notes`` among it."""
        ...


@dataclass
class LabelColumn:
    """Where the label stands in a table: a column, columns of zeros and ones, or a column of numbers with one of names beside it.

    ``names``: number (as text) -> name of a class, where labels are numbers with names. ``added``: names of new classes and their numbers.
    """

    name: str | None
    one_hot: Sequence[str]
    beside: str | None
    names: Mapping[str, str]
    added: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> LabelColumn:
        """Take it out of what the reader understood."""
        roles = plan.dataset.origin.get("roles") or {}
        told = roles.get("label")
        several = list(told) if isinstance(told, (list, tuple)) else []
        return cls(
            name=None if several else told,
            one_hot=several,
            beside=roles.get("label_name"),
            names=dict(plan.dataset.origin.get("label_names") or {}),
        )

    @cached_property
    def _numbers(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, name in self.names.items():
            if _WHOLE.fullmatch(number):
                found.setdefault(name, int(number))
        return found

    @property
    def numbered(self) -> bool:
        """Tell whether labels are numbers that have names."""
        return bool(self.names)

    def number(self, label: str) -> int:
        """Give the number of a class; a new class gets the next one."""
        if label in self._numbers:
            return self._numbers[label]
        if _WHOLE.fullmatch(label):
            return int(label)
        if label not in self.added:
            self.added[label] = max([-1, *self._numbers.values(), *self.added.values()]) + 1
        return self.added[label]

    def value(self, label: str, like: Any) -> Any:
        """Give a label as a value of the kind of ``like``, a value of the column.

        Raises:
            Unwritable: when it is none of that kind.
        """
        if isinstance(like, (list, tuple)):
            first = like[0] if len(like) else ("" if not self.numbered else 0)
            return [self.value(one, first) for one in label.split(JOINT)]
        if self.numbered:
            number = self.number(label)
            return str(number) if isinstance(like, str) else float(number) if isinstance(like, float) else number
        if isinstance(like, bool):
            return _truth(label)
        if isinstance(like, (int, float)):
            return _number(label, like)
        return label

    def marks(self) -> dict[str, str]:
        """Give the class of each column of zeros and ones: what its name says behind what all names begin with."""
        start = _common_start(self.one_hot) if self.one_hot else ""
        return {column: column[len(start) :] for column in self.one_hot}

    def mark(self, label: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Give the columns of zeros and ones for a label, in the way in which they are written; ``values``: what stands there.

        Raises:
            Unwritable: when there is no column for it.
        """
        classes = self.marks()
        wanted = set(label.split(JOINT))
        unknown = wanted - set(classes.values())
        if unknown:
            raise Unwritable(f"there is no column for the class {min(unknown)!r:.60}")
        return {column: _yes_or_no(name in wanted, values.get(column)) for column, name in classes.items()}


def _truth(label: str) -> bool:
    if label.lower() not in _WORDS:
        raise Unwritable(f"the label {label!r:.60} is neither true nor false, as the others of its column are")
    return _WORDS[label.lower()]


def _number(label: str, like: float) -> int | float:
    try:
        return int(label) if isinstance(like, int) else float(label)
    except ValueError:
        kind = "whole number" if isinstance(like, int) else "number"
        raise Unwritable(f"the label {label!r:.60} is no {kind}, as the others of its column are") from None


def _yes_or_no(yes: bool, like: Any) -> Any:
    if isinstance(like, bool):
        return yes
    if isinstance(like, float):
        return float(yes)
    if not isinstance(like, str):
        return int(yes)
    if like.strip().lower() in ("true", "false"):
        word = "true" if yes else "false"
        return word.upper() if like.isupper() else word.capitalize() if like[:1].isupper() else word
    return ("1.0" if yes else "0.0") if "." in like else str(int(yes))


def _common_start(names: Sequence[str]) -> str:
    """Give what all names begin with, up to an underscore."""
    shortest = min(names, key=len)
    for end in range(len(shortest) - 1, 0, -1):
        start = shortest[:end]
        if start.endswith("_") and all(name.startswith(start) for name in names):
            return start
    return ""


def unique_names(names: Sequence[Any]) -> list[str]:
    """Call columns as they were called when they were read: each by a name of its own."""
    plain = [("" if name is None else str(name)).strip() or f"column_{number + 1}" for number, name in enumerate(names)]
    known, repeats = set(plain), dict.fromkeys(plain, 1)
    columns: dict[str, None] = {}
    for given in plain:
        name = given
        while name in columns or (name != given and name in known):
            repeats[given] += 1
            name = f"{given}_{repeats[given]}"
        columns[name] = None
    return list(columns)


def free_name(names: Sequence[str]) -> str:
    """Call the column of tags, beside columns that may be called so already."""
    name = TAGS
    while name in names:
        name = f"decided_{name}"
    return name


__all__ = ["JOINT", "TAGS", "LabelColumn", "Order", "Refuse", "Rewriter", "Step", "Unwritable", "free_name", "unique_names"]
