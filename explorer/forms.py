"""The form of the page Export: what to write, where to, and which rows."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from explorer.departure import fresh_target
from explorer.session import View

if TYPE_CHECKING:
    from explorer.api import Explorer

FORMATS = {
    "folder": "Folder of files, one sub-folder per class",
    "csv": "CSV table",
    "parquet": "Parquet table",
    "jsonl": "JSON lines",
}
LINKS = {"copy": "Copy the files", "hardlink": "Hard links (no extra space, same disk)", "symlink": "Symbolic links"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the person asks for. ``where`` None = every row that is not excluded."""

    to: str
    format: str
    link: str
    where: str | None


def plain(text: str) -> str:
    """Escape a text for Streamlit calls that read Markdown: names of files and labels are no instructions."""
    special = "\\`*_{}[]()#+-.!|<>~$:&"
    return "".join(f"\\{letter}" if letter in special else letter for letter in text).replace("\n", " ")


def export_form(ex: "Explorer", v: View, formats: list[str]) -> Order:
    """Draw the form and return what it holds now."""
    kinds = [name for name in formats if name != "folder" or ex.values.facts is not None] or formats
    kind = st.radio("Format", kinds, format_func=lambda name: FORMATS.get(name, name), key="export-format")
    if "export-to" not in st.session_state:
        st.session_state["export-to"] = str(fresh_target(ex.name, Path.home()))
    to = st.text_input("New folder", key="export-to", help="It must not exist yet; nothing is ever overwritten.")
    link = "copy"
    if kind == "folder":
        link = st.selectbox("Files", list(LINKS), format_func=lambda name: LINKS[name], key="export-link")
    where = None
    if v.where and not v.where_error:
        only = st.checkbox(f"Only rows that pass the SQL filter of Explore: {plain(v.where)}", key="export-where")
        where = v.where if only else None
    return Order(to=to.strip(), format=str(kind), link=str(link), where=where)
