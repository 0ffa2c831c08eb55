import json
from dataclasses import replace

import numpy as np
import pytest

from explorer import panel, panes
from explorer.shared import install
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer


def scene(shared, view):
    return panes.scene(shared, snapshot(shared.ex), view)


def test_the_first_screen_shows_what_is_flagged_worst_first(shared, view):
    sc = scene(shared, view)
    assert sc.mode == "flagged"
    assert set(sc.rows.tolist()) == set(np.flatnonzero(sc.snap.open).tolist())
    assert panes.header_data(sc)["title"] == f"Start here: {len(sc.rows)} flagged"
    assert view.current == sc.rows[0]


def test_without_flags_everything_is_listed(tmp_path, view):
    shared = install(FakeExplorer(240, flags=False, folder=tmp_path).analyze())
    sc = scene(shared, view)
    assert sc.mode == "all"
    assert len(sc.rows) == 240
    assert panes.header_data(sc)["title"] == "240 items"


def test_a_selection_is_listed_as_far_as_it_is_visible(shared, view):
    view.select(np.arange(100), "replace", "lasso")
    view.text = "star"
    sc = scene(shared, view)
    assert sc.mode == "selected"
    assert set(sc.rows.tolist()) <= set(range(100))
    assert len(sc.selected) == 100
    assert panes.header_data(sc)["detail"] == f"{100 - len(sc.rows):,} more are hidden"


def test_the_map_gets_published_frames_of_the_right_size(shared, view):
    sc = scene(shared, view)
    data = panes.map_data(shared, sc)
    n = sc.snap.n
    points = shared.blobs.find("points", data["points"]["url"].rsplit("/", 1)[1][:-4])
    count, length = np.frombuffer(points[:8], dtype="<u4")
    assert count == n
    assert (8 + length) % 4 == 0
    assert json.loads(points[8 : 8 + length])["n"] == n
    coords = np.frombuffer(points[8 + length :], dtype="<f4").reshape(2, n).T
    assert (coords == sc.projection.coords).all()
    assert len(shared.blobs.find("state", data["state"]["url"].rsplit("/", 1)[1][:-4])) == n
    kind, rev = data["color"]["url"].rsplit("/", 2)[1:]
    assert len(shared.blobs.find(f"color/{kind}", rev[:-4])) == 2 * n


def test_names_on_the_map_count_their_rows(shared, view):
    sc = scene(shared, view)
    labels = panes.map_data(shared, sc)["labels"]
    assert sum(label["count"] for label in labels) == int((sc.label_codes >= 0).sum())


def test_the_chosen_map_wins_and_a_missing_one_falls_back(shared, view):
    view.map = "pca"
    assert scene(shared, view).projection.name == "pca"
    view.map = "gone"
    assert scene(shared, view).projection.name == "umap"


def test_before_there_is_a_map_words_stand_in_its_place(tmp_path, view):
    ex = FakeExplorer(240, folder=tmp_path).analyze()
    ex.values.projections.clear()
    data = panes.map_data(install(ex), panes.scene(install(ex), snapshot(ex), view))
    assert data["points"] is None
    assert data["empty"] == "There is no map of this data set."


def test_filters_that_let_nothing_through_say_so(shared, view):
    view.text = "no such thing anywhere"
    sc = scene(shared, view)
    assert "No item passes the filters" in panes.map_data(shared, sc)["empty"]
    assert panes.gallery_data(shared, sc)["empty"] == "No item passes the filters."
    assert view.current is None


def test_the_panel_counts_what_is_shown(shared, view):
    view.text = "star"
    sc = scene(shared, view)
    assert panel.panel_data(shared, sc)["shown"] == f"{int(sc.visible.sum())} of 240 shown"


@pytest.mark.parametrize("color", ["cluster", "label", "split", "severity:outlier", "column:year", "decision"])
def test_every_color_has_a_legend(shared, view, color):
    view.color = color
    legend = panel.panel_data(shared, scene(shared, view))["legend"]
    if legend["kind"] == "category":
        assert sum(item["count"] for item in legend["items"]) == 240
    else:
        assert len(legend["palette"]) > 2


def test_what_a_map_can_be_trusted_for_is_said_below_its_histogram(shared, view):
    for kind, words in (("torn", "true neighbors"), ("false", "far from it in truth"), ("trust", "nothing else is")):
        view.color = f"{kind}:tsne"
        shown = panel.panel_data(shared, scene(shared, view))["histogram"]
        assert words in shown["note"]
        assert "on the t-SNE map" in shown["note"], "whichever map is shown"
        assert sum(shown["bins"]) == 240
    view.color = "severity:outlier"
    assert panel.panel_data(shared, scene(shared, view))["histogram"]["note"] == ""


def test_evenly_spaced_numbers_have_a_bin_each(shared, view):
    umap = shared.ex.values.projections["umap"]
    shares = (np.arange(240) % 14 / 15).astype(np.float32)
    shared.ex.values.projections["umap"] = replace(umap, torn=shares)
    shared.ex.revision += 1
    view.color = "torn:umap"
    bins = panel.panel_data(shared, scene(shared, view))["histogram"]["bins"]
    assert bins == np.bincount(np.arange(240) % 14).tolist()
    view.color = "false:umap"
    assert len(panel.panel_data(shared, scene(shared, view))["histogram"]["bins"]) == panel.BINS


def test_large_lists_travel_as_a_frame(shared, view, monkeypatch):
    monkeypatch.setattr(panes, "MOST_ROWS", 50)
    view.select(np.arange(100), "replace", "")
    sc = scene(shared, view)
    data = panes.gallery_data(shared, sc)
    rows = np.frombuffer(shared.blobs.find("selection", data["url"].rsplit("/", 1)[1][:-4]), dtype="<u4")
    assert rows.tolist() == sc.rows.tolist()
    assert data["rows"] == []
    assert data["total"] == 100


def test_the_order_offered_makes_sense(tmp_path, view):
    shared = install(FakeExplorer(240, labels=False, folder=tmp_path).analyze())
    view.select(np.arange(9), "replace", "")
    orders = {order["value"] for order in panes.header_data(scene(shared, view))["orders"]}
    assert "label" not in orders
    assert "severity" in orders
    panes.reorder(view, "name")
    panes.reorder(view, "nonsense")
    assert view.order == "name"
