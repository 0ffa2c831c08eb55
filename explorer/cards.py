"""What is told about single items in a few words: hover and gallery cards, badges, counts."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from components.gallery import Badge
from explorer.excerpts import excerpt, pairs, shorten
from explorer.snapshot import CheckFindings, Rows, Snapshot, check_title, snapshot

if TYPE_CHECKING:
    from explorer.api import Explorer

AT_ONCE = 24
CARD_COLUMNS = 6
SHORT_TEXT = 90
THINGS = {"pictures": "picture", "texts": "text"}
SHORT = {
    "label_issue": "label?",
    "outlier": "outlier",
    "exact_duplicate": "copy",
    "near_duplicate": "copy",
    "leak": "leak",
    "low_information": "low info",
    "odd_aspect_ratio": "shape?",
    "odd_size": "size?",
}


def items(count: int, noun: str = "item") -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def share_words(share: float) -> str:
    """Return a share (0..1) in percent, with as many digits as a person reads."""
    percent = share * 100
    return f"{percent:.0f} %" if percent >= 10 or percent == 0 else f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"


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


def text_url(ex: "Explorer", row: int) -> str:
    """Return the address of the whole text of a row."""
    return f"/api/v1/{ds_key(ex)}/text/{row}.txt"


def thing(snap: Snapshot) -> str:
    """Return what a row is called."""
    return THINGS.get(snap.dataset.kind, "row")


def hover_card(ex: "Explorer", row: int) -> Mapping[str, Any]:
    """Return what the cards beside the pointer and in the gallery say. ``text`` None = the row is no text; ``pairs`` are columns."""
    snap = snapshot(ex)
    if snap is None or row >= snap.n:
        return {"row": row, "id": "", "title": "", "lines": [], "thumb": False, "text": None, "label": "", "pairs": []}
    label = snap.labels[row]
    kind = snap.dataset.kind
    said = []
    if label is not None:
        said.append(f"relabeled {label}" if snap.decided[row] is not None else f"given {label}")
    said += [f"{check_title(check.name).lower()} {check.severity[row]:.2f}" for check in flagging(snap, row)]
    lines = [" · ".join(said)] if said else []
    if snap.excluded[row]:
        lines.append("excluded")
    return {
        "row": row,
        "id": snap.ids[row],
        "title": snap.title(row),
        "lines": lines,
        "thumb": kind == "pictures",
        "text": excerpt(ex.text(row) or "") if kind == "texts" else None,
        "label": label or "",
        "pairs": (pairs(snap, row, CARD_COLUMNS) or _place(snap, row)) if kind in ("table", "vectors") else [],
    }


def cards_at_once(ex: "Explorer", rows: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return the cards that a gallery without pictures begins with, so that it is never empty; the others come when they are seen."""
    return {} if thumb_url(ex) else {row: hover_card(ex, row) for row in rows[:AT_ONCE]}


def _place(snap: Snapshot, row: int) -> list[tuple[str, str]]:
    """Say of a row without columns at least which cluster it is in."""
    return [("cluster", cluster_word(snap, int(snap.clusters[row])))] if snap.clustering is not None else []


def cluster_word(snap: Snapshot, cluster: int) -> str:
    """Return what stands after the word "cluster": its name, or its number where it has none."""
    return "none" if cluster < 0 else (snap.cluster_names.get(cluster) or str(cluster)).removeprefix("cluster ")


def flagging(snap: Snapshot, row: int) -> list[CheckFindings]:
    """Return the checks that flag a row: label issues, which come with an answer, then the worst first."""
    found = [check for check in snap.checks.values() if check.flagged[row]]
    return sorted(found, key=lambda check: (check.name != "label_issue", -float(check.severity[row])))


def card_size(ex: "Explorer", snap: Snapshot) -> Literal["small", "medium"]:
    """Return the size of cards in a narrow gallery: two side by side for short texts and columns, else one."""
    if snap.dataset.kind != "texts":
        return "small"
    lengths = [len(ex.text(row) or "") for row in range(0, snap.n, max(snap.n // 64, 1))]
    return "small" if not lengths or median(lengths) <= SHORT_TEXT else "medium"


def badges(snap: Snapshot, rows: Iterable[int]) -> dict[int, list[Badge]]:
    """Return the few letters over pictures: excluded, relabeled, or why it is flagged (one, the worst)."""
    found: dict[int, list[Badge]] = {}
    groups = {name: check.groups for name, check in snap.checks.items() if check.grouped}
    sizes = {name: np.bincount(group[group >= 0]) for name, group in groups.items()}
    for row in rows:
        if snap.excluded[row]:
            found[row] = [{"text": "excluded", "tone": "muted"}]
        elif snap.decided[row] is not None:
            found[row] = [{"text": shorten(str(snap.decided[row]), 14), "tone": "info"}]
        elif snap.open[row]:
            check = next(check for check in flagging(snap, row) if check.open[row])
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
        codes, names = snap.clusters[rows].astype(np.int64), snap.cluster_names
    else:
        return ""
    found, counts = np.unique(codes[codes >= 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:limit]
    said = [f"{names.get(int(found[place]), '')} {counts[place]:,}" for place in order]
    return " · ".join(said) + (" · …" if len(found) > limit else "")
