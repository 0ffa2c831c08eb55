"""What is told about single items: hover card, inspector, badges and captions in the gallery, words for counts."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from components.gallery import Badge
from components.inspector import Finding, InspectorData, Neighbor, Pair
from explorer.snapshot import CheckFindings, Rows, Snapshot, check_title, snapshot

if TYPE_CHECKING:
    from explorer.api import Explorer

NEIGHBORS = 5
ALIKE = 12
SHORT = {
    "label_issue": "label?",
    "outlier": "outlier",
    "exact_duplicate": "copy",
    "near_duplicate": "copy",
    "leak": "leak",
}


def items(count: int, noun: str = "item") -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sentence(text: str) -> str:
    """Return a text with a capital first letter, as messages of errors begin small."""
    return text[:1].upper() + text[1:]


def ds_key(ex: "Explorer") -> str:
    """Return what names the data set in addresses: another one as soon as its rows or files are others, as answers are cached."""
    dataset = ex.values.dataset
    return ex.ds if dataset is None else f"{ex.ds}-{dataset.media_key[:12]}"


def thumb_url(ex: "Explorer") -> str | None:
    """Return the address of thumbnails with ``{row}`` in it; None for data without pictures."""
    dataset = ex.values.dataset
    return f"/api/v1/{ds_key(ex)}/thumb/{{row}}.jpg" if dataset is not None and dataset.kind == "pictures" else None


def info_url(ex: "Explorer") -> str:
    """Return the address of hover texts with ``{row}`` in it."""
    return f"/api/v1/{ds_key(ex)}/info/{{row}}.json"


def hover_card(ex: "Explorer", row: int) -> Mapping[str, Any]:
    """Return what the card beside the pointer says."""
    snap = snapshot(ex)
    if snap is None:
        return {"row": row, "id": "", "title": "", "lines": [], "thumb": False}
    lines = []
    label = snap.labels[row]
    said = []
    if label is not None:
        said.append(f"relabeled {label}" if snap.decided[row] is not None else f"given {label}")
    said += [f"{check_title(check.name).lower()} {check.severity[row]:.2f}" for check in _flagging(snap, row)]
    if said:
        lines.append(" · ".join(said))
    if ex.values.dataset is not None and ex.values.dataset.kind == "texts":
        lines.append(_shorten(ex.text(row) or "", 160))
    if snap.excluded[row]:
        lines.append("excluded")
    return {"row": row, "id": snap.ids[row], "title": snap.title(row), "lines": lines, "thumb": thumb_url(ex) is not None}


def _flagging(snap: Snapshot, row: int) -> list[CheckFindings]:
    """Return the checks that flag a row: label issues, which come with an answer, then the worst first."""
    found = [check for check in snap.checks.values() if check.flagged[row]]
    return sorted(found, key=lambda check: (check.name != "label_issue", -float(check.severity[row])))


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def badges(snap: Snapshot, rows: Iterable[int]) -> dict[int, list[Badge]]:
    """Return the few letters over pictures: excluded, relabeled, or why it is flagged (one, the worst)."""
    found: dict[int, list[Badge]] = {}
    groups = {name: check.groups for name, check in snap.checks.items() if check.grouped}
    sizes = {name: np.bincount(group[group >= 0]) for name, group in groups.items()}
    for row in rows:
        if snap.excluded[row]:
            found[row] = [{"text": "excluded", "tone": "muted"}]
        elif snap.decided[row] is not None:
            found[row] = [{"text": _shorten(str(snap.decided[row]), 14), "tone": "info"}]
        elif snap.open[row]:
            check = next(check for check in _flagging(snap, row) if check.open[row])
            group = groups[check.name][row] if check.name in groups else -1
            text = (
                f"{sizes[check.name][group]}\N{MULTIPLICATION SIGN}"
                if group >= 0
                else SHORT.get(check.name, check_title(check.name).lower())
            )
            found[row] = [{"text": text, "tone": "muted" if group >= 0 else "warn"}]
    return found


def breakdown(snap: Snapshot, rows: Rows, limit: int = 3) -> str:
    """Say which labels (or clusters, where nothing is labeled) some rows have, the most frequent first."""
    if not len(rows):
        return ""
    if snap.label_names:
        codes, names = snap.label_codes[rows], dict(enumerate(snap.label_names))
    elif snap.clustering is not None:
        codes, names = snap.clustering.labels[rows].astype(np.int64), snap.cluster_names
    else:
        return ""
    found, counts = np.unique(codes[codes >= 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:limit]
    said = [f"{names.get(int(found[place]), '')} {counts[place]:,}" for place in order]
    return " · ".join(said) + (" · …" if len(found) > limit else "")


def inspect(
    ex: "Explorer", snap: Snapshot | None, row: int | None, *, empty: str, keys: bool, open_number: int = 0
) -> InspectorData:
    """Return everything that the inspector shows about a row."""
    if snap is None or row is None or row >= snap.n:
        return _nothing(empty)
    pictures = thumb_url(ex)
    text = ex.text(row) if snap.dataset.kind == "texts" else None
    neighbors, note = _neighbors(ex, snap, row)
    data: InspectorData = {
        "row": row,
        "empty": "",
        "title": snap.title(row),
        "id": snap.ids[row],
        "meta": item_meta(ex, snap, row),
        "thumb": pictures,
        "image": f"/api/v1/{ds_key(ex)}/image/{row}.jpg" if pictures else None,
        "text": text,
        "facts": _facts(snap, row),
        "decision": _decision(snap, row),
        "excluded": bool(snap.excluded[row]),
        "tags": list(snap.tags[row]),
        "findings": [_finding(snap, check, row) for check in _flagging(snap, row)],
        "neighbors": neighbors,
        "neighbors_note": note,
        "keys": keys,
        "open": open_number,
    }
    return data


def _nothing(empty: str) -> InspectorData:
    return {
        "row": None, "empty": empty, "title": "", "id": "", "meta": "", "thumb": None, "image": None, "text": None, "facts": [],
        "decision": "", "excluded": False, "tags": [], "findings": [], "neighbors": [], "neighbors_note": "", "keys": False, "open": 0,
    }  # fmt: skip


def item_meta(ex: "Explorer", snap: Snapshot, row: int) -> str:
    """Return size, bytes and split of an item in a few words."""
    said = []
    facts = ex.values.facts
    if facts is not None and snap.dataset.kind == "pictures":
        width, height = facts.facts.column("width")[row].as_py(), facts.facts.column("height")[row].as_py()
        said += [f"{width} \N{MULTIPLICATION SIGN} {height}", _size(facts.facts.column("file_size")[row].as_py())]
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
        cluster = int(snap.clustering.labels[row])
        if cluster < 0:
            found.append({"name": "Cluster", "value": "none", "note": ""})
        else:
            name = snap.cluster_names.get(cluster) or f"cluster {cluster}"
            found.append({"name": "Cluster", "value": name, "note": f"strength {snap.clustering.strength[row]:.2f}"})
    for column in snap.dataset.own_columns[:6]:
        value = snap.dataset.rows.column(column)[row].as_py()
        if value is not None:
            found.append({"name": _shorten(column.capitalize(), 24), "value": _shorten(str(value), 120), "note": ""})
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


def _finding(snap: Snapshot, check: CheckFindings, row: int) -> Finding:
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
    }


def _neighbors(ex: "Explorer", snap: Snapshot, row: int) -> tuple[list[Neighbor], str]:
    if ex.values.graph is None:
        return [], "· being computed"
    rows, similarity = ex.neighbors(row, NEIGHBORS)
    own = snap.labels[row]
    found: list[Neighbor] = []
    for other, value in zip(rows, similarity, strict=True):
        label = snap.labels[int(other)]
        agrees = None if own is None or label is None else own == label
        shown = f"{value:.2f}".removeprefix("0") if 0 <= value < 1 else f"{value:.2f}"
        found.append({"row": int(other), "label": label or "", "similarity": shown, "agrees": agrees})
    return found, "" if found else "· none"
