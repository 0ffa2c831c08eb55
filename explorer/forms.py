"""The form of the page Export: what to write, where to, and which rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from engines.parameters import parameters
from engines.recipe import registry
from explorer import filters
from explorer.columns import coloring
from explorer.departure import fresh_target
from explorer.session import View
from explorer.snapshot import Rows, Snapshot

if TYPE_CHECKING:
    from explorer.api import Explorer

FORMATS = {
    "folder": "Folder of files, one sub-folder per class",
    "table": "The table that was read, corrected",
    "csv": "CSV table",
    "parquet": "Parquet table",
    "jsonl": "JSON lines",
    "hf": "Hugging Face data set",
    "webdataset": "WebDataset tar files",
    "coco": "COCO annotations with their pictures",
    "yolo": "YOLO data set with its pictures",
}
LINKS = {"copy": "Copy the files", "hardlink": "Hard links (no extra space, same disk)", "symlink": "Symbolic links"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the person asks for. ``rows`` None = every row that is not excluded."""

    to: str
    format: str
    link: str
    rows: Rows | None


def can_link(name: str) -> bool:
    """Tell whether a format copies files, which may be linked instead."""
    return "link" in {parameter.name for parameter in parameters(registry("export").load(name))}


def export_form(ex: "Explorer", snap: Snapshot, v: View, formats: Mapping[str, str]) -> Order:
    """Draw the form and return what it holds now. ``formats`` say why they cannot hold this data set; empty where they can."""
    kinds = [name for name, why in formats.items() if not why]
    kind = st.radio("Format", kinds, format_func=lambda name: FORMATS.get(name, name), key="export-format")
    # A default, which every run sends: a value put into the session's state is sent once, and lost when the next run overtakes it.
    if "export-to" not in st.session_state:
        st.session_state["export-proposal"] = str(fresh_target(ex.name, Path.home()))
    proposal = st.session_state["export-proposal"]
    to = st.text_input("New folder", proposal, key="export-to", help="It must not exist yet; nothing is ever overwritten.")
    link = "copy"
    if snap.dataset.kind == "pictures" and can_link(str(kind)):
        link = st.selectbox("Files", list(LINKS), format_func=lambda name: LINKS[name], key="export-link")
    return Order(to=to.strip(), format=str(kind), link=str(link), rows=_rows(ex, snap, v))


def _rows(ex: "Explorer", snap: Snapshot, v: View) -> Rows | None:
    """Ask which rows, where there is more than one answer."""
    selected = filters.selected(snap, v)
    passing = np.flatnonzero(filters.shown(ex, snap, v, coloring(snap, v.color, v.layer)))
    choices: dict[str, Rows | None] = {"Everything that is not excluded": None}
    if len(passing) < snap.n:
        choices[f"Only what Explore shows ({len(passing):,})"] = passing
    if len(selected):
        choices[f"Only the selection ({len(selected):,})"] = selected
    if len(choices) == 1:
        return None
    return choices[st.radio("Rows", list(choices), key="export-rows")]
