"""Groups of alike rows: which one to keep, and the decisions about a whole group."""

from typing import TYPE_CHECKING

import numpy as np

from engines.errors import DatasetExplorerError
from explorer.cards import sentence
from explorer.session import View
from explorer.snapshot import CheckFindings, Rows, Snapshot

if TYPE_CHECKING:
    from explorer.api import Explorer


def keeper(snap: Snapshot, check: CheckFindings, members: Rows) -> int:
    """Return the row of a group that is suggested to be kept; the first where nothing is suggested."""
    alive: dict[str, int] = {snap.ids[row]: row for row in members.tolist() if not snap.excluded[row]}
    for row in alive.values():
        named = check.suggestion(row)
        if named is not None and named in alive:
            return alive[named]
    return next(iter(alive.values()), int(members[0]))


def group_of(check: CheckFindings, row: int) -> Rows:
    """Return the open rows of the group of a row; none where it is in none."""
    number = int(check.groups[row])
    return np.flatnonzero((check.groups == number) & check.open) if number >= 0 else np.array([], dtype=np.int64)


def surplus(snap: Snapshot, check: CheckFindings) -> list[int]:
    """Return the open rows of all groups but the one to keep of each."""
    rows = np.flatnonzero(check.open & (check.groups >= 0))
    rows = rows[np.argsort(check.groups[rows], kind="stable")]
    cuts = np.flatnonzero(np.diff(check.groups[rows])) + 1
    found: list[int] = []
    for members in np.split(rows, cuts) if len(rows) else []:
        best = keeper(snap, check, members)
        found += [row for row in members.tolist() if row != best]
    return found


def decide_group(ex: "Explorer", snap: Snapshot, check: CheckFindings, view: View, row: int, *, whole: bool) -> None:
    """Keep a group as it is (``whole``), or only one row of it; then go on to the next group."""
    members = group_of(check, row)
    if not len(members):
        return
    after = _following(view, members)
    try:
        if whole:
            decision = ex.decide("keep", [int(one) for one in members], check=check.name)
        else:
            others = [int(one) for one in members if one != row]
            decision = ex.decide("exclude", others, check=check.name, why=f"like {snap.title(row)}"[:200])
    except DatasetExplorerError as error:
        view.say(sentence(str(error)), "warn")
        return
    view.say(ex.describe(decision))
    view.go_on(after)


def _following(view: View, members: Rows) -> int | None:
    """Return the first row of the list after this group, else the first of the list that is not in it."""
    gone = set(members.tolist())
    places = [place for place, row in enumerate(view.listed) if row in gone]
    rest = [row for row in view.listed[(places[-1] + 1 if places else 0) :] if row not in gone]
    return rest[0] if rest else next((row for row in view.listed if row not in gone), None)
