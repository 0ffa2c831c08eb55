import numpy as np
import pytest

from explorer import queues
from explorer.grouping import keeper, surplus
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer


def check(ex, name="label_issue"):
    return snapshot(ex).checks[name]


def test_the_first_check_with_work_is_shown_and_the_chosen_one_wins(ex, snap, view):
    assert queues.chosen_check(snap, view).name == "label_issue"
    ex.decide("keep", np.flatnonzero(snap.open), check="label_issue")
    assert queues.chosen_check(snapshot(ex), view).name == "outlier"
    view.choose_check("leak")
    assert queues.chosen_check(snapshot(ex), view).name == "leak"


def test_skipped_checks_come_last_and_say_why(shared, snap, view):
    listed = queues.list_data(shared, snap, None)["checks"]
    assert listed[-1]["name"] == "leak"
    assert listed[-1]["note"] == "skipped: needs splits"


def test_the_queue_is_worst_first(ex):
    found = check(ex)
    rows = queues.queue(snapshot(ex), found)
    assert (np.diff(found.severity[rows]) <= 0).all()
    assert len(rows) == found.open.sum()


def test_the_bins_count_exactly_what_a_threshold_flags(ex, snap):
    head = queues.header_data(snap, check(ex))["histogram"]
    for hundredth in (1, 30, 50, 77, 99):
        expected = int(check(ex).result.flagged(hundredth / 100).sum())
        assert abs(sum(head["bins"][hundredth:]) - expected) <= 1


def test_accepting_all_relabels_each_as_suggested(shared, snap, view):
    found = check(shared.ex)
    wanted = {int(row): found.suggestion(int(row)) for row in queues.suggested_rows(found)}
    queues.decide_whole(shared, snap, found, view, "accept")
    after = snapshot(shared.ex)
    assert {row: after.labels[row] for row in wanted} == wanted
    assert not after.checks["label_issue"].open.any()


def test_keeping_and_excluding_all_is_one_decision_each(shared, snap, view):
    queues.decide_whole(shared, snap, check(shared.ex, "outlier"), view, "keep")
    assert shared.ex.log.version == 1
    assert not check(shared.ex, "outlier").open.any()
    queues.decide_whole(shared, snapshot(shared.ex), check(shared.ex), view, "exclude")
    assert shared.ex.log.version == 2
    assert not check(shared.ex).open.any()


def test_of_a_single_finding_the_buttons_speak_of_one(ex, snap):
    found = check(ex, "outlier")
    ex.decide("keep", np.flatnonzero(found.open)[1:], check="outlier")
    actions = queues.header_data(snapshot(ex), check(ex, "outlier"))["actions"]
    assert [action["label"] for action in actions] == ["Exclude it", "Keep it"]
    assert [action["ask"] for action in actions] == ["Exclude 1 item?", "Keep 1 item as it is?"]


def test_excluding_the_surplus_leaves_one_of_each_group(shared, snap, view):
    found = check(shared.ex, "near_duplicate")
    extra = surplus(snap, found)
    queues.decide_whole(shared, snap, found, view, "accept")
    excluded = set(np.flatnonzero(snapshot(shared.ex).excluded).tolist())
    assert excluded == set(extra)
    for number in range(found.groups.max() + 1):
        assert len(set(np.flatnonzero(found.groups == number).tolist()) - excluded) == 1


def test_the_one_to_keep_is_of_the_group_and_not_excluded(ex):
    found = check(ex, "near_duplicate")
    members = np.flatnonzero(found.groups == 0)
    assert keeper(snapshot(ex), found, members) in members
    ex.decide("exclude", members[:1])
    assert keeper(snapshot(ex), found, members) == members[1]


def test_a_threshold_is_a_decision_once(shared, view):
    queues.set_threshold(shared, check(shared.ex), view, 0.7)
    assert check(shared.ex).threshold == 0.7
    queues.set_threshold(shared, check(shared.ex), view, 0.7)
    assert shared.ex.log.version == 1


def test_every_empty_queue_has_words(shared, view):
    assert "needs splits" in queues.empty_words(check(shared.ex, "leak"))
    queues.decide_whole(shared, snapshot(shared.ex), check(shared.ex), view, "keep")
    assert "is decided" in queues.empty_words(check(shared.ex))
    queues.set_threshold(shared, check(shared.ex, "outlier"), view, 1.0)
    assert "Nothing found" in queues.empty_words(check(shared.ex, "outlier"))
    assert queues.computing_words(shared)


@pytest.mark.parametrize(
    ("given", "suggestion", "said"),
    [
        ("star", "moon", "star → moon"),
        ("wrong_exchange_rate_for_cash_withdrawal", "country_support", "wrong_exchange_rate_for_… → country_support"),
        ("a" * 60, "b" * 60, f"{'a' * 19}… → {'b' * 19}…"),
    ],
)
def test_no_label_pushes_the_other_out(given, suggestion, said):
    assert queues.arrow(given, suggestion, 40) == said


def test_what_a_check_finds_is_said_in_the_words_of_the_data(tmp_path, snap):
    texts = snapshot(FakeExplorer(240, kind="texts", folder=tmp_path / "texts").analyze())
    assert "picture" in queues.meaning(snap, "near_duplicate")
    assert "picture" not in queues.meaning(texts, "near_duplicate")
    assert queues.meaning(texts, "leak") == queues.meaning(snap, "leak")
