"""What the map and the gallery of the page Explore show, as plain data for the components."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from components.gallery import GalleryData, Pick
from components.list_header import ListHeaderData, OrderChoice
from components.map import MapData, cluster_labels
from engines.artifacts import Projection
from explorer import columns, filters
from explorer.cards import badges, breakdown, card_size, cards_at_once, ds_key, info_url, items, sentence, thing, thumb_url
from explorer.columns import Coloring
from explorer.excerpts import shorten
from explorer.finding import Hunt, follow
from explorer.frame import job_words
from explorer.session import View
from explorer.shared import Shared
from explorer.snapshot import Mask, Rows, Snapshot, map_name

MOST_ROWS = 10_000
BEST_MAPS = ("umap", "tsne", "pca")
ORDERS: tuple[OrderChoice, ...] = (
    {"value": "match", "label": "best match"},
    {"value": "severity", "label": "severity"},
    {"value": "name", "label": "name"},
    {"value": "label", "label": "label"},
    {"value": "cluster", "label": "cluster"},
    {"value": "strength", "label": "strength"},
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What follows from the snapshot and the view together, worked out once per redraw."""

    snap: Snapshot
    view: View
    colors: Coloring
    projection: Projection | None
    visible: Mask
    selected: Rows
    rows: Rows
    mode: str
    hunt: Hunt | None = None

    @cached_property
    def named(self) -> Coloring:
        """Give what the names on the map stand for: the clusters, or the labels where there are no clusters yet."""
        if self.colors.kind == "category" and self.colors.value in ("cluster", "label"):
            return self.colors
        return columns.coloring(self.snap, "cluster", self.view.layer)

    @property
    def label_codes(self) -> npt.NDArray[np.int64]:
        """Give the name of each row on the map as a code."""
        return self.named.codes

    @property
    def label_names(self) -> list[str]:
        """Give the names on the map by code."""
        return list(self.named.names)


def scene(sh: Shared, snap: Snapshot, v: View) -> Scene:
    """Work out what is found, visible, selected and listed; gives the tab a current item where it has none."""
    v.belong(snap.dataset.key)
    hunt = follow(sh, snap, v)
    answer = hunt.answer if hunt is not None else None
    colors = columns.coloring(snap, v.color, v.layer)
    visible = filters.shown(sh.ex, snap, v, colors)
    chosen = filters.selected(snap, v)
    if v.selection is not None:
        rows, mode = chosen[visible[chosen]], "selected" if answer is None else "found"
    elif answer is not None:
        rows, mode = chosen, "found"
    elif filters.is_filtering(v):
        rows, mode = np.flatnonzero(visible), "filtered"
    elif snap.open.any():
        rows, mode = np.flatnonzero(snap.open), "flagged"
    else:
        rows, mode = np.arange(snap.n), "all"
    order = "urgency" if mode == "flagged" else "match" if mode == "found" and v.best_first else v.order
    rows = filters.ordered(snap, rows, order, answer.scores if answer is not None else None)
    v.follow(tuple(rows[:MOST_ROWS].tolist()), snap.n)
    return Scene(
        snap=snap,
        view=v,
        colors=colors,
        projection=projection(sh, snap, v),
        visible=visible,
        selected=chosen,
        rows=rows,
        mode=mode,
        hunt=hunt,
    )


def projection(sh: Shared, snap: Snapshot, v: View) -> Projection | None:
    """Return the map to show: the chosen one, else the best one that is there."""
    there = {name: found for name, found in sh.ex.values.projections.items() if len(found.coords) == snap.n}
    if v.map in there:
        return there[v.map]
    return next((there[name] for name in (*BEST_MAPS, *there) if name in there), None)


def points_rev(sh: Shared, shown: Projection) -> str:
    """Publish the positions of a map and return their revision."""
    return sh.blobs.made("points", shown.key, lambda: points_frame(shown))


def points_frame(shown: Projection) -> bytes:
    """Return the positions as the map reads them: counts, a JSON header, all x, all y, little endian."""
    coords = shown.coords
    header: dict[str, object] = {"n": len(coords), "name": shown.name}
    if len(coords):
        (xmin, ymin), (xmax, ymax) = coords.min(axis=0).tolist(), coords.max(axis=0).tolist()
        header |= {"xmin": xmin, "xmax": xmax, "ymin": ymin, "ymax": ymax}
    words = json.dumps(header).encode()
    words += b" " * (-len(words) % 4)
    counts = np.array([len(coords), len(words)], dtype="<u4").tobytes()
    return counts + words + coords[:, 0].astype("<f4").tobytes() + coords[:, 1].astype("<f4").tobytes()


def map_data(sh: Shared, sc: Scene) -> MapData:
    """Return what the map shows."""
    base = f"/api/v1/{ds_key(sh.ex)}"
    snap, shown = sc.snap, sc.projection
    column = "".join(letter if letter.isalnum() else "-" for letter in sc.colors.value)[:40]
    color_rev = sh.blobs.publish(f"color/{column}", sc.colors.frame())
    state_rev = sh.blobs.publish("state", filters.state_frame(snap, sc.visible, sc.selected))
    state = sh.job.state
    data: MapData = {
        "ds": ds_key(sh.ex),
        "n": snap.n,
        "points": None,
        "color": {
            "url": f"{base}/color/{column}/{color_rev}.bin",
            "kind": sc.colors.kind,
            "palette": list(sc.colors.palette),
            "missing": sc.colors.missing,
            "range": list(sc.colors.range),
        },
        "state": {"url": f"{base}/state/{state_rev}.bin"},
        "labels": [],
        "thumb": thumb_url(sh.ex),
        "info": info_url(sh.ex),
        "caption": caption(shown),
        "empty": None,
        "busy": None,
        "selected_count": len(sc.selected),
    }
    if shown is None:
        data["empty"] = _no_map(sh)
        if state.active:
            data["busy"] = {"text": job_words(state.message), "fraction": state.fraction}
        return data
    data["points"] = {
        "url": f"{base}/points/{points_rev(sh, shown)}.bin",
        "name": points_rev(sh, shown),
        "label": map_name(shown.name),
    }
    chosen = np.zeros(snap.n, dtype=bool)
    chosen[sc.selected] = True
    codes = np.where(sc.visible, sc.label_codes, -1)
    data["labels"] = cluster_labels(shown.coords, codes, sc.label_names, selected=chosen if len(sc.selected) else None)
    if not sc.visible.any():
        data["empty"] = "No item passes the filters.\nTake a filter away at the left."
    return data


def caption(shown: Projection | None) -> str:
    """Say what the map keeps and what it does not."""
    if shown is None:
        return ""
    kept = shown.notes.get("kept_neighbors", shown.notes.get("recall"))
    if isinstance(kept, int | float) and 0 < kept <= 1:
        k = shown.notes.get("k", 15)
        return f"Map keeps {kept * 100:.0f} % of each item's {k} nearest neighbors."
    return "Near on the map mostly means alike."


def _no_map(sh: Shared) -> str:
    state = sh.job.state
    if state.active:
        return (
            "The map is being computed.\nThe pictures at the right are there already."
            if thumb_url(sh.ex)
            else "The map is being computed.\nWhat is at the right is there already."
        )
    if state.phase == "failed":
        return f"There is no map: {state.error}.\n{sentence(state.hint)}"
    if state.phase == "cancelled":
        return "The computation was stopped before there was a map.\nTry again at the top right."
    return "There is no map of this data set."


def header_data(sc: Scene) -> ListHeaderData:
    """Return the line over the gallery."""
    count = len(sc.rows)
    title = {
        "selected": f"{count:,} selected",
        "found": f"{count:,} found",
        "filtered": f"{count:,} shown",
        "flagged": f"Start here: {count:,} flagged",
        "all": items(count),
    }[sc.mode]
    detail = "worst first" if sc.mode == "flagged" else breakdown(sc.snap, sc.rows)
    if sc.mode in ("selected", "found") and count < len(sc.selected):
        detail = f"{len(sc.selected) - count:,} more are hidden"
    orders = [] if sc.mode == "flagged" or not count else [order for order in ORDERS if _makes_sense(sc, order["value"])]
    wanted = "match" if sc.mode == "found" and sc.view.best_first else sc.view.order
    order = wanted if any(choice["value"] == wanted for choice in orders) else "name"
    return {"title": title, "detail": detail, "orders": orders, "order": order}


def _makes_sense(sc: Scene, order: str) -> bool:
    if order == "match":
        return sc.mode == "found"
    if order == "label":
        return bool(sc.snap.label_names)
    if order in ("cluster", "strength"):
        return sc.snap.clustering is not None
    return order != "severity" or bool(sc.snap.checks)


def reorder(v: View, order: str) -> None:
    """Change the order of the gallery."""
    if order in {choice["value"] for choice in ORDERS}:
        v.best_first = order == "match"
        if not v.best_first:
            v.order = order  # type: ignore[assignment]  # checked against the orders that there are


def gallery_data(sh: Shared, sc: Scene) -> GalleryData:
    """Return what the gallery shows."""
    return gallery_of(sh, sc.snap, sc.view, sc.rows, current=sc.view.current, empty=_nothing(sc))


def gallery_of(sh: Shared, snap: Snapshot, v: View, rows: Rows, *, current: int | None, empty: str) -> GalleryData:
    """Return a gallery of what the view lists; more rows than that go as binary, not through the socket."""
    url = None
    if len(rows) > MOST_ROWS:
        rev = sh.blobs.publish("selection", rows.astype("<u4").tobytes())
        url = f"/api/v1/{ds_key(sh.ex)}/selection/{rev}.bin"
    return {
        "ds": ds_key(sh.ex),
        "rows": v.listed if url is None else [],
        "total": len(rows),
        "url": url,
        "thumb": thumb_url(sh.ex),
        "info": info_url(sh.ex),
        "badges": badges(snap, v.listed),
        "current": current,
        "marked": list(v.marked),
        "captions": None,
        "empty": empty,
        "sizes": card_size(sh.ex, snap),
        "rev": snap.stamp[1],
        "cards": cards_at_once(sh.ex, v.listed),
    }


def pick(v: View, rows: Rows, picked: Pick) -> None:
    """Look at what was picked in a gallery of rows, and mark what is marked there."""
    if picked.row is not None:
        v.look(picked.row)
    v.marked = tuple(rows.tolist()) if picked.all else picked.rows


def _nothing(sc: Scene) -> str:
    """Say why the gallery is empty."""
    if sc.mode == "found" and not len(sc.selected):
        slides = sc.hunt is not None and sc.hunt.answer is not None and len(sc.hunt.answer.edges)
        advice = "Move the cut-off at the left to see what comes nearest." if slides else "Try another word."
        return f"Nothing fits “{shorten(sc.view.query, 60)}”.\n{advice}"
    return {
        "filtered": "No item passes the filters.",
        "selected": "Everything that is selected is hidden by a filter.",
        "found": "Everything that was found is hidden by a filter.",
    }.get(sc.mode, "There is nothing here.")


def no_item(sc: Scene) -> str:
    """Say why the inspector is empty."""
    if sc.mode == "found":
        return "Nothing was found."
    return f"Click a {thing(sc.snap)} or a point to look at it." if sc.snap.n else "This data set is empty."
