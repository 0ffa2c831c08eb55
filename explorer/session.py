"""The typed face of ``st.session_state``: what one browser tab looks at, kept over page switches."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import streamlit as st

from explorer.snapshot import Rows

Mode = Literal["replace", "add", "subtract"]
Order = Literal["match", "severity", "name", "label", "cluster", "strength"]

_KEY = "dataset_explorer_view"


@dataclass(frozen=True, kw_only=True)
class Parting:
    """A cluster that is about to be split: ``off`` are the rows that would become a cluster of their own, ``stamp`` that of the snapshot."""

    cluster: int
    stamp: tuple[int, int]
    off: Rows
    name: str


@dataclass
class View:
    """What a tab shows. Rows are row numbers; ``map`` and ``check`` are empty until the person chooses.

    ``query`` is what was searched for, ``cut`` the person's own cut-off (None: the search's); ``sought`` says of which result the
    selection was made. ``rows_of`` is the key of the data set that the row numbers belong to. ``sides`` are the groupings that are compared.
    ``cluster`` is the current cluster of the page Clusters, ``clusters`` those that are marked there; ``naming``
    counts how often the person was put into the field for a name.
    """

    map: str = ""
    color: str = ""
    layer: int | None = None
    solo: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    query: str = ""
    cut: float | None = None
    sought: str = ""
    best_first: bool = True
    rows_of: str = ""
    declined: set[str] = field(default_factory=set)
    text: str = ""
    where: str = ""
    where_error: str = ""
    where_hint: str = ""
    facets: list[str] = field(default_factory=list)
    selection: Rows | None = None
    selected_by: str = ""
    current: int | None = None
    chosen: bool = False
    marked: tuple[int, ...] = ()
    order: Order = "severity"
    listed: tuple[int, ...] = ()
    opened: int = 0
    check: str = ""
    sides: tuple[str, str] = ("", "")
    cluster: int | None = None
    clusters: tuple[int, ...] = ()
    cluster_order: str = "size"
    parting: Parting | None = None
    naming: int = 0
    notice: tuple[str, str] = ("", "")
    notice_number: int = 0
    go: str = ""
    page: str = ""
    drawn: str = ""
    seen: tuple[int, int, str] = (-1, -1, "")

    def select(self, rows: Rows, mode: Mode, words: str) -> None:
        """Change the selection by some rows; ``words`` say how it came about."""
        before = self.selection if self.selection is not None else np.array([], dtype=np.int64)
        if mode == "add":
            after, self.selected_by = np.union1d(before, rows), ""
        elif mode == "subtract":
            after, self.selected_by = np.setdiff1d(before, rows), ""
        else:
            after, self.selected_by = np.unique(rows), words
            self.query, self.sought = "", ""
        self.selection = after.astype(np.int64) if len(after) else None
        self.start_over()

    def seek(self, query: str) -> None:
        """Search for words; none end the search, and with it the selection that it made."""
        if not query:
            self.query = ""
            if self.sought:
                self.clear()
            return
        self.query, self.cut, self.best_first = query, None, True
        self.start_over()

    def found(self, rows: Rows, stamp: str) -> None:
        """Make what a search found the selection."""
        self.selection, self.selected_by, self.sought = (rows if len(rows) else None), self.query, stamp
        self.start_over()

    def belong(self, rows_of: str) -> None:
        """Note whose rows the numbers are; those of another data set mean nothing."""
        if self.rows_of and self.rows_of != rows_of:
            self.selection, self.selected_by, self.sought = None, "", ""
            self.start_over()
        self.rows_of = rows_of

    def enter(self, page: str) -> None:
        """Note the page; another page begins with its own first item and no marks."""
        if page != self.page:
            self.page, self.current, self.marked, self.chosen = page, None, (), False
            self.notice = ("", "")

    def choose_check(self, name: str) -> None:
        """Look at another check, from its worst item on."""
        if name != self.check:
            self.check, self.current, self.marked, self.chosen = name, None, (), False

    def choose_clusters(self, current: int | None, marked: tuple[int, ...] = ()) -> None:
        """Look at a cluster, and mark others with it; what was looked at or marked in the one before means nothing here."""
        if (current, marked) != (self.cluster, self.clusters):
            self.cluster, self.clusters, self.parting = current, marked, None
            self.start_over()

    @property
    def meant_clusters(self) -> tuple[int, ...]:
        """Give the clusters that are marked, else the current one."""
        return self.clusters or (() if self.cluster is None else (self.cluster,))

    def look(self, row: int) -> None:
        """Look at an item, until another list is shown."""
        self.current, self.chosen = row, True

    def follow(self, rows: tuple[int, ...], n: int) -> None:
        """Take note of what is listed; where the person chose no item, the first one is current."""
        self.listed = rows
        if not self.chosen or self.current is None or self.current >= n:
            self.current, self.chosen = rows[0] if rows else None, False

    def go_on(self, row: int | None) -> None:
        """Look at the item that comes next, or at the first one."""
        self.current, self.chosen = row, row is not None

    def clear(self) -> None:
        """Select nothing, and search for nothing."""
        self.selection, self.selected_by, self.query, self.sought = None, "", "", ""
        self.start_over()

    def start_over(self) -> None:
        """Begin with the first item again, since another list is shown."""
        self.marked, self.current, self.chosen = (), None, False

    def unmark(self) -> None:
        """Mark nothing."""
        self.marked = ()

    def recolor(self, column: str) -> None:
        """Color by another column; what was hidden in the legend of the old one means nothing in the new one."""
        if column != self.color:
            self.color, self.solo, self.hidden = column, set(), set()

    def toggle(self, code: int, act: str, codes: Iterable[int]) -> None:
        """Solo or hide an entry of the legend; done twice, or to all, it is undone."""
        known = set(codes)
        if act == "reset" or code not in known:
            self.solo, self.hidden = set(), set()
        elif act == "solo":
            self.hidden = set()
            self.solo = set() if self.solo == {code} else {code}
        elif act == "add":
            self.hidden = set()
            self.solo = self.solo ^ {code}
        else:
            self.solo = set()
            self.hidden = self.hidden ^ {code}
            if self.hidden >= known:
                self.hidden = set()

    def say(self, words: str, tone: Literal["info", "warn"] = "info") -> None:
        """Show a line of words once, for a few seconds."""
        self.notice, self.notice_number = (words, tone), self.notice_number + 1


def view() -> View:
    """Return the view of this tab, made on first use."""
    found = st.session_state.get(_KEY)
    if isinstance(found, View):
        return found
    made = View()
    st.session_state[_KEY] = made
    return made
