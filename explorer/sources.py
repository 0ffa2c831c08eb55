"""What the page Runs says about the source and its encoders: what the reader understood, and how the embeddings compare."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from components.report import Row, Table
from components.source_form import Known, Part, SourceFormData
from explorer.cards import items
from explorer.changes import wanted_encoder
from explorer.excerpts import shorten
from explorer.shared import Shared
from explorer.snapshot import Snapshot, snapshot

PARTS = (
    ("image", "Picture", "what is seen: a path, or the picture itself"),
    ("text", "Text", "what is read and compared"),
    ("label", "Label", "the class that the checks compare with"),
    ("split", "Split", "train, test and the like"),
    ("id", "Id", "what a row is called in every export"),
    ("caption", "Caption", "words that name clusters and are searched"),
)
KINDS = {"pictures": "pictures", "texts": "texts", "table": "numbers and categories", "vectors": "vectors"}
FORMATS = {
    "folder": "folder",
    "csv": "CSV",
    "tsv": "TSV",
    "jsonl": "JSON lines",
    "json": "JSON",
    "parquet": "Parquet",
    "npy": "NumPy array",
}
MOST_FEATURES = 24


def source_data(sh: Shared) -> SourceFormData:
    """Return what is known of the source, and which column plays which part.

    Where nothing could be read the columns are not known: then their names can be typed, since a wrong or missing one is what the
    reader mostly complains about.
    """
    snap, state = snapshot(sh.ex), sh.job.state
    known: list[Known] = [{"name": "From", "value": sh.ex.source_text}]
    failed = state.phase == "failed"
    data: SourceFormData = {
        "title": "Source",
        "known": known,
        "parts": [],
        "columns": [],
        "free": snap is None and failed,
        "busy": state.active,
        "failed": failed,
        "rev": "",
    }
    if snap is None:
        known.append({"name": "Rows", "value": "nothing could be read" if failed else "nothing has been read yet"})
        if failed:
            data["parts"] = _parts({part: getattr(sh.ex.options, part) for part, _, _ in PARTS})
        return data
    origin = snap.dataset.origin
    known += _known(snap, origin)
    data["parts"] = _parts(origin.get("roles") or {})
    data["columns"] = [str(name) for name in origin.get("columns") or ()]
    data["rev"] = snap.dataset.key
    return data


def _known(snap: Snapshot, origin: Mapping[str, Any]) -> list[Known]:
    found: list[Known] = []
    form = str(origin.get("format") or origin.get("reader") or "")
    if form and form != "several":
        found.append({"name": "Format", "value": FORMATS.get(form, form)})
    rejected = snap.dataset.rejects.num_rows
    rows = f"{items(snap.n, 'row')} of {KINDS[snap.dataset.kind]}"
    found.append({"name": "Rows", "value": f"{rows}; {rejected:,} could not be used" if rejected else rows})
    for source in origin.get("sources") or ():
        told = ", ".join(
            filter(
                None,
                (
                    items(int(source.get("rows", 0)), "row"),
                    FORMATS.get(str(source.get("format")), str(source.get("format") or "")),
                ),
            )
        )
        found.append({"name": str(source.get("name", "")), "value": f"{source.get('source', '')} ({told})"})
    for name, words in (("labels", "Labels"), ("splits", "Splits")):
        if origin.get(name) == "folders":
            found.append({"name": words, "value": "from the names of folders"})
    names = origin.get("label_names")
    if names:
        values = list(names.values()) if isinstance(names, Mapping) else list(names)
        found.append({"name": "Label names", "value": _listed([str(value) for value in values])})
    features = [str(name) for name in origin.get("features") or ()]
    if features:
        found.append({"name": "Features", "value": f"{_listed(features)}: these make the vector of a row"})
    passed = sum(snap.dataset.counts.values())
    if passed:
        counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in snap.dataset.counts.items() if count)
        found.append({"name": "Passed over", "value": counts})
    return found


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(shorten(name, 40) for name in names[:MOST_FEATURES])
    more = len(names) - MOST_FEATURES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _parts(roles: Mapping[str, Any]) -> list[Part]:
    """List the parts that a column can play."""
    return [{"role": role, "label": label, "hint": hint, "column": str(roles.get(role) or "")} for role, label, hint in PARTS]


def encoders_table(sh: Shared) -> Table:
    """Return how the embeddings of the data set compare, with a button that lets another one feed the map."""
    compared = {row["encoder"]: row for row in sh.ex.comparison}
    rows: list[Row] = []
    choices, wanted = sh.ex.encoders, wanted_encoder(sh)
    for choice in choices:
        figures = compared.get(choice.name)
        row: Row = {
            "cells": [choice.label, *_figures(figures)],
            "tone": "current" if choice.current else "" if figures else "quiet",
        }
        if choice.current:
            row["mark"] = "feeds the map"
        elif choice.name == wanted:
            row["mark"] = "being computed"
        elif choice.note:
            row["mark"] = choice.note
        else:
            label = "Use for the map" if choice.ready else "Compute and use"
            hint = "Decisions stay; the old map stays until the new one is there"
            row["action"] = {"name": choice.name, "label": label, "hint": hint, "usable": True}
        rows.append(row)
    return {
        "title": "Encoders",
        "columns": ["Encoder", "kNN accuracy", "Mean cosine", "Effective rank", "Neighbor overlap", "Dimensions"],
        "align": "lrrrrr",
        "rows": rows,
        "empty": "No encoder has run yet.",
        "note": _meaning(list(compared.values()), {choice.name: choice.label for choice in choices}) if compared else "",
    }


def _figures(row: Mapping[str, Any] | None) -> list[str]:
    if row is None:
        return ["", "", "", "", ""]

    def number(name: str, form: str) -> str:
        value = row.get(name)
        return "" if not _known_number(value) else format(value, form)

    return [
        number("knn_accuracy", ".1%").replace("%", " %"),
        number("mean_cosine", ".2f"),
        number("effective_rank", ".1f"),
        number("neighbor_overlap", ".0%").replace("%", " %"),
        number("dimensions", ",d"),
    ]


def _known_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _meaning(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """Say in plain words what the figures mean, and which encoder keeps the labels together best where there are several."""
    said = []
    judged = [row for row in rows if _known_number(row.get("knn_accuracy"))]
    if len(judged) > 1:
        best = max(judged, key=lambda row: row["knn_accuracy"])
        said.append(f"{names.get(best['encoder'], best['encoder'])} keeps your labels together best.")
    said.append(
        "kNN accuracy: how often the nearest neighbors of an item name its label; higher serves your labels better. "
        "Mean cosine: near 0 the vectors spread in all directions, near 1 they crowd in one. "
        "Effective rank: how many directions they really use. "
        "Neighbor overlap: how many of an item's neighbors the encoder of the map finds too."
    )
    return "\n".join(said)
