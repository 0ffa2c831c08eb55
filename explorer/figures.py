"""The figures of the page Runs: neighbors, maps, layers of clusters, how clusterings agree, and how many clusters there may be."""

from collections.abc import Mapping
from typing import Any

from components.report import Row, Table
from explorer.changes import ADVICE
from explorer.columns import clusterer_name
from explorer.shared import Shared
from explorer.snapshot import check_title, map_name

ADVISE, REDRAW = "advise", "redraw"


def stage_name(stage: str, name: str) -> str:
    """Return how what a stage made is called on the screen."""
    if stage in ("issues", "measure"):
        return check_title(name)
    if stage == "project":
        return "UMAP, a sketch" if name == "sketch" else map_name(name)
    return clusterer_name(name) if stage == "cluster" else name


def neighbors_table(sh: Shared) -> Table:
    """Return how the neighbors were found, and how many of the true ones."""
    graph = sh.ex.values.graph
    rows: list[Row] = []
    if graph is not None:
        exact = graph.notes.get("method", "exact") == "exact"
        recall = "all" if graph.recall >= 1 else f"{graph.recall:.1%}".replace("%", " %")
        search = (
            "exact: every row with every other" if exact else f"approximate, {graph.notes.get('partitions', '?')} partitions"
        )
        rows.append({"cells": [search, f"{graph.m:,}", f"{graph.k}", recall, f"{graph.mean_cosine:.2f}"], "tone": ""})
    sample = graph.notes.get("recall_sample") if graph is not None else None
    return {
        "title": "Neighbors",
        "columns": ["Search", "Different rows", "Neighbors of each", "Of the 15 nearest found", "Mean cosine"],
        "align": "lrrrr",
        "rows": rows,
        "empty": "Neighbors have not been looked for yet.",
        "note": f"The share was measured on {sample:,} rows against an exact search." if sample else "",
    }


def maps_table(sh: Shared) -> Table:
    """Return how far each map can be trusted; one that rows were placed on can be drawn anew."""
    rows: list[Row] = []
    for name, shown in list(sh.ex.values.projections.items()):
        notes = shown.notes
        keys = ("trustworthiness", "continuity", "kept_neighbors", "false", "torn", "seed_stability")
        row: Row = {"cells": [map_name(name), *(_share(notes, key) for key in keys)], "tone": ""}
        if notes.get("coarse"):
            row["mark"] = "a sketch; the map is being computed"
        elif notes.get("placed"):
            placed = int(notes["placed"])
            hint = f"{placed:,} rows were placed beside rows that the map was made of"
            row["action"] = {"name": REDRAW, "label": f"Draw anew ({placed:,} placed)", "hint": hint, "usable": True}
        rows.append(row)
    return {
        "title": "Maps",
        "columns": ["Map", "Trustworthiness", "Continuity", "Kept", "False", "Torn", "Same with another seed"],
        "align": "lrrrrrr",
        "rows": rows,
        "empty": "There is no map yet.",
        "note": (
            "Kept: how many of an item's 15 nearest neighbors are its nearest on the map. False: how much of what looks near is far in truth. "
            "Torn: how many true neighbors are far on the map. The last column: how much of a neighborhood stays the same when a sample is drawn "
            "again with another seed. Color the map by its trust to see where it can be believed."
        )
        if rows
        else "",
    }


def layers_table(sh: Shared) -> Table:
    """Return the layers of each clustering, coarse to fine."""
    rows: list[Row] = []
    for name, found in list(sh.ex.values.clusterings.items()):
        for number, layer in enumerate(found.notes.get("layers", [])):
            stability = layer.get("stability")
            cells = [
                clusterer_name(name) if number == 0 else "",
                f"{layer['clusters']:,}",
                _share(layer, "noise"),
                "" if stability is None else f"{stability:.2f}",
            ]
            row: Row = {"cells": cells, "tone": ""}
            if number == found.default_layer:
                row["tone"], row["mark"] = "current", "shown first"
            rows.append(row)
    return {
        "title": "Layers of clusters",
        "columns": ["Clustering", "Clusters", "In none", "Stability"],
        "align": "lrrr",
        "rows": rows,
        "empty": "There are no clusters yet.",
        "note": (
            "Stability: how far four fifths of the rows alone, or 20,000 where that is less, lead to the same clusters; 1 is the same, "
            "0 is chance. Of clusters too small for that, it is asked within a part of the rows."
        )
        if rows
        else "",
    }


def agreements_table(sh: Shared) -> Table:
    """Return how the clusterings agree with each other and with the labels."""
    rows: list[Row] = [
        {
            "cells": [side_name(one), side_name(other), f"{found.ari:.2f}", f"{found.ami:.2f}", f"{found.ari_clustered:.2f}"],
            "tone": "",
        }
        for (one, other), found in sh.ex.agreements.items()
    ]
    sampled = next((found.ami_rows for found in sh.ex.agreements.values() if found.ami_rows < len(sh.ex.dataset)), 0)
    note = "Both are adjusted: 1 is the same grouping, 0 what chance gives."
    if sampled:
        note += f" The mutual information is that of {sampled:,} rows, drawn by chance; the Rand index that of all."
    return {
        "title": "Agreement",
        "columns": ["", "and", "Rand index", "Mutual information", "Rand index without rows in none"],
        "align": "llrrr",
        "rows": rows,
        "empty": "There is nothing to compare: one clustering, and no labels.",
        "note": note if rows else "",
    }


def advice_table(sh: Shared) -> Table:
    """Return what speaks for which number of clusters, or the offer to find out."""
    found, job = sh.ex.known_advice, sh.errands.get(ADVICE)
    rows: list[Row] = []
    if found is not None:
        names = {"coding_length": "shortest to describe", "silhouette": "best apart", "stability": "most stable"}
        for line in found.table.to_pylist():
            marks = [words for name, words in names.items() if found.picks.get(name) == line["k"]]
            row: Row = {
                "cells": [
                    f"{line['k']}",
                    f"{line['coding_length']:,.0f}",
                    f"{line['silhouette']:.2f}",
                    f"{line['stability']:.2f}",
                ],
                "tone": "current" if marks else "",
            }
            if marks:
                row["mark"] = ", ".join(marks)
            rows.append(row)
    elif sh.ex.values.graph is not None:
        asked: Row = {"cells": ["Not looked at yet", "", "", ""], "tone": "quiet"}
        if job is not None and job.state.active:
            asked["mark"] = "being computed"
        elif job is not None and job.state.phase == "failed":
            asked["mark"] = job.state.error
        else:
            asked["action"] = {"name": ADVISE, "label": "Find out", "hint": "Takes a few seconds", "usable": True}
        rows.append(asked)
    told = [
        f"{clusterer_name(name)} found {len(one.clusters(one.default_layer)):,}"
        for name, one in sh.ex.values.clusterings.items()
    ]
    return {
        "title": "How many clusters?",
        "columns": ["Clusters", "Coding length", "Silhouette", "Stability"],
        "align": "rrrr",
        "rows": rows,
        "empty": "There are no neighbors yet.",
        "note": (
            "The three measures ask different questions and seldom agree: what describes the rows most briefly, what lies farthest apart, and what "
            f"another start of k-means finds again. {'; '.join(told)}."
        )
        if found is not None
        else "",
    }


def side_name(name: str) -> str:
    """Return how a clustering, or the labels, are called where two are compared."""
    return "your labels" if name == "label" else clusterer_name(name)


def _share(notes: Mapping[str, Any], key: str) -> str:
    value = notes.get(key)
    if not isinstance(value, int | float):
        return ""
    return f"{value:.3f}" if key in ("trustworthiness", "continuity") else f"{value:.0%}".replace("%", " %")
