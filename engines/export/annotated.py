"""What exports of pictures with boxes share: the pictures at their places, and what a new label of a picture means for its boxes."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engines.errors import ExportError
from engines.export.copying import HARD_LINKS, put, require_linkable
from engines.export.ledger import Ledger, known_content
from engines.export.media import Missing, opened
from engines.export.places import Tree
from engines.export.plan import Plan, Rows
from engines.protocols import ExportRow, Progress

RULE = (
    "a picture that got another label: all of its boxes of the class that was its label become boxes of the new class; its other boxes"
    " stay as they are"
)
NO_CLASS = "no class of the source was the label of the picture (it has no boxes, or no class has most of their area), so no box was changed"
NOTHING = "no box of the class that was its label was found any more, so none was changed"


@dataclass(kw_only=True)
class Relabels:
    """Which pictures got another label, by row, and how many of their boxes were changed for it."""

    wanted: Mapping[int, tuple[str | None, str]]
    changed: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> Relabels:
        """Compare the labels of the rows that leave with those that the source gave them."""
        given = plan.dataset.labels
        wanted: dict[int, tuple[str | None, str]] = {}
        for row in plan.stay.tolist():
            now = plan.labels[row]
            if now is not None and now != given[row]:
                wanted[row] = (given[row], now)
        return cls(wanted=wanted)

    def change(self, row: int, name: str | None) -> str | None:
        """Give the class that a box of a class becomes; None where it stays."""
        given, now = self.wanted.get(row, (None, ""))
        return now if given is not None and name == given else None

    def count(self, row: int) -> None:
        """Note a box that was changed."""
        self.changed[row] = self.changed.get(row, 0) + 1

    def told(self, plan: Plan, placed: Mapping[int, str]) -> dict[str, Any]:
        """Tell the rule, and the pictures whose new label could not be brought into their boxes."""
        ids = plan.dataset.ids
        left = [
            {"id": ids[row], "from": given, "to": now, "reason": NO_CLASS if given is None else NOTHING}
            for row, (given, now) in self.wanted.items()
            if row in placed and not self.changed.get(row)
        ]
        return {"relabel_rule": RULE, "not_relabeled": left}


def of_plan(rows: Iterator[ExportRow], name: str) -> Plan:
    """Give the plan behind the rows of an export that re-reads its source.

    Raises:
        ExportError: when they are no rows of a plan.
    """
    if not isinstance(rows, Rows):
        raise ExportError(f"the format {name} needs a data set that was read from a source", "choose the format folder or hf")
    return rows.plan


def place_pictures(
    rows: Iterator[ExportRow], target: Path, tree: Tree, link: str, ledger: Ledger, *, progress: Progress
) -> dict[int, str]:
    """Put every picture at its place; give the place of each row that could be written."""
    plan = of_plan(rows, "")
    paths = plan.dataset.rows.column("path")
    total = operator.length_hint(rows)
    placed: dict[int, str] = {}
    for number, (row_number, row) in enumerate(zip(plan.stay.tolist(), rows, strict=True)):
        if number % 20 == 0:
            progress(number / max(total, number + 1), f"writing files: {number:,} of {total:,}")
        require_linkable(row, link)
        original = str(paths[row_number].as_py() or row.id)
        try:
            with opened(row) as source:
                path = tree.file(original)
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                sums = put(source, row, target / path, link)
        except Missing as error:
            ledger.lacks(row.id, str(error))
            continue
        placed[row_number] = path
        ledger.files[path] = sums.sha256
        ledger.compare(row.id, known_content(rows, row), sums.content)
        if path != original:
            ledger.renamed[row.id] = path
    ledger.rows = len(placed)
    if link == "hardlink":
        ledger.notes.append(HARD_LINKS)
    return placed


__all__ = ["NO_CLASS", "RULE", "Relabels", "of_plan", "place_pictures"]
