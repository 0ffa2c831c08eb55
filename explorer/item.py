"""What the inspector says about one item: its media, what is known, why it is flagged, what is near."""

from typing import TYPE_CHECKING

import numpy as np

from components.inspector import Alike, Finding, InspectorData, Neighbor, Pair, Run
from explorer.cards import cluster_word, ds_key, flagging, items, text_url, thumb_url
from explorer.excerpts import columns_first, differing, excerpt, plain, shorten
from explorer.snapshot import CheckFindings, Snapshot, check_title

if TYPE_CHECKING:
    from explorer.api import Explorer

NEIGHBORS = 5
ALIKE = 12
FEW_COLUMNS, MANY_COLUMNS = 6, 60
TEXT_AT_ONCE = 8_000
NEAR_TEXT = 160


def inspect(
    ex: "Explorer", snap: Snapshot | None, row: int | None, *, empty: str, keys: bool, open_number: int = 0
) -> InspectorData:
    """Return everything that the inspector shows about a row."""
    if snap is None or row is None or row >= snap.n:
        return _nothing(empty)
    pictures = thumb_url(ex)
    text = (ex.text(row) or "") if snap.dataset.kind == "texts" else None
    long = text is not None and len(text) > TEXT_AT_ONCE
    neighbors, note = _neighbors(ex, snap, row)
    data: InspectorData = {
        "row": row,
        "empty": "",
        "title": snap.title(row),
        "id": snap.ids[row],
        "meta": item_meta(ex, snap, row),
        "thumb": pictures,
        "image": f"/api/v1/{ds_key(ex)}/image/{row}.jpg" if pictures else None,
        "text": text[:TEXT_AT_ONCE] if text is not None else None,
        "text_url": text_url(ex, row) if long else None,
        "columns": snap.dataset.kind in ("table", "vectors"),
        "facts": _facts(snap, row),
        "decision": _decision(snap, row),
        "excluded": bool(snap.excluded[row]),
        "tags": list(snap.tags[row]),
        "findings": [_finding(ex, snap, check, row) for check in flagging(snap, row)],
        "neighbors": neighbors,
        "neighbors_note": note,
        "keys": keys,
        "open": open_number,
    }
    return data


def _nothing(empty: str) -> InspectorData:
    return {
        "row": None, "empty": empty, "title": "", "id": "", "meta": "", "thumb": None, "image": None, "text": None, "text_url": None, "columns": False, "facts": [],
        "decision": "", "excluded": False, "tags": [], "findings": [], "neighbors": [], "neighbors_note": "", "keys": False, "open": 0,
    }  # fmt: skip


def item_meta(ex: "Explorer", snap: Snapshot, row: int) -> str:
    """Return size, bytes and split of an item in a few words."""
    said = []
    facts = ex.values.facts
    if facts is not None and snap.dataset.kind == "pictures":
        width, height = facts.facts.column("width")[row].as_py(), facts.facts.column("height")[row].as_py()
        said += [f"{width} \N{MULTIPLICATION SIGN} {height}", _size(facts.facts.column("file_size")[row].as_py())]
    if snap.dataset.kind == "texts":
        said.append(items(len(ex.text(row) or ""), "character"))
    split = snap.dataset.rows.column("split")[row].as_py()
    if split is not None:
        said.append(str(split))
    return " · ".join(said)


def _size(count: int) -> str:
    if count < 1_000:
        return f"{count} B"
    return f"{count / 1e3:.0f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"


def _facts(snap: Snapshot, row: int) -> list[Pair]:
    found: list[Pair] = []
    given = snap.dataset.rows.column("label")[row].as_py()
    if snap.decided[row] is not None:
        found.append(
            {"name": "Label", "value": str(snap.decided[row]), "note": f"was {given}" if given is not None else "had none"}
        )
    elif given is not None:
        found.append({"name": "Label", "value": str(given), "note": ""})
    elif snap.label_names:
        found.append({"name": "Label", "value": "none", "note": ""})
    if snap.clustering is not None:
        cluster = int(snap.clusters[row])
        own = snap.own_clusters is not None and snap.own_clusters[row] >= 0
        note = "made by you" if own else f"strength {snap.clustering.strength[row]:.2f}" if cluster >= 0 else ""
        found.append({"name": "Cluster", "value": cluster_word(snap, cluster), "note": note})
    table = snap.dataset.kind in ("table", "vectors")
    for column in columns_first(snap)[: MANY_COLUMNS if table else FEW_COLUMNS]:
        value = snap.dataset.rows.column(column)[row].as_py()
        if value is not None:
            name = column if table else column.capitalize()
            found.append({"name": shorten(name, 40 if table else 24), "value": shorten(plain(value), 120), "note": ""})
    return found


def _decision(snap: Snapshot, row: int) -> str:
    said = []
    if snap.excluded[row]:
        said.append("excluded")
    if snap.decided[row] is not None:
        said.append("relabeled")
    if snap.tags[row]:
        said.append("tagged")
    said += [f"kept in spite of {check_title(check.name).lower()}" for check in snap.checks.values() if check.kept[row]]
    return ("You: " + ", ".join(said)) if said else "No decision yet"


def _finding(ex: "Explorer", snap: Snapshot, check: CheckFindings, row: int) -> Finding:
    suggestion = check.suggestion(row)
    rows: list[int] = []
    verb = "suggested"
    if check.grouped:
        group = int(check.groups[row])
        if group >= 0:
            rows = [int(other) for other in np.flatnonzero(check.groups == group) if other != row][:ALIKE]
        verb = "keep"
    reason = check.reason(row)
    if reason is None and rows:
        reason = f"Like {items(len(rows), 'other')} of this data set."
    state = "kept" if check.kept[row] else "open" if check.open[row] else "done"
    if suggestion is not None and check.grouped:
        suggestion = None if suggestion == snap.ids[row] else suggestion.rpartition("/")[2]
    return {
        "check": check.name,
        "title": f"{check_title(check.name)} {check.severity[row]:.2f}",
        "verb": verb,
        "suggestion": suggestion,
        "reason": reason or "",
        "accept": "Accept" if check.name == "label_issue" and suggestion is not None else None,
        "state": "open" if state == "open" else "kept" if state == "kept" else "done",
        "rows": rows,
        "alike": [] if thumb_url(ex) else [alike(ex, snap, other, row) for other in rows],
    }


def alike(ex: "Explorer", snap: Snapshot, row: int, other: int) -> Alike:
    """Return a row without picture as a card beside another one: of a text, the words that the other one lacks are marked."""
    title, runs = snap.title(row), list[Run]()
    if snap.dataset.kind == "texts":
        text = ex.text(row) or ""
        parts = ((excerpt(text, 4 * NEAR_TEXT), False),) if row == other else differing(text, ex.text(other) or "")
        runs = [{"text": words, "changed": changed} for words, changed in parts if words]
        title = title if runs else "empty text"
    return {"row": row, "title": title, "label": snap.labels[row] or "", "runs": runs}


def _neighbors(ex: "Explorer", snap: Snapshot, row: int) -> tuple[list[Neighbor], str]:
    if ex.values.graph is None or ex.values.dataset is not snap.dataset:
        return [], "· being computed"
    rows, similarity = ex.neighbors(row, NEIGHBORS)
    own = snap.labels[row]
    found: list[Neighbor] = []
    for other, value in zip(rows.tolist(), similarity.tolist(), strict=True):
        label = snap.labels[other]
        agrees = None if own is None or label is None else own == label
        shown = f"{value:.2f}".removeprefix("0") if 0 <= value < 1 else f"{value:.2f}"
        text = excerpt(ex.text(other) or "", NEAR_TEXT) if snap.dataset.kind == "texts" else None
        found.append(
            {
                "row": other,
                "title": snap.title(other),
                "text": text,
                "label": label or "",
                "similarity": shown,
                "agrees": agrees,
            }
        )
    return found, "" if found else "· none"
