import gc
import weakref
from dataclasses import replace

import numpy as np

from explorer.shared import install
from explorer.snapshot import check_title, snapshot
from tests.fakes_app import FakeExplorer


def test_there_is_none_before_the_rows_are_read(tmp_path):
    assert snapshot(FakeExplorer(240, folder=tmp_path)) is None


def test_it_is_taken_once_per_change(ex):
    first = snapshot(ex)
    assert snapshot(ex) is first
    ex.decide("exclude", [1])
    second = snapshot(ex)
    assert second is not first
    assert second.excluded[1]
    assert not first.excluded[1]


def test_it_goes_with_its_explorer(tmp_path):
    # Were it kept under a number such as id(ex), the next explorer at that place in memory would be given this one.
    ex = FakeExplorer(240, folder=tmp_path).analyze()
    gone = weakref.ref(snapshot(ex))
    assert gone() is not None
    del ex
    gc.collect()
    assert gone() is None


def test_what_was_decided_is_not_open_any_more(ex):
    wrong = [int(row) for row in np.flatnonzero(snapshot(ex).checks["label_issue"].open)]
    ex.decide("exclude", wrong[:1])
    ex.decide("keep", wrong[1:2], check="label_issue")
    ex.decide("relabel", wrong[2:3], value="star")
    check = snapshot(ex).checks["label_issue"]
    assert not check.open[wrong[:3]].any()
    assert check.open[wrong[3:]].all()
    assert check.flagged[wrong].all()
    ex.undo()
    assert snapshot(ex).checks["label_issue"].open[wrong[2]]


def test_a_group_with_one_row_left_is_not_open(ex):
    check = snapshot(ex).checks["near_duplicate"]
    pair = next(group for group in range(check.groups.max() + 1) if (check.groups == group).sum() == 2)
    first, second = np.flatnonzero(check.groups == pair)
    ex.decide("exclude", [int(second)], check="near_duplicate")
    after = snapshot(ex).checks["near_duplicate"]
    assert not after.open[[first, second]].any()
    assert after.open.sum() == check.open.sum() - 2


def test_a_skipped_check_says_why_and_flags_nothing(ex):
    check = snapshot(ex).checks["leak"]
    assert check.skipped == "needs splits"
    assert not check.flagged.any()


def test_the_worst_open_finding_orders_before_any_quiet_one(snap):
    open_rows = snap.worst[snap.open]
    assert open_rows.min() > snap.worst[~snap.open].max()


def test_a_threshold_moves_what_is_flagged(ex):
    before = int(snapshot(ex).checks["outlier"].flagged.sum())
    ex.decide("threshold", value=0.2, check="outlier")
    check = snapshot(ex).checks["outlier"]
    assert check.threshold == 0.2
    assert check.default == 0.5
    assert int(check.flagged.sum()) > before


def test_the_search_text_holds_id_label_caption_and_tags(ex):
    ex.decide("tag", [5], value="Blurred")
    text = snapshot(ex).searchable[5]
    assert ex.dataset.ids[5].lower() in text
    assert "blurred" in text
    assert "a drawn" in text


def test_installing_makes_it_what_the_pages_show(ex):
    assert install(ex).ex is ex


def test_titles():
    assert check_title("label_issue", plural=True) == "Label issues"
    assert check_title("some_new_check") == "Some new check"


def test_what_comes_with_an_answer_is_the_most_urgent(snap):
    label, group = snap.checks["label_issue"].open, snap.checks["near_duplicate"].open
    assert snap.urgency[label].min() > snap.urgency[~label].max()
    assert snap.urgency[group & ~label & ~snap.checks["outlier"].open].max() < 1
    assert (snap.urgency[~snap.open] == 0).all()


def test_values_of_rows_that_were_read_before_are_left_out(ex, snap):
    other = FakeExplorer(120, folder=ex.workspace.folder / "other").analyze()
    ex.values.dataset = other.values.dataset
    ex.revision += 1
    found = snapshot(ex)
    assert found.n == 120
    assert found.clustering is None
    assert not found.checks


def test_another_set_of_values_is_seen_without_a_new_revision(ex, snap):
    ex.values = replace(ex.values, dataset=ex.values.dataset.take(np.arange(240)[::-1].copy()))
    assert snapshot(ex).ids == snap.ids[::-1]
