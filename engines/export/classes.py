"""The classes of an export as numbers with names: those of the source keep theirs, new ones come after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engines.artifacts import Dataset


def given_names(dataset: Dataset) -> list[str]:
    """List the names of the classes in the order of their numbers, where the labels of the source were numbers with names.

    Numbers have to be 0, 1, 2 and so on; other numbers are no places in a list of names.
    """
    told: Any = dataset.origin.get("label_names")
    if isinstance(told, Mapping):
        numbers = {int(number): str(name) for number, name in told.items() if str(number).isdigit()}
        told = [numbers[place] for place in range(len(numbers))] if sorted(numbers) == list(range(len(told))) else []
    names = [str(name) for name in told or []]
    return names if len(set(names)) == len(names) else []


def class_names(dataset: Dataset | None, labels: Iterable[str | None]) -> list[str]:
    """Name every class: those of the source in their order, then the others that labels name, in alphabetical order."""
    known = given_names(dataset) if dataset is not None else []
    return known + sorted({label for label in labels if label is not None} - set(known))


__all__ = ["class_names", "given_names"]
