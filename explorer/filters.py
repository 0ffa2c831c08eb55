"""Which rows are shown, which are selected, and in what order they stand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from engines.errors import DatasetExplorerError
from explorer.cards import sentence
from explorer.columns import Coloring
from explorer.session import View
from explorer.snapshot import Mask, Rows, Snapshot

if TYPE_CHECKING:
    from explorer.api import Explorer

SELECTED, HIDDEN, EXCLUDED, FLAGGED = 1, 2, 4, 8

FACETS = ("flagged", "undecided", "decided", "excluded", "not excluded", "no label")


def facets(snap: Snapshot) -> list[str]:
    """List the quick filters that can hold for at least some rows of this data set."""
    found = []
    if snap.checks:
        found.append("flagged")
    found += ["undecided", "decided", "excluded", "not excluded"]
    if snap.label_names and bool((snap.label_codes < 0).any()):
        found.append("no label")
    found += [f"split: {name}" for name in snap.splits[:8]]
    found += [f"source: {name}" for name in snap.sources[:20]]
    found += [f"tag: {name}" for name in snap.tag_names[:20]]
    return found


def facet_mask(snap: Snapshot, facet: str) -> Mask:
    """Tell for which rows a quick filter holds; an unknown one holds for all."""
    kind, _, name = facet.partition(": ")
    if kind == "split" and name:
        return _equal(snap, "split", name)
    if kind == "source" and name and snap.sources:
        return _equal(snap, "source", name)
    if kind == "tag" and name:
        return snap.tags.masks.get(name, np.zeros(snap.n, dtype=bool))
    if facet == "flagged":
        return snap.open
    if facet == "excluded":
        return snap.excluded
    if facet == "not excluded":
        return ~snap.excluded
    if facet == "no label":
        return np.asarray(snap.label_codes < 0)
    if facet in ("decided", "undecided"):
        return snap.touched if facet == "decided" else ~snap.touched
    return np.ones(snap.n, dtype=bool)


def _equal(snap: Snapshot, column: str, name: str) -> Mask:
    same = pc.equal(snap.dataset.rows.column(column), name).fill_null(False)  # what Arrow calls it
    mask: Mask = same.to_numpy(zero_copy_only=False).astype(bool)
    return mask


def shown(ex: "Explorer", snap: Snapshot, view: View, colors: Coloring | None) -> Mask:
    """Tell which rows pass all filters and the legend; a wrong SQL filter shows all and says so in ``view.where_error``."""
    mask = filtered(ex, snap, view)
    if colors is not None and colors.kind == "category":
        if view.solo:
            mask &= np.isin(colors.codes, sorted(view.solo))
        elif view.hidden:
            mask &= ~np.isin(colors.codes, sorted(view.hidden))
    return mask


def filtered(ex: "Explorer", snap: Snapshot, view: View) -> Mask:
    """Tell which rows pass the filters, the legend aside."""
    mask = np.ones(snap.n, dtype=bool)
    words = view.text.strip().lower()
    if words:
        for word in words.split():
            mask &= snap.searchable.str.contains(word, regex=False).to_numpy(dtype=bool)
    view.where_error = ""
    if view.where.strip():
        try:
            mask &= np.asarray(ex.where(view.where), dtype=bool)
        except DatasetExplorerError as error:
            view.where_error = sentence(error.message)
            view.where_hint = sentence(error.hint)
    for group in _by_kind(view.facets):
        any_of = np.zeros(snap.n, dtype=bool)
        for facet in group:
            any_of |= facet_mask(snap, facet)
        mask &= any_of
    return mask


def _by_kind(chosen: Sequence[str]) -> list[list[str]]:
    """Join quick filters of one kind by "or" (two splits), all others by "and"."""
    groups: dict[str, list[str]] = {}
    for facet in chosen:
        kind = facet.partition(": ")[0] if ": " in facet else facet
        groups.setdefault(kind, []).append(facet)
    return list(groups.values())


def selected(snap: Snapshot, view: View) -> Rows:
    """Return the selected rows that still exist."""
    if view.selection is None:
        return np.array([], dtype=np.int64)
    return view.selection[view.selection < snap.n]


def state_frame(snap: Snapshot, visible: Mask, chosen: Rows) -> bytes:
    """Return the state byte of every row for the map."""
    state = np.zeros(snap.n, dtype=np.uint8)
    state[chosen] |= SELECTED
    state[~visible] |= HIDDEN
    state[snap.excluded] |= EXCLUDED
    state[snap.open] |= FLAGGED
    return state.tobytes()


def ordered(snap: Snapshot, rows: Rows, order: str, scores: npt.NDArray[np.float64] | None = None) -> Rows:
    """Sort rows for the gallery; equal ones keep the order of the data set. ``scores`` say how well each row fits a search."""
    if order == "severity":
        return rows[np.argsort(-snap.worst[rows], kind="stable")]
    if order == "match" and scores is not None:
        return rows[np.argsort(-scores[rows], kind="stable")]
    if order == "urgency":
        return rows[np.argsort(-snap.urgency[rows], kind="stable")]
    if order == "label":
        return rows[np.argsort(snap.label_codes[rows], kind="stable")]
    if order == "cluster" and snap.clustering is not None:
        return rows[np.argsort(snap.clusters[rows], kind="stable")]
    if order == "strength" and snap.clustering is not None:
        return rows[np.argsort(snap.clustering.strength[rows], kind="stable")]
    return rows


def is_filtering(view: View) -> bool:
    """Tell whether anything is filtered or hidden."""
    return bool(view.text.strip() or (view.where.strip() and not view.where_error) or view.facets or view.solo or view.hidden)
