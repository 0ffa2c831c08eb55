"""The rows of an export split by split, so that one file at a time is open, and what each split is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engines.artifacts import Dataset
from engines.export.classes import class_names
from engines.export.media import has_media
from engines.export.plan import Rows
from engines.protocols import ExportRow

IMAGE = "image"
ALONE = "train"
"""What rows are called where the data set has no splits at all, as every loader expects."""
NO_SPLIT = "no_split"
RESERVED = frozenset({"all"})
"""Words that the library ``datasets`` keeps for itself."""


@dataclass(frozen=True, kw_only=True)
class Splits:
    """All that must be known of the rows before the first one is written.

    ``parts``: split, its name in the export, and its rows. ``classes``: the names of all classes. ``total``: the number of rows.
    ``media``: what a column of their media is called: ``image``, ``media`` where they are no pictures, empty where there are none.
    """

    parts: Sequence[tuple[str | None, str, Iterable[ExportRow]]]
    classes: Sequence[str]
    total: int
    media: str

    @property
    def told(self) -> list[dict[str, str | None]]:
        """Tell what each split is called, where its name had to be changed."""
        return [{"split": split, "name": name} for split, name, _ in self.parts if split != name]


def by_split(rows: Iterator[ExportRow]) -> Splits:
    """Group rows by their split; rows that are not those of a plan have to be read to their end first."""
    if isinstance(rows, Rows):
        plan = rows.plan
        groups: list[tuple[str | None, Iterable[ExportRow]]] = list(rows.by_split())
        labels: Iterable[str | None] = (plan.labels[row] for row in plan.stay)
        names = class_names(plan.dataset, labels)
        total, media = len(plan.stay), _media(plan.dataset)
    else:
        known = list(rows)
        groups = [(split, [row for row in known if row.split == split]) for split in dict.fromkeys(row.split for row in known)]
        names, total = class_names(None, (row.label for row in known)), len(known)
        media = IMAGE if any(row.file is not None or row.read is not None for row in known) else ""
    called = split_names([split for split, _ in groups])
    parts = [(split, called[split], part) for split, part in groups]
    return Splits(parts=parts, classes=names, total=total, media=media)


def _media(dataset: Dataset) -> str:
    if not has_media(dataset):
        return ""
    return IMAGE if dataset.kind == "pictures" else "media"


def split_names(splits: Sequence[str | None]) -> dict[str | None, str]:
    """Give every split a name of letters, digits and underscores of its own; without any split there is ``train`` alone."""
    if set(splits) <= {None}:
        return {None: ALONE}
    given: dict[str | None, str] = {}
    taken: set[str] = set()
    # Names that may stay as they are come first, so that no other that differs in case or in odd letters takes one of them.
    for split in sorted(splits, key=lambda one: (one is None, one != _plain(one or "").lower())):
        plain = name = NO_SPLIT if split is None else _plain(split)
        number = 2
        while name.casefold() in taken:
            name, number = f"{plain}_{number}", number + 1
        taken.add(name.casefold())
        given[split] = name
    return given


def _plain(split: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_]", "_", split)[:60] or "_"
    return f"{name}_" if name.lower() in RESERVED else name


__all__ = ["ALONE", "IMAGE", "NO_SPLIT", "Splits", "by_split", "split_names"]
