import time

import numpy as np
import pytest

from explorer import finding, panel, panes
from explorer.deeds import bar
from explorer.shared import install
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer
from tests.fakes_shapes import SHAPES


def scene(shared, view):
    return panes.scene(shared, snapshot(shared.ex), view)


def rows_of(ex, *names):
    return np.flatnonzero(np.isin(ex.shapes.truth, [SHAPES.index(name) for name in names]))


def test_what_is_found_is_selected_and_listed_best_first(shared, view):
    finding.begin(shared, view, "a star")
    sc = scene(shared, view)
    expected = rows_of(shared.ex, "star")
    assert sc.mode == "found"
    assert sc.selected.tolist() == expected.tolist() == view.selection.tolist()
    scores = sc.hunt.answer.scores
    assert (np.diff(scores[sc.rows]) <= 0).all()
    head = panes.header_data(sc)
    assert head["title"] == f"{len(expected)} found"
    assert head["order"] == "match"
    shown = panel.panel_data(shared, sc)
    assert shown["search"]["state"] == "done"
    assert shown["search"]["found"] == len(expected)
    assert shown["histogram"] is None, "one histogram at a time"
    assert bar(shared.ex, sc.snap, view)["count"] == len(expected)


def test_the_cut_off_moves_the_selection_and_comes_back(shared, view):
    finding.begin(shared, view, "star")
    found = panel.panel_data(shared, scene(shared, view))["search"]
    place = 90
    finding.cut_at(shared, snapshot(shared.ex), view, place)
    sc = scene(shared, view)
    moved = panel.panel_data(shared, sc)["search"]
    assert moved["moved"]
    assert moved["place"] == place
    assert moved["found"] == sum(moved["bins"][place:]) == len(view.selection) < found["found"]
    for nonsense in (-3, 10_000):
        finding.cut_at(shared, snapshot(shared.ex), view, nonsense)
        assert len(scene(shared, view).selected) == moved["found"]
    finding.cut_at(shared, snapshot(shared.ex), view, None)
    back = panel.panel_data(shared, scene(shared, view))["search"]
    assert (back["found"], back["moved"]) == (found["found"], False)


def test_nothing_found_is_said_and_nothing_is_selected(shared, view):
    finding.begin(shared, view, "zebra")
    sc = scene(shared, view)
    assert view.selection is None
    assert len(sc.rows) == 0
    assert panes.gallery_data(shared, sc)["empty"] == "Nothing fits “zebra”.\nTry another word."
    assert panes.no_item(sc) == "Nothing was found."
    assert panel.panel_data(shared, sc)["search"]["notes"] == ["No word is known here."]
    assert bar(shared.ex, sc.snap, view)["can_clear"]


def test_a_cut_off_above_all_can_be_moved_back(shared, view):
    finding.begin(shared, view, "star")
    scene(shared, view)
    view.cut = 9.0
    sc = scene(shared, view)
    assert view.selection is None
    assert "Move the cut-off" in panes.gallery_data(shared, sc)["empty"]


def test_a_failed_search_is_words_and_the_selection_stays(shared, view):
    view.select(np.arange(4), "replace", "lasso")
    shared.ex.search_fail = "the model cannot be loaded"
    finding.begin(shared, view, "star")
    sc = scene(shared, view)
    found = panel.panel_data(shared, sc)["search"]
    assert (found["state"], found["error"], found["hint"]) == ("failed", "The model cannot be loaded", "Try another word")
    assert view.selection.tolist() == [0, 1, 2, 3]
    shared.ex.search_fail = ""
    scene(shared, view)
    assert len(shared.ex.asked) == 1, "a redraw does not try again"
    finding.begin(shared, view, "star")
    assert scene(shared, view).mode == "found"


def test_while_it_searches_the_page_shows_what_it_showed(tmp_path, view):
    ex = FakeExplorer(240, folder=tmp_path).analyze()
    ex.search_pause = 1.0
    shared = install(ex)
    finding.begin(shared, view, "star")
    sc = scene(shared, view)
    assert sc.hunt.busy
    assert sc.mode == "flagged"
    data = panel.panel_data(shared, sc)["search"]
    assert (data["state"], data["doing"]) == ("busy", "Searching")
    assert not finding.moved_on(shared, sc.hunt, time.monotonic())
    job = shared.searches.known(finding.search_key(ex, "star"))
    assert job.wait(60)
    assert finding.moved_on(shared, sc.hunt, time.monotonic())
    assert scene(shared, view).mode == "found"


def test_other_ways_to_select_end_the_search(shared, view):
    for end in (lambda: view.select(np.array([1]), "replace", "lasso"), view.clear, lambda: finding.begin(shared, view, "")):
        finding.begin(shared, view, "star")
        scene(shared, view)
        end()
        sc = scene(shared, view)
        assert sc.hunt is None
        assert panel.panel_data(shared, sc)["search"]["query"] == ""
    assert view.selection is None


def test_more_can_be_added_to_what_was_found(shared, view):
    finding.begin(shared, view, "star")
    found = len(scene(shared, view).selected)
    other = rows_of(shared.ex, "moon")[:3]
    view.select(other, "add", "lasso")
    sc = scene(shared, view)
    assert len(sc.selected) == found + 3
    assert sc.mode == "found"
    assert sc.rows[-3:].tolist() == other[np.argsort(-sc.hunt.answer.scores[other])].tolist()


def test_filters_hold_for_what_is_found(shared, view):
    finding.begin(shared, view, "star")
    view.facets = ["split: train"]
    sc = scene(shared, view)
    assert 0 < len(sc.rows) < len(sc.selected)
    assert "more are hidden" in panes.header_data(sc)["detail"]


def test_another_encoder_searches_again_with_its_own_cut_off(shared, view):
    finding.begin(shared, view, "star")
    scene(shared, view)
    finding.cut_at(shared, snapshot(shared.ex), view, 100)
    narrow = len(scene(shared, view).selected)
    values = shared.ex.values
    values.embeddings = values.embeddings.with_key("another")
    sc = scene(shared, view)
    assert shared.ex.asked == ["star", "star"]
    assert view.cut is None
    assert len(sc.selected) > narrow


@pytest.mark.parametrize("kind", ["table", "vectors"])
def test_where_nothing_can_be_searched_there_is_no_box(tmp_path, view, kind):
    shared = install(FakeExplorer(240, kind=kind, folder=tmp_path).analyze())
    view.query = "left over"
    sc = scene(shared, view)
    assert sc.hunt is None
    assert panel.panel_data(shared, sc)["search"] is None
