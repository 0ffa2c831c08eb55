"""The page Clusters: what it lists, and that rename, merge and split are one decision each."""

import numpy as np
import pytest

from explorer import clusters, regroup
from explorer.deeds import act, bar, targets
from explorer.shared import install
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer


@pytest.fixture
def view(view):
    view.enter("clusters")
    return view


def settled(shared, view):
    """Work the page out once, as a redraw does."""
    bd = clusters.board(snapshot(shared.ex), view)
    view.follow(tuple(bd.rows.tolist()), bd.snap.n)
    return bd


def test_every_cluster_is_listed_as_it_is(shared, view):
    bd = settled(shared, view)
    snap, labels = bd.snap, bd.snap.clustering.labels
    assert [len(group.rows) for group in bd.listed] == sorted((len(group.rows) for group in bd.groups), reverse=True)
    for group in bd.groups:
        assert sorted(group.rows.tolist()) == np.flatnonzero(labels == group.id).tolist()
        assert (np.diff(snap.clustering.strength[group.rows]) <= 0).all()
        given = [snap.labels[row] for row in group.rows]
        best = max(given.count(label) for label in set(given))
        assert given.count(group.label) == best
        assert group.purity == pytest.approx(best / len(given))
        assert group.flagged == int(snap.open[group.rows].sum())
        assert not group.own


def test_orders(shared, view):
    bd = settled(shared, view)
    assert [g.name for g in clusters.ordered(bd.groups, "name")] == sorted((g.name for g in bd.groups), key=str.casefold)
    mixed = [g.purity for g in clusters.ordered(bd.groups, "mixed")]
    assert mixed == sorted(mixed)
    flagged = [g.flagged for g in clusters.ordered(bd.groups, "flagged")]
    assert flagged == sorted(flagged, reverse=True)


def test_a_strip_goes_from_the_most_to_the_least_typical_and_leaves_out_what_is_excluded():
    rows = np.arange(100, 120)
    excluded = np.zeros(200, dtype=bool)
    assert clusters.spread(rows, excluded, 3) == [100, 110, 119]
    excluded[105:] = True
    assert clusters.spread(rows, excluded, 8) == [100, 101, 102, 103, 104]
    excluded[:] = True
    assert clusters.spread(rows, excluded, 2) == [100, 119]
    assert clusters.spread(rows[:0], excluded, 2) == []


def test_actions_mean_the_current_cluster_then_the_marked_ones_then_a_chosen_item(shared, view):
    bd = settled(shared, view)
    one, other = bd.listed[0], bd.listed[1]
    assert targets(bd.snap, view).tolist() == sorted(one.rows.tolist())
    view.choose_clusters(other.id, (one.id, other.id))
    settled(shared, view)
    assert targets(bd.snap, view).tolist() == sorted([*one.rows.tolist(), *other.rows.tolist()])
    assert bar(shared.ex, bd.snap, view)["what"] == f"2 clusters, {len(one.rows) + len(other.rows)} items"
    view.look(int(one.rows[3]))
    assert targets(bd.snap, view).tolist() == [int(one.rows[3])]
    act(shared.ex, view, "clear")
    settled(shared, view)
    assert view.clusters == (one.id, other.id)
    act(shared.ex, view, "clear")
    assert view.clusters == ()
    assert view.cluster == other.id


def test_a_whole_cluster_is_excluded_and_comes_back(shared, view):
    bd = settled(shared, view)
    group = bd.listed[0]
    act(shared.ex, view, "exclude")
    now = settled(shared, view)
    assert np.flatnonzero(now.snap.excluded).tolist() == sorted(group.rows.tolist())
    assert now.listed[0].excluded == len(group.rows)
    assert view.cluster == group.id
    act(shared.ex, view, "undo")
    assert not snapshot(shared.ex).excluded.any()


def test_a_suggestion_is_not_accepted_for_an_item_that_nobody_chose(shared, view):
    settled(shared, view)
    assert not bar(shared.ex, snapshot(shared.ex), view)["can_accept"]
    act(shared.ex, view, "accept")
    assert snapshot(shared.ex).decided.codes.max() == -1


def test_rename(shared, view):
    bd = settled(shared, view)
    group = bd.listed[1]
    regroup.rename(shared, view, bd, group.id, "my words")
    now = settled(shared, view)
    assert next(g.name for g in now.groups if g.id == group.id) == "my words"
    assert shared.ex.samples["cluster_name"][group.rows[0]] == "my words"
    act(shared.ex, view, "undo")
    assert next(g.name for g in settled(shared, view).groups if g.id == group.id) == group.name


def test_merge_is_one_decision(shared, view):
    bd = settled(shared, view)
    some = bd.listed[:3]
    rows = sorted(row for group in some for row in group.rows.tolist())
    view.choose_clusters(some[0].id, tuple(group.id for group in some))
    bd = settled(shared, view)
    assert clusters.panel_data(shared, bd)["mode"] == "several"
    regroup.act(shared, view, bd, "merge", "three")
    now = settled(shared, view)
    merged = now.chosen[0]
    assert (merged.name, merged.own, sorted(merged.rows.tolist())) == ("three", True, rows)
    assert len(now.groups) == len(bd.groups) - 2
    assert view.clusters == ()
    regroup.rename(shared, view, now, merged.id, "another name")
    assert settled(shared, view).chosen[0].name == "another name"
    act(shared.ex, view, "undo")
    act(shared.ex, view, "undo")
    assert [group.id for group in settled(shared, view).groups] == [group.id for group in bd.groups]


def test_a_key_alone_merges_nothing(shared, view):
    bd = settled(shared, view)
    regroup.ask_to_merge(view)
    assert view.notice == ("Mark two clusters or more to merge them", "warn")
    view.choose_clusters(bd.listed[0].id, (bd.listed[0].id, bd.listed[1].id))
    before = clusters.panel_data(shared, settled(shared, view))["naming"]
    regroup.ask_to_merge(view)
    assert clusters.panel_data(shared, settled(shared, view))["naming"] == before + 1
    assert shared.ex.log.undoable() is None


def test_a_merged_cluster_stays_whole_in_every_layer(shared, view):
    bd = settled(shared, view)
    view.choose_clusters(bd.listed[0].id, (bd.listed[0].id, bd.listed[1].id))
    regroup.act(shared, view, settled(shared, view), "merge", "both")
    for layer in range(len(bd.snap.clustering.layers)):
        view.layer = layer
        now = settled(shared, view)
        assert sum(len(group.rows) for group in now.groups) == int((now.snap.clusters_at(layer) >= 0).sum())
        assert [len(group.rows) for group in now.groups if group.own] == [len(bd.listed[0].rows) + len(bd.listed[1].rows)]


def test_split_is_proposed_and_then_decided(shared, view):
    bd = settled(shared, view)
    view.choose_clusters(bd.listed[0].id, (bd.listed[0].id, bd.listed[-1].id))
    regroup.act(shared, view, settled(shared, view), "merge", "two things")
    bd = settled(shared, view)
    group = bd.chosen[0]
    regroup.act(shared, view, bd, "split", "")
    proposed = view.parting
    data = clusters.panel_data(shared, settled(shared, view))
    assert data["mode"] == "split"
    assert data["name"] == "two things 2"
    assert [half["note"] for half in data["halves"]] == [
        f"{len(group.rows) - len(proposed.off)} items",
        f"{len(proposed.off)} items",
    ]
    assert shared.ex.log.undoable().action == "merge", "a proposal is no decision"
    assert set(settled(shared, view).rows.tolist()) == set(proposed.off.tolist()), "all that would leave is shown"
    regroup.act(shared, view, bd, "swap", "")
    assert sorted([*view.parting.off.tolist(), *proposed.off.tolist()]) == sorted(group.rows.tolist())
    regroup.act(shared, view, settled(shared, view), "apply", "the other part")
    now = settled(shared, view)
    assert now.chosen[0].name == "the other part"
    assert len(now.chosen[0].rows) == len(group.rows) - len(proposed.off)
    assert shared.ex.log.undoable().action == "split"
    act(shared.ex, view, "undo")
    assert sorted(next(g for g in settled(shared, view).groups if g.name == "two things").rows.tolist()) == sorted(
        group.rows.tolist()
    )


def test_a_proposal_is_dropped_when_something_else_is_decided(shared, view):
    regroup.act(shared, view, settled(shared, view), "split", "")
    assert view.parting is not None
    shared.ex.decide("exclude", [0])
    settled(shared, view)
    assert view.parting is None


def test_escape_leaves_a_proposal(shared, view):
    regroup.act(shared, view, settled(shared, view), "split", "")
    regroup.act(shared, view, settled(shared, view), "cancel", "")
    assert view.parting is None
    assert clusters.panel_data(shared, settled(shared, view))["mode"] == "one"


def test_show_selects_on_the_map(shared, view):
    bd = settled(shared, view)
    view.choose_clusters(bd.listed[0].id, (bd.listed[0].id, bd.listed[2].id))
    bd = settled(shared, view)
    regroup.show(view, bd, bd.listed[0].id)
    assert view.go == "explore"
    assert sorted(view.selection.tolist()) == sorted([*bd.listed[0].rows.tolist(), *bd.listed[2].rows.tolist()])


def test_without_labels_there_are_no_bars_and_no_order_by_them(tmp_path, view):
    shared = install(FakeExplorer(240, labels=False, folder=tmp_path).analyze())
    bd = settled(shared, view)
    assert clusters.panel_data(shared, bd)["bars"] == []
    assert "mixed" not in {order["value"] for order in clusters.list_data(shared, bd)["orders"]}


def test_texts_stand_where_there_are_no_pictures(tmp_path, view):
    shared = install(FakeExplorer(240, kind="texts", folder=tmp_path).analyze())
    entry = clusters.list_data(shared, settled(shared, view))["entries"][0]
    assert entry["pictures"] == []
    assert len(entry["texts"]) == clusters.TEXTS
    assert all(entry["texts"])


def test_tables_show_their_columns_and_bare_vectors_nothing(tmp_path, view):
    shared = install(FakeExplorer(240, kind="table", folder=tmp_path / "table").analyze())
    entry = clusters.list_data(shared, settled(shared, view))["entries"][0]
    column = shared.ex.dataset.own_columns[0]
    assert len(entry["texts"]) == clusters.TEXTS
    assert all(column in words for words in entry["texts"])
    shared = install(FakeExplorer(240, kind="vectors", folder=tmp_path / "vectors").analyze())
    entry = clusters.list_data(shared, settled(shared, view))["entries"][0]
    assert (entry["pictures"], entry["texts"]) == ([], [])


def test_the_rest_of_many_labels_is_one_bar(shared):
    snap = snapshot(shared.ex)
    bars = clusters.label_bars(snap, np.arange(snap.n))
    assert len(bars) == clusters.BARS
    assert bars[-1]["text"] == f"{len(snap.label_names) - clusters.BARS + 1} other labels"
    assert sum(bar["share"] for bar in bars) == pytest.approx(1)
