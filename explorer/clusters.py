"""What the page Clusters shows: the clusters of a layer, each with a few of its pictures, and one of them whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from components.cluster_list import ClusterEntry, ClusterListData
from components.cluster_panel import Bar, ClusterPanelData, Half
from components.gallery import GalleryData
from components.list_header import OrderChoice
from engines.curate.clusters import first_own
from explorer import columns
from explorer.cards import ds_key, items, share_words, thumb_url
from explorer.columns import Coloring
from explorer.excerpts import excerpt, pairs
from explorer.frame import job_words
from explorer.panel import granularity
from explorer.panes import gallery_of
from explorer.session import Parting, View
from explorer.shared import Shared
from explorer.snapshot import Mask, Rows, Snapshot
from explorer.tables import top_labels

if TYPE_CHECKING:
    from explorer.api import Explorer

Int64 = npt.NDArray[np.int64]

STRIP, HALF, TEXTS, HALF_TEXTS, BARS, COLUMNS = 8, 24, 2, 4, 6, 4
MOST_LISTED = 5_000
ABOVE, BAR_HEIGHT, FORM_HEIGHT, HALF_HEIGHT = 252, 26, 24, 96
"""Pixels of the top bar, the panel without its bars and the action bar; of a bar; what a form is higher than buttons; of the headings of a split."""
ORDERS: tuple[OrderChoice, ...] = (
    {"value": "size", "label": "size"},
    {"value": "name", "label": "name"},
    {"value": "mixed", "label": "mixed labels"},
    {"value": "flagged", "label": "most flagged"},
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """One cluster: its ``rows`` from the most to the least typical, and what stands about them. ``purity`` is NaN without labels."""

    id: int
    name: str
    color: str
    rows: Rows
    own: bool
    flagged: int
    excluded: int
    purity: float
    label: str


def groups_of(snap: Snapshot, colors: Coloring, layer: int | None) -> list[Group]:
    """Return the clusters of a layer with the person's own among them, the largest first."""
    if snap.clustering is None:
        return []
    codes, count = colors.codes, len(colors.ids)
    rows = _arranged(snap, codes, snap.layer_at(layer))
    cuts = np.cumsum(colors.counts)[:-1]
    tops = top_labels(codes, snap.label_codes)
    flagged = np.bincount(codes[(codes >= 0) & snap.open], minlength=count)
    excluded = np.bincount(codes[(codes >= 0) & snap.excluded], minlength=count)
    first = first_own(snap.clustering.layers)
    found = []
    for code, members in enumerate(np.split(rows, cuts) if count else []):
        label, share = tops.get(code, (-1, float("nan")))
        found.append(
            Group(
                id=colors.ids[code],
                name=colors.names[code],
                color=colors.palette[code],
                rows=members,
                own=colors.ids[code] >= first,
                flagged=int(flagged[code]),
                excluded=int(excluded[code]),
                purity=share,
                label=snap.label_names[label] if label >= 0 else "",
            )
        )
    return found


def _arranged(snap: Snapshot, codes: Int64, layer: int) -> Rows:
    """Return the rows that are in a cluster, cluster by cluster, each from the most to the least typical row."""
    assert snap.clustering is not None
    with snap.lock:
        if layer not in snap.arranged:
            order = np.lexsort((-snap.clustering.strength, codes))
            snap.arranged[layer] = order[np.count_nonzero(codes < 0) :]
        return snap.arranged[layer]


def ordered(groups: Sequence[Group], order: str) -> list[Group]:
    """Put clusters in an order; clusters that tell nothing about it come last."""
    keys: dict[str, Callable[[Group], tuple[str | float, int]]] = {
        "name": lambda group: (group.name.casefold(), -len(group.rows)),
        "mixed": lambda group: (group.purity if group.label else 2.0, -len(group.rows)),
        "flagged": lambda group: (-group.flagged, -len(group.rows)),
    }
    return sorted(groups, key=keys[order]) if order in keys else list(groups)


@dataclass(frozen=True, kw_only=True)
class Board:
    """What follows from the snapshot and the view together: all clusters, those that are listed, and those that an action means.

    ``rows`` are the items of the chosen clusters; of one that is about to be split those that would leave it.
    """

    snap: Snapshot
    view: View
    colors: Coloring | None
    groups: Sequence[Group]
    listed: Sequence[Group]
    chosen: Sequence[Group]
    rows: Rows


def board(snap: Snapshot, v: View) -> Board:
    """Work out what is listed and chosen; gives the tab a current cluster where it has none."""
    v.belong(snap.dataset.key)
    colors = columns.coloring(snap, "cluster", v.layer) if snap.clustering is not None else None
    groups = groups_of(snap, colors, v.layer) if colors is not None else []
    listed = ordered(groups, v.cluster_order)[:MOST_LISTED]
    there = {group.id for group in listed}
    v.clusters = tuple(id_ for id_ in v.clusters if id_ in there)
    if v.cluster not in there:
        v.cluster = listed[0].id if listed else None
    if v.parting is not None and (v.parting.cluster != v.cluster or v.parting.stamp != snap.stamp or len(v.clusters) > 1):
        v.parting = None
    chosen = [group for group in groups if group.id in v.meant_clusters]
    rows = np.concatenate([group.rows for group in chosen]) if chosen else np.array([], dtype=np.int64)
    if v.parting is not None:
        rows = rows[np.isin(rows, v.parting.off)]
    return Board(snap=snap, view=v, colors=colors, groups=groups, listed=listed, chosen=chosen, rows=rows)


def list_data(sh: Shared, bd: Board) -> ClusterListData:
    """Return the list of clusters."""
    snap, v, colors, found = bd.snap, bd.view, bd.colors, bd.listed
    orders = [order for order in ORDERS if _makes_sense(snap, order["value"])]
    more = len(bd.groups) - len(found)
    return {
        "ds": ds_key(sh.ex),
        "rev": snap.stamp[1],
        "entries": [_entry(sh, snap, group) for group in found],
        "title": items(len(bd.groups), "cluster") if bd.groups else "Clusters",
        "detail": f"the {more:,} smallest are not listed" if more > 0 else "",
        "current": v.cluster,
        "marked": list(v.clusters),
        "thumb": thumb_url(sh.ex),
        "orders": orders if found else [],
        "order": v.cluster_order if any(order["value"] == v.cluster_order for order in orders) else "size",
        "granularity": granularity(snap, snap.clustering, colors, v.layer),
        "empty": "" if found else _nothing(sh),
    }


def _makes_sense(snap: Snapshot, order: str) -> bool:
    return {"mixed": bool(snap.label_names), "flagged": bool(snap.checks)}.get(order, True)


def _entry(sh: Shared, snap: Snapshot, group: Group) -> ClusterEntry:
    pictured = thumb_url(sh.ex) is not None
    shown = spread(group.rows, snap.excluded, STRIP if pictured else TEXTS)
    said = [f"{group.purity * 100:.0f} % {group.label}"] if group.label else []
    said += [f"{group.flagged:,} flagged"] if group.flagged else []
    said += [f"{group.excluded:,} excluded"] if group.excluded else []
    return {
        "id": group.id,
        "name": group.name,
        "color": group.color,
        "count": len(group.rows),
        "share": share_words(len(group.rows) / max(snap.n, 1)),
        "note": " · ".join(said),
        "own": group.own,
        "pictures": shown if pictured else [],
        "texts": [] if pictured else _texts(sh.ex, snap, shown),
    }


def spread(rows: Rows, excluded: Mask, count: int) -> list[int]:
    """Pick a few rows evenly from the most to the least typical, so that they show the whole range; excluded ones only where all are."""
    stay = rows[~excluded[rows]]
    rows = stay if len(stay) else rows
    places = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(np.int64)
    return [int(row) for row in rows[places]]


def _texts(ex: "Explorer", snap: Snapshot, rows: Sequence[int]) -> list[str]:
    """Return some rows in words: their texts, else their first columns; nothing where a row is but a vector."""
    if snap.dataset.kind == "texts":
        return [excerpt(ex.text(row) or "") or snap.title(row) for row in rows]
    columns = [" · ".join(f"{name} {value}" for name, value in pairs(snap, row, COLUMNS)) for row in rows]
    return [words for words in columns if words]


def _nothing(sh: Shared) -> str:
    state = sh.job.state
    if state.active:
        return f"There are no clusters yet.\n{job_words(state.message)} …"
    if state.phase in ("failed", "cancelled"):
        return "The computation stopped before there were clusters.\nTry again at the top right."
    return "There are no clusters in this data set."


def panel_data(sh: Shared, bd: Board) -> ClusterPanelData:
    """Return what the panel says about the clusters that are marked, else about the current one."""
    snap, v, found = bd.snap, bd.view, bd.chosen
    count = sum(len(group.rows) for group in found)
    data: ClusterPanelData = {
        "mode": "none",
        "title": "",
        "note": "",
        "own": False,
        "bars": [],
        "halves": [],
        "name": "",
        "naming": v.naming,
        "cannot_split": "",
        "thumb": thumb_url(sh.ex),
        "empty": "",
    }
    if not found:
        return data
    data["note"] = f"{items(count)} · {share_words(count / max(snap.n, 1))} of all"
    if len(found) > 1:
        data["mode"], data["title"] = "several", items(len(found), "cluster")
        data["bars"] = [_bar(group.name, len(group.rows), count) for group in found[:BARS]]
        data["name"] = found[0].name
        return data
    group = found[0]
    data["title"], data["name"], data["own"] = group.name, group.name, group.own
    if v.parting is not None:
        data["mode"], data["halves"] = "split", _halves(sh, snap, group, v.parting)
        data["name"] = v.parting.name
        return data
    data["mode"] = "one"
    data["bars"] = label_bars(snap, bd.rows)
    if count < 2:
        data["cannot_split"] = "One item cannot be split"
    elif sh.ex.values.graph is None:
        data["cannot_split"] = "The neighbors are not computed yet"
    return data


def label_bars(snap: Snapshot, rows: Rows) -> list[Bar]:
    """Return how much of some rows has which label, the most frequent first, the rest together; nothing without labels."""
    if not snap.label_names:
        return []
    codes, counts = np.unique(snap.label_codes[rows], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    names = [snap.label_names[code] if code >= 0 else "no label" for code in codes[order].tolist()]
    sizes = counts[order].tolist()
    most = BARS if len(sizes) <= BARS else BARS - 1
    bars = [_bar(name, size, len(rows)) for name, size in zip(names[:most], sizes[:most], strict=True)]
    if len(sizes) > most:
        bars.append(_bar(items(len(sizes) - most, "other label"), sum(sizes[most:]), len(rows)))
    return bars


def _bar(text: str, size: int, whole: int) -> Bar:
    return {"text": text, "count": f"{size:,}", "share": size / max(whole, 1)}


def _halves(sh: Shared, snap: Snapshot, group: Group, parting: Parting) -> list[Half]:
    """Return the part that stays, with some of its items, and the heading of the one that leaves: all its items are in the gallery."""
    stays = group.rows[~np.isin(group.rows, parting.off)]
    pictured = thumb_url(sh.ex) is not None
    shown = spread(stays, snap.excluded, HALF if pictured else HALF_TEXTS)
    texts = [] if pictured else _texts(sh.ex, snap, shown)
    return [
        {"title": f"Stays in {group.name}", "note": items(len(stays)), "pictures": shown if pictured else [], "texts": texts},
        {"title": "Becomes a cluster of its own", "note": items(len(parting.off)), "pictures": [], "texts": []},
    ]


def gallery_height(panel: ClusterPanelData) -> str:
    """Return the height that the panel, whose bars and form differ from cluster to cluster, leaves for the gallery under it."""
    above = ABOVE + len(panel["bars"]) * BAR_HEIGHT + (FORM_HEIGHT if panel["mode"] == "several" else 0)
    strip = f" - {HALF_HEIGHT}px - 22vh" if panel["halves"] else ""
    return f"max(220px, calc(100vh - {above}px{strip}))"


def gallery_data(sh: Shared, bd: Board) -> GalleryData:
    """Return the items of the clusters that are marked, else of the current one; of a split what would leave."""
    return gallery_of(sh, bd.snap, bd.view, bd.rows, current=bd.view.current if bd.view.chosen else None, empty="")
