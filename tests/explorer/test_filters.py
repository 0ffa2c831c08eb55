from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from explorer.columns import choices, coloring
from explorer.filters import (
    EXCLUDED,
    FLAGGED,
    HIDDEN,
    SELECTED,
    facet_mask,
    facets,
    filtered,
    is_filtering,
    ordered,
    shown,
    state_frame,
)
from explorer.snapshot import snapshot


def test_words_all_have_to_be_there(ex, snap, view):
    view.text = "  STAR train "
    assert not filtered(ex, snap, view).any()
    view.text = "star drawn"
    mask = filtered(ex, snap, view)
    assert mask.any()
    assert all("star" in snap.searchable[row] for row in np.flatnonzero(mask))


def test_signs_of_patterns_are_plain_text(ex, snap, view):
    view.text = ".*"
    assert not filtered(ex, snap, view).any()


def test_sql_filters(ex, snap, view):
    view.where = "label = 'star'"
    mask = filtered(ex, snap, view)
    assert [snap.labels[row] for row in np.flatnonzero(mask)] == ["star"] * int(mask.sum())
    assert mask.any()


@pytest.mark.parametrize("where", ["label = ", "drop table samples", "no_such_column = 1"])
def test_a_wrong_sql_filter_shows_all_and_says_so(ex, snap, view, where):
    view.where = where
    assert filtered(ex, snap, view).all()
    assert view.where_error
    assert not is_filtering(view)


def test_facets_of_one_kind_join_by_or_others_by_and(ex, snap, view):
    view.facets = ["split: train", "split: test"]
    assert filtered(ex, snap, view).all()
    view.facets = ["split: train", "flagged"]
    split = np.array(snap.dataset.rows.column("split").to_pylist()) == "train"
    assert (filtered(ex, snap, view) == (split & snap.open)).all()


def test_facets_follow_decisions(ex):
    ex.decide("tag", [1], value="odd: one")
    ex.decide("exclude", [2])
    snap = snapshot(ex)
    assert "tag: odd: one" in facets(snap)
    assert np.flatnonzero(facet_mask(snap, "tag: odd: one")).tolist() == [1]
    assert np.flatnonzero(facet_mask(snap, "decided")).tolist() == [1, 2]
    assert np.flatnonzero(facet_mask(snap, "excluded")).tolist() == [2]
    assert not facet_mask(snap, "not excluded")[2]
    assert facet_mask(snap, "something unknown").all()


def test_the_legend_hides_and_solos(ex, snap, view):
    colors = coloring(snap, "label")
    view.color, view.solo = "label", {0, 2}
    assert set(colors.codes[shown(ex, snap, view, colors)]) == {0, 2}
    view.solo, view.hidden = set(), {1}
    assert 1 not in set(colors.codes[shown(ex, snap, view, colors)])


def test_the_state_frame_has_one_byte_a_row(ex):
    ex.decide("exclude", [3])
    snap = snapshot(ex)
    visible = np.ones(snap.n, dtype=bool)
    visible[4] = False
    state = np.frombuffer(state_frame(snap, visible, np.array([3, 5])), dtype=np.uint8)
    assert len(state) == snap.n
    assert state[3] & SELECTED
    assert state[3] & EXCLUDED
    assert state[4] & HIDDEN
    assert state[5] == SELECTED | (FLAGGED if snap.open[5] else 0)
    assert ((state & FLAGGED) > 0).tolist() == snap.open.tolist()


def test_several_sources_are_filters_and_a_color(ex):
    several(ex)
    snap = snapshot(ex)
    assert [facet for facet in facets(snap) if facet.startswith("source: ")] == ["source: new", "source: old"]
    assert np.flatnonzero(facet_mask(snap, "source: old")).tolist() == list(range(0, snap.n, 2))
    assert coloring(snap, "source").names == ["new", "old"]
    assert "column:source" not in {choice.value for choice in choices(snap)}


def test_a_column_called_source_is_like_any_other(ex):
    several(ex, reader="folder")
    snap = snapshot(ex)
    assert not any(facet.startswith("source: ") for facet in facets(snap))
    assert "column:source" in {choice.value for choice in choices(snap)}


def several(ex, reader="several"):
    """Put every other row into the source old."""
    dataset = ex.values.dataset
    names = ["old" if row % 2 == 0 else "new" for row in range(len(dataset))]
    ex.values.dataset = replace(
        dataset, rows=dataset.rows.append_column("source", pa.array(names)), origin={**dataset.origin, "reader": reader}
    )
    ex.revision += 1


@pytest.mark.parametrize("order", ["severity", "name", "label", "cluster", "strength", "unknown"])
def test_an_order_loses_no_row(snap, order):
    rows = np.arange(0, snap.n, 3)
    assert sorted(ordered(snap, rows, order).tolist()) == rows.tolist()


def test_severity_puts_the_worst_first(snap):
    found = ordered(snap, np.arange(snap.n), "severity")
    assert (np.diff(snap.worst[found]) <= 0).all()
