"""What is kept from one decision to the next is what would be made anew."""

from dataclasses import replace

import numpy as np
import pytest

from engines.errors import DecisionError, UserError
from explorer.standing import rows_of
from tests.fakes_app import FakeExplorer


def test_rows_are_named_by_number_or_id_in_any_order(ex):
    ids = ex.dataset.ids
    for named in ([5, 0, 5], [ids[5], ids[0], ids[5]], np.array([5, 0, 5], dtype=np.int32), [np.int64(5), ids[0], 5]):
        assert ex.ids_of(named) == [ids[5], ids[0], ids[5]]
        assert rows_of(ex.roster, named).tolist() == ex.select(named).rows.tolist() == [5, 0, 5]
    assert ex.ids_of(()) == []


def test_a_truth_value_per_row_names_the_rows_that_it_is_true_for(ex):
    truth = ex.samples["x"] > ex.samples["x"].median()
    wanted = np.flatnonzero(truth)
    for named in (truth, truth.to_numpy(), truth.tolist(), truth.astype("boolean"), wanted.astype(float)):
        assert ex.select(named).rows.tolist() == wanted.tolist()
    assert not len(ex.select(np.zeros(240, dtype=bool)))


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ([0, 240], "no row 240"),
        (np.array([-1]), "no row -1"),
        ([10**30], "no row 10"),
        (["x"], "with the id 'x'"),
        ([True, False], "2 truth values do not fit 240 rows"),
        ([1.5], "1.5 is no row"),
        ([float("nan")], "nan is no row"),
        ([None], "None is no row"),
        ([[1, 2]], "is no row"),
        (np.array([[1, 2]]), "is no row"),
        ([b"0"], "is no row"),
        ([0, True], "True is no row"),
        (5, "cannot be named by 5"),
    ],
)
def test_a_row_that_is_not_there_is_an_error(ex, named, words):
    with pytest.raises(DecisionError, match=words):
        ex.decide("exclude", named)
    assert ex.log.version == 0


def test_nothing_can_be_decided_before_the_rows_are_read(tmp_path):
    with pytest.raises(UserError, match="has not been read yet"):
        FakeExplorer(240, folder=tmp_path).decide("exclude", [0])


def test_the_roster_is_kept_until_there_are_other_rows_or_contents(ex):
    first = ex.roster
    ex.decide("exclude", [1])
    assert ex.roster is first
    assert ex.contents() == ex.values.facts.facts.column("content_hash").to_pylist()
    ex.values.facts = None
    assert ex.roster is not first
    assert not ex.contents()
    ex.values.dataset = ex.dataset.take(np.arange(100))
    assert ex.roster.ids == first.ids[:100]
    assert ex.state.excluded.tolist() == [row == 1 for row in range(100)]


def test_sql_sees_every_decision_and_its_undo(ex):
    check = next(name for name, issue in ex.values.issues.items() if not issue.skipped)
    before = ex.where(f"{check}_flagged")
    ex.decide("exclude", [1, 2])
    ex.decide("tag", [2, 3], value="t")
    ex.decide("relabel", [4], value="new")
    ex.decide("threshold", value=0.0, check=check)
    cluster = int(ex.values.clusterings["leiden"].labels[0])
    ex.decide("rename", np.flatnonzero(ex.values.clusterings["leiden"].labels == cluster), value="called so")
    assert np.flatnonzero(ex.where("excluded")).tolist() == [1, 2]
    assert np.flatnonzero(ex.where("list_contains(tags, 't') and not excluded")).tolist() == [3]
    assert np.flatnonzero(ex.where("label_decided = 'new'")).tolist() == [4]
    assert ex.where(f"{check}_flagged").tolist() == ex.flagged(check).tolist() != before.tolist()
    assert ex.where("cluster_name = 'called so'").tolist() == ex.where(f"cluster = {cluster}").tolist()
    assert ex.samples.loc[ex.samples["excluded"], "id"].tolist() == ex.ids_of([1, 2])
    for _ in range(5):
        ex.undo()
    assert not ex.where("excluded or len(tags) > 0 or label_decided is not null or cluster_name = 'called so'").any()
    assert ex.where(f"{check}_flagged").tolist() == before.tolist()


def test_sql_sees_values_that_arrive(ex):
    ex.where("x > 0")
    name, issue = next((name, issue) for name, issue in ex.values.issues.items() if not issue.skipped)
    ex.values.issues[name] = replace(issue, raw=np.full(len(issue.raw), np.nan, dtype=np.float32))
    ex.revision += 1
    assert not ex.where(f"{name}_severity >= 0").any()
