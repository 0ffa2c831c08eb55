"""What the side panel of the page Explore shows: maps, colors, granularity, legend, filters, a histogram."""

import numpy as np
import numpy.typing as npt

from components.side_panel import EncoderPick, Granularity, Histogram, Legend, LegendItem, MapChoice, SidePanelData
from engines.artifacts import Clustering
from engines.project.trust import caution
from explorer import columns, filters
from explorer.cards import items
from explorer.changes import wanted_encoder
from explorer.columns import Coloring
from explorer.finding import search_data
from explorer.panes import Scene
from explorer.shared import Shared
from explorer.snapshot import Snapshot, check_title, layer_of, map_name

BINS, MOST_BINS = 19, 40
LOOKED_AT = 5_000
TRUST_NOTES = {
    "trust": "1: all true neighbors of an item are near it on the {} map, and nothing else is.",
    "torn": "How much of an item's true neighbors lies elsewhere on the {} map.",
    "false": "How much of what is nearest to an item on the {} map is far from it in truth.",
}


def panel_data(sh: Shared, sc: Scene) -> SidePanelData:
    """Return what the side panel shows."""
    snap, v = sc.snap, sc.view
    visible = int(np.count_nonzero(sc.visible))
    return {
        "search": search_data(sh, sc.hunt),
        "encoders": _encoders(sh),
        "maps": _maps(sh),
        "map": sc.projection.name if sc.projection is not None else "",
        "caution": caution(sc.projection.name, sc.projection.notes) if sc.projection is not None else "",
        "colors": [{"value": c.value, "label": c.label, "group": c.group} for c in columns.choices(snap)],
        "color": sc.colors.value,
        "granularity": granularity(snap, columns.clustering_of(snap, sc.colors.value), sc.colors, v.layer),
        "legend": _legend(sc),
        "text": v.text,
        "where": v.where,
        "where_error": v.where_error,
        "where_hint": v.where_hint if v.where_error else "",
        "where_example": _example(snap),
        "facets": filters.facets(snap),
        "chosen": v.facets,
        "shown": f"{visible:,} of {snap.n:,} shown" if visible < snap.n else "",
        # One histogram at a time: that of the search stands under its box.
        "histogram": _histogram(sc) if sc.hunt is None else None,
    }


def _encoders(sh: Shared) -> list[EncoderPick]:
    """Return what the map can be made from; nothing where there is no choice."""
    found: list[EncoderPick] = []
    wanted = wanted_encoder(sh)
    for choice in sh.ex.encoders:
        current = choice.name == wanted if wanted is not None else choice.current
        note = choice.note or ("" if choice.ready or current else "not computed yet")
        if choice.name == wanted:
            note = "on its way"
        found.append({"name": choice.name, "label": choice.label, "current": current, "usable": not choice.note, "note": note})
    return found if len(found) > 1 else []


def _maps(sh: Shared) -> list[MapChoice]:
    there = sh.ex.values.projections
    wanted = list(dict.fromkeys([*sh.ex.recipe.chosen("project"), *there]))
    busy = sh.job.state.active
    found: list[MapChoice] = []
    for name in wanted:
        if name in there or busy:
            note = "" if name in there else f"{map_name(name)} is being computed"
            found.append({"name": name, "label": map_name(name), "ready": name in there, "note": note})
    return found


def _example(snap: Snapshot) -> str:
    if snap.label_names:
        return "label = '" + snap.label_names[0].replace("'", "''") + "'"
    return "cluster = 3"


def granularity(
    snap: Snapshot, clustering: Clustering | None, colors: Coloring | None, layer: int | None
) -> Granularity | None:
    """Return the layers of the clustering that is shown, and which one of them that is; None where none is."""
    if clustering is None or colors is None:
        return None
    none = float(np.count_nonzero(colors.codes < 0)) / max(snap.n, 1)
    said = items(len(colors.names), "cluster")
    if none > 0:
        said += f", {none * 100:.1f} % in none" if none >= 0.001 else ", almost none left out"
    return {"layers": len(clustering.layers), "value": layer_of(clustering, layer), "text": said}


def _legend(sc: Scene) -> Legend:
    colors, v = sc.colors, sc.view
    if colors.kind == "number":
        return {
            "kind": "number",
            "title": colors.title,
            "items": [],
            "palette": list(colors.palette),
            "range": list(colors.range),
        }

    def state(code: int) -> LegendItem:
        name = colors.names[code] if code >= 0 else colors.none_name
        count = colors.counts[code] if code >= 0 else int(np.count_nonzero(colors.codes < 0))
        off = code not in v.solo if v.solo else code in v.hidden
        return {
            "code": code,
            "text": name,
            "count": count,
            "color": colors.palette[code] if code >= 0 else colors.missing,
            "state": "off" if off else "solo" if v.solo else "on",
        }

    entries = [state(code) for code in range(len(colors.names))]
    if (colors.codes < 0).any():
        entries.append(state(-1))
    return {"kind": "category", "title": "Legend", "items": entries, "palette": [], "range": [0, 1]}


def _histogram(sc: Scene) -> Histogram | None:
    """Return the distribution of what is colored, or of the label issues where a category is."""
    snap, colors = sc.snap, sc.colors
    kind, _, name = colors.value.partition(":")
    if kind != "severity" and colors.kind == "number":
        shown = histogram(colors.title, colors.numbers, colors.range, None, _bins(colors.numbers))
        return {**shown, "note": TRUST_NOTES.get(kind, "").format(map_name(name))}
    if kind != "severity":
        ran = [check for check in snap.checks.values() if not check.skipped and check.open.any()]
        if not ran:
            return None
        name = "label_issue" if any(check.name == "label_issue" for check in ran) else ran[0].name
    check = snap.checks[name]
    return histogram(f"{check_title(name)} severity", check.severity, (0.0, 1.0), check.threshold)


def _bins(numbers: npt.NDArray[np.float32]) -> int:
    """Choose one bin for each of a few evenly spaced numbers: shares of 15 neighbors in 19 bins look like a comb."""
    known = numbers[np.isfinite(numbers)]
    levels = np.unique(np.round(known[:: max(len(known) // LOOKED_AT, 1)].astype(np.float64), 4))
    if not 2 < len(levels) <= MOST_BINS:
        return BINS
    steps = (levels[-1] - levels[0]) / np.diff(levels).min()
    return round(steps) + 1 if steps < MOST_BINS else BINS


def histogram(
    title: str, numbers: npt.NDArray[np.float32], bounds: tuple[float, float], threshold: float | None, bins: int = BINS
) -> Histogram:
    """Return the distribution of numbers; NaN are left out."""
    known = numbers[np.isfinite(numbers)]
    counts, _ = np.histogram(known, bins=bins, range=bounds)
    return {
        "title": title,
        "bins": [int(count) for count in counts],
        "low": bounds[0],
        "high": bounds[1],
        "threshold": threshold,
        "note": "",
    }
