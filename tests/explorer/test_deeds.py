import numpy as np
import pytest

from explorer import panes
from explorer.deeds import act, act_on_item, bar, targets, untag
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer


def settled(shared, view):
    """Work the page out once, as a redraw does."""
    return panes.scene(shared, snapshot(shared.ex), view)


def test_marks_come_before_the_selection_before_the_current_item(snap, view):
    view.look(4)
    assert targets(snap, view).tolist() == [4]
    view.select(np.array([1, 2]), "replace", "")
    assert targets(snap, view).tolist() == [1, 2]
    view.marked = (7, 9)
    assert targets(snap, view).tolist() == [7, 9]


def test_the_selection_of_explore_is_safe_on_other_pages(snap, view):
    view.select(np.array([1, 2]), "replace", "")
    view.enter("issues")
    view.look(5)
    assert targets(snap, view).tolist() == [5]


def test_exclude_undo_redo(shared, view):
    settled(shared, view)
    view.select(np.array([1, 2, 3]), "replace", "")
    act(shared.ex, view, "exclude")
    assert np.flatnonzero(snapshot(shared.ex).excluded).tolist() == [1, 2, 3]
    assert bar(shared.ex, snapshot(shared.ex), view)["undo"] == "Excluded 3 items"
    assert bar(shared.ex, snapshot(shared.ex), view)["restore"]
    act(shared.ex, view, "undo")
    assert not snapshot(shared.ex).excluded.any()
    assert bar(shared.ex, snapshot(shared.ex), view)["redo"] == "Excluded 3 items"
    act(shared.ex, view, "redo")
    assert snapshot(shared.ex).excluded.sum() == 3
    assert bar(shared.ex, snapshot(shared.ex), view)["export"] == "Export 237 items"


def test_tag_and_relabel_carry_their_value(shared, view):
    view.select(np.array([1, 2]), "replace", "")
    act(shared.ex, view, "tag", "blurred")
    act(shared.ex, view, "relabel", "star")
    snap = snapshot(shared.ex)
    assert list(snap.tags[1]) == ["blurred"]
    assert snap.labels[2] == "star"
    assert snap.tag_names == ["blurred"]
    untag(shared.ex, view, 1, "blurred")
    assert not snapshot(shared.ex).tags[1]


def test_accepting_relabels_as_suggested_and_goes_on(shared, view):
    scene = settled(shared, view)
    row, check = next(
        (row, scene.snap.checks["label_issue"]) for row in view.listed if scene.snap.checks["label_issue"].open[row]
    )
    view.look(row)
    following = view.listed[view.listed.index(row) + 1]
    act(shared.ex, view, "accept")
    assert snapshot(shared.ex).labels[row] == check.suggestion(row)
    assert view.current == following


def test_keep_answers_every_check_that_flags_the_item(shared, view):
    settled(shared, view)
    row = view.current
    act(shared.ex, view, "keep")
    assert not snapshot(shared.ex).open[row]
    assert view.current != row


def test_a_decision_from_the_inspector_is_about_its_item_only(shared, view):
    settled(shared, view)
    view.select(np.array([1, 2]), "replace", "")
    act_on_item(shared.ex, view, "exclude", 9, "")
    assert np.flatnonzero(snapshot(shared.ex).excluded).tolist() == [9]
    act_on_item(shared.ex, view, "restore", 9, "")
    assert not snapshot(shared.ex).excluded.any()


@pytest.mark.parametrize("name", ["undo", "redo", "accept", "keep", "exclude", "clear", "nonsense"])
def test_with_nothing_to_act_on_nothing_breaks(shared, view, name):
    act(shared.ex, view, name)
    assert shared.ex.log.version == 0


def test_a_refused_decision_is_told_in_words(shared, view):
    view.look(1)
    act(shared.ex, view, "relabel", "")
    assert view.notice[1] == "warn"
    assert shared.ex.log.version == 0


def test_export_leads_to_its_page(shared, view):
    act(shared.ex, view, "export")
    assert view.go == "export"


def test_the_bar_before_the_rows_are_read_offers_nothing(shared, view):
    empty = bar(shared.ex, None, view)
    assert empty["count"] == 0
    assert empty["export"] is None
    assert not empty["can_keep"]


def test_on_issues_keys_mean_the_group(shared, view):
    view.enter("issues")
    view.check = "near_duplicate"
    check = snapshot(shared.ex).checks["near_duplicate"]
    group = np.flatnonzero(check.groups == 0)
    view.look(int(group[1]))
    act(shared.ex, view, "accept")
    excluded = np.flatnonzero(snapshot(shared.ex).excluded)
    assert excluded.tolist() == group[1:].tolist()
    act(shared.ex, view, "undo")
    view.look(int(group[1]))
    act(shared.ex, view, "keep")
    assert snapshot(shared.ex).checks["near_duplicate"].kept[group].all()


def test_rows_are_put_into_a_cluster_by_its_name(shared, view):
    snap = snapshot(shared.ex)
    labels = snap.clustering.labels
    cluster = int(labels[100])
    name = snap.cluster_names[cluster]
    strangers = np.flatnonzero(labels != cluster)[:3]
    assert name in bar(shared.ex, snap, view)["clusters"]
    view.select(strangers, "replace", "")
    act(shared.ex, view, "cluster", name)
    now = snapshot(shared.ex)
    assert now.names_at().count(name) == 1
    mine = np.flatnonzero(now.clusters == now.clusters[strangers[0]])
    assert mine.tolist() == sorted([*strangers.tolist(), *np.flatnonzero(labels == cluster).tolist()])
    assert shared.ex.samples["cluster_name"][int(strangers[0])] == name
    act(shared.ex, view, "undo")
    assert snapshot(shared.ex).clusters.tolist() == labels.tolist()


def test_a_name_that_no_cluster_has_makes_one_of_the_rows_alone(shared, view):
    view.select(np.array([3, 5, 8]), "replace", "")
    act(shared.ex, view, "cluster", "odd ones")
    now = snapshot(shared.ex)
    assert np.flatnonzero(now.clusters == now.clusters[3]).tolist() == [3, 5, 8]
    assert "odd ones" in bar(shared.ex, now, view)["clusters"]


def test_without_clusters_there_is_nothing_to_put_rows_into(tmp_path, view):
    ex = FakeExplorer(240, folder=tmp_path).analyze()
    ex.values.clusterings.clear()
    assert bar(ex, snapshot(ex), view)["clusters"] is None
