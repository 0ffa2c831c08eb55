"""What the keys and buttons do: turn an action of the person into decisions, and say what happened."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from components.action_bar import ActionBarData
from engines.errors import DatasetExplorerError
from explorer.cards import breakdown, items, sentence
from explorer.grouping import decide_group, group_of, keeper
from explorer.session import View
from explorer.snapshot import CheckFindings, Rows, Snapshot, snapshot

COMMANDS = {"x": "exclude", "k": "keep", "a": "accept", "ctrl+z": "undo", "ctrl+shift+z": "redo"}
MOST_NAMES = 500
"""So many names of clusters are offered; any other can be typed."""

if TYPE_CHECKING:
    from engines.decisions import Decision
    from explorer.api import Explorer


def targets(snap: Snapshot, view: View) -> Rows:
    """Return the rows that an action means: what is marked in the gallery, else the selection, else the current item.

    The selection belongs to the page Explore; where it cannot be seen nothing is done to it. On the page Clusters whole clusters are meant
    as long as no item is chosen there.
    """
    if view.marked:
        return np.array([row for row in view.marked if row < snap.n], dtype=np.int64)
    if on_clusters(view):
        return np.flatnonzero(np.isin(snap.clusters_at(view.layer), view.meant_clusters))
    if view.selection is not None and view.page == "explore":
        return view.selection[view.selection < snap.n]
    if view.current is not None and view.current < snap.n:
        return np.array([view.current], dtype=np.int64)
    return np.array([], dtype=np.int64)


def on_clusters(view: View) -> bool:
    """Tell whether actions mean whole clusters."""
    return view.page == "clusters" and not view.chosen and not view.marked and view.cluster is not None


def bar(ex: "Explorer", snap: Snapshot | None, view: View) -> ActionBarData:
    """Return what the action bar shows."""
    rows = targets(snap, view) if snap is not None else np.array([], dtype=np.int64)
    what = "Nothing selected"
    if view.marked:
        what = f"{len(rows):,} marked"
    elif view.selection is not None and view.page == "explore":
        what = f"{len(rows):,} selected"
    elif on_clusters(view):
        what = f"{items(len(view.clusters) or 1, 'cluster')}, {items(len(rows))}"
    elif len(rows):
        what = "1 item"
    target = f"“{snap.title(int(rows[0]))}”" if snap is not None and len(rows) == 1 else items(len(rows))
    undo, redo = (_words(ex, ex.log.undoable()), _words(ex, ex.log.redoable())) if snap is not None else (None, None)
    staying = 0 if snap is None else int(np.count_nonzero(~snap.excluded))
    open_here = snap is not None and bool(snap.open[rows].any())
    return {
        "count": len(rows),
        "what": what,
        "target": target,
        "detail": _detail(snap, rows) if snap is not None else "",
        "can_clear": _can_clear(view),
        "can_keep": open_here,
        "can_accept": bool(snap is not None and (_suggested(snap, rows, view) or _grouped(snap, view) is not None)),
        "restore": bool(snap is not None and len(rows) and snap.excluded[rows].all()),
        "tags": snap.tag_names if snap is not None else [],
        "labels": snap.label_names if snap is not None else [],
        "clusters": snap.names_at(view.layer)[:MOST_NAMES] if snap is not None and snap.clustering is not None else None,
        "undo": undo,
        "redo": redo,
        "export": f"Export {items(staying)}" if snap is not None else None,
        "notice": {
            "text": view.notice[0],
            "tone": "warn" if view.notice[1] == "warn" else "info",
            "number": view.notice_number,
        },
    }


def _can_clear(view: View) -> bool:
    if view.page == "clusters":
        return bool(view.marked or view.chosen or view.clusters)
    return bool(view.marked or ((view.selection is not None or view.query) and view.page == "explore"))


def _clear(view: View) -> None:
    """Go back by one step: on the page Clusters from items to their cluster, then from several clusters to one."""
    if view.page == "explore":
        view.clear()
    elif view.page == "clusters" and not view.marked:
        view.choose_clusters(view.cluster, view.clusters if view.chosen else ())
        view.start_over()
    else:
        view.unmark()


def _detail(snap: Snapshot, rows: Rows) -> str:
    return snap.title(int(rows[0])) if len(rows) == 1 else breakdown(snap, rows)


def _words(ex: "Explorer", decision: "Decision | None") -> str | None:
    return ex.describe(decision) if decision is not None else None


def _suggested(snap: Snapshot, rows: Rows, view: View) -> list[int]:
    """Return the rows among the targets whose suggested label can be accepted; of a selection only the current item."""
    check = snap.checks.get("label_issue")
    if check is None or check.skipped or on_clusters(view):
        return []
    asked: Sequence[int] = [int(row) for row in rows] if view.marked else [view.current] if view.current is not None else []
    return [row for row in asked if row < snap.n and check.open[row] and check.suggestion(row) is not None]


def act(ex: "Explorer", view: View, name: str, value: str = "") -> None:
    """Do what a key or button of the action bar says; words about a failure go to the view's notice."""
    snap = snapshot(ex)
    if name == "export":
        view.go = "export"
        return
    if snap is None:
        return
    rows = targets(snap, view)
    try:
        if name in ("undo", "redo"):
            _history(ex, view, name)
        elif name == "clear":
            _clear(view)
        elif name in ("accept", "keep") and (check := _grouped(snap, view)) is not None and view.current is not None:
            chosen = view.current if name == "keep" else keeper(snap, check, group_of(check, view.current))
            decide_group(ex, snap, check, view, chosen, whole=name == "keep")
        elif name == "accept":
            _accept(ex, snap, view, _suggested(snap, rows, view))
        elif name == "keep":
            _keep(ex, snap, view, rows)
        elif len(rows):
            step = following(view, [int(row) for row in rows])
            if name == "cluster":
                _put(ex, snap, view, rows, value)
            else:
                _decide(ex, view, name, rows, value=value)
            # Without a selection the list is a queue, and what was decided leaves it.
            if name not in ("tag", "cluster") and view.selection is None and not view.marked and view.page != "clusters":
                view.go_on(step)
            view.marked = ()
    except DatasetExplorerError as error:
        view.say(sentence(str(error)), "warn")


def command(ex: "Explorer", view: View, name: str) -> None:
    """Do what a key says that was pressed in a map, a gallery or a list; other keys say nothing."""
    action = COMMANDS.get(name)
    if action is not None:
        act(ex, view, action)


def _grouped(snap: Snapshot, view: View) -> CheckFindings | None:
    """Return the check whose groups the person goes through on the page Issues, where the current item is in one."""
    check = snap.checks.get(view.check) if view.page == "issues" and not view.marked else None
    if check is None or not check.grouped or view.current is None or view.current >= snap.n:
        return None
    return check if len(group_of(check, view.current)) else None


def untag(ex: "Explorer", view: View, row: int, tag: str) -> None:
    """Take a tag away from one item."""
    try:
        view.say(ex.describe(ex.decide("untag", [row], value=tag)))
    except DatasetExplorerError as error:
        view.say(sentence(str(error)), "warn")


def _history(ex: "Explorer", view: View, name: str) -> None:
    decision = ex.undo() if name == "undo" else ex.redo()
    if decision is None:
        view.say(f"Nothing to {name}")
        return
    view.say(f"{'Undone' if name == 'undo' else 'Done again'}: {ex.describe(decision)}")


def _decide(ex: "Explorer", view: View, name: str, rows: Rows, *, value: str = "", check: str | None = None) -> None:
    decision = ex.decide(name, rows, value=value or None, check=check)
    view.say(ex.describe(decision))


def _put(ex: "Explorer", snap: Snapshot, view: View, rows: Rows, name: str) -> None:
    """Put rows into the cluster that is called so, which is the person's own from then on; where none is, make one of the rows alone."""
    now = snap.clusters_at(view.layer)
    known = [cluster for cluster, said in snap.cluster_names.items() if said == name]
    _decide(ex, view, "merge", np.union1d(rows, np.flatnonzero(np.isin(now, known))), value=name)


def _accept(ex: "Explorer", snap: Snapshot, view: View, rows: Sequence[int]) -> None:
    check = snap.checks.get("label_issue")
    if check is None or not rows:
        view.say("There is no suggestion to accept here")
        return
    by_label: dict[str, list[int]] = {}
    for row in rows:
        label = check.suggestion(row)
        if label is not None:
            by_label.setdefault(label, []).append(row)
    step = following(view, rows)
    for label, some in by_label.items():
        _decide(ex, view, "relabel", np.array(some, dtype=np.int64), value=label, check="label_issue")
    if len(by_label) > 1:
        view.say(f"Accepted {items(len(rows), 'suggestion')}")
    view.go_on(step)


def _keep(ex: "Explorer", snap: Snapshot, view: View, rows: Rows) -> None:
    """Keep rows against every check that flags them, each check being a decision of its own; on Issues against the one shown."""
    kept = 0
    step = following(view, [int(row) for row in rows])
    for check in snap.checks.values():
        if view.page == "issues" and check.name != view.check:
            continue
        mine = rows[check.open[rows]]
        if len(mine):
            _decide(ex, view, "keep", mine, check=check.name)
            kept += 1
    if not kept:
        view.say("Nothing here is flagged")
    elif len(rows) == 1:
        view.go_on(step)


def act_on_item(ex: "Explorer", view: View, name: str, row: int, check: str) -> None:
    """Do what a button in the inspector says about one item."""
    snap = snapshot(ex)
    if snap is None or row >= snap.n:
        return
    one = np.array([row], dtype=np.int64)
    step = following(view, [row])
    try:
        if name == "accept":
            _accept(ex, snap, view, [row])
        elif name == "keep":
            _decide(ex, view, "keep", one, check=check)
        else:
            _decide(ex, view, name, one)
    except DatasetExplorerError as error:
        view.say(sentence(str(error)), "warn")
        return
    if name in ("keep", "exclude") and view.selection is None:
        view.go_on(step)


def following(view: View, rows: Sequence[int]) -> int | None:
    """Return the row after some rows in the list that the person sees, where a queue goes on; None = its first."""
    if not rows:
        return view.current
    gone = set(rows)
    last = max((place for place, row in enumerate(view.listed) if row in gone), default=-1)
    after = [row for row in view.listed[last + 1 :] if row not in gone]
    before = [row for row in view.listed[: last + 1] if row not in gone]
    return after[0] if after else before[-1] if before else None
