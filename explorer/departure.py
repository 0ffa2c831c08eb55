"""What an export would hold: how many rows leave and stay, for which reasons, per class before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.snapshot import Rows, Snapshot, check_title

if TYPE_CHECKING:
    from explorer.api import Explorer


ORIGINALS = {"coco": "coco", "yolo": "yolo", "table": "table", "webdataset": "webdataset", "hugging_face": "hf"}
"""Reader -> the format that writes what it reads, which is what a person most likely wants."""


@dataclass(frozen=True, kw_only=True)
class ClassCount:
    """One class: rows before (given labels), rows after (decided labels, excluded ones left out)."""

    name: str
    before: int
    after: int

    @property
    def change(self) -> int:
        """Count what the class gains or loses."""
        return self.after - self.before


@dataclass(frozen=True, kw_only=True)
class Departure:
    """What would be written. ``reasons`` counts the excluded rows by why; ``filtered`` those that were not chosen."""

    total: int
    staying: int
    reasons: Mapping[str, int]
    filtered: int
    relabeled: int
    tagged: int
    classes: Sequence[ClassCount]


def departure(ex: "Explorer", snap: Snapshot, rows: Rows | None = None) -> Departure:
    """Work out what an export of some rows (all where None) would hold."""
    keep = ~snap.excluded
    filtered = 0
    if rows is not None:
        passing = np.zeros(snap.n, dtype=bool)
        passing[rows] = True
        filtered = int(np.count_nonzero(keep & ~passing))
        keep = keep & passing
    before, after = snap.given.counts(), snap.labels.counts(keep)
    names = sorted({*before, *after}, key=lambda name: (-before.get(name, 0), name))
    return Departure(
        total=snap.n,
        staying=int(np.count_nonzero(keep)),
        reasons=_reasons(ex, snap),
        filtered=filtered,
        relabeled=int(np.count_nonzero(keep & (snap.decided.codes >= 0))),
        tagged=int(np.count_nonzero(keep & snap.tags.any)),
        classes=[ClassCount(name=name, before=before.get(name, 0), after=after.get(name, 0)) for name in names],
    )


def _reasons(ex: "Explorer", snap: Snapshot) -> dict[str, int]:
    state = ex.state
    found: dict[str, int] = {}
    numbers, first, counts = np.unique(state.excluded_by[snap.excluded], return_index=True, return_counts=True)
    for place in np.argsort(first).tolist():
        decision = state.decisions.get(int(numbers[place]))
        check = decision.check if decision is not None else None
        words = check_title(check, plural=True) if check else "By hand"
        found[words] = found.get(words, 0) + int(counts[place])
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def formats(ex: "Explorer") -> dict[str, str]:
    """Give for each format why it cannot hold the data set; an empty text where it can. What the source is comes first."""
    from engines.export import fitting

    found = fitting(ex.dataset)
    own = ORIGINALS.get(str(ex.dataset.origin.get("reader")))
    first = [own] if own in found else []
    return {name: found[name] for name in dict.fromkeys([*first, *found])}


def fresh_target(name: str, folder: Path) -> Path:
    """Return a path in a folder that does not exist yet."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name).strip("-.") or "data"
    path = folder / f"{safe}-clean"
    number = 2
    while path.exists():
        path = folder / f"{safe}-clean-{number}"
        number += 1
    return path
