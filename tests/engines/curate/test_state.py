"""Replay: what decisions amount to for the rows as they are now."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.curate.state import Replay, describe, replay
from engines.decisions import Decision, DecisionLog
from engines.idsets import SMALL, IdSet, Roster

IDS = ["cat/a.jpg", "cat/b.jpg", "dog/c.jpg"]


def decided(action, ids=(), seq=1, **more):
    return Decision(
        seq=seq,
        uuid=more.pop("uuid", f"u{seq}"),
        time="2026-05-01T10:00:00.000+00:00",
        who="ann",
        action=action,
        ids=IdSet.of(ids),
        **more,
    )


def test_nothing_decided():
    state = replay([], IDS)
    assert (state.excluded.any(), state.label_decided, state.tags) == (np.False_, [None] * 3, [()] * 3)
    assert set(state.summary.values()) == {0}


def test_no_rows_at_all():
    state = replay([decided("exclude", ["x"]), decided("threshold", seq=2, check="outlier", value=0.7)], [])
    assert (state.n, state.orphans, state.thresholds) == (0, ("x",), {"outlier": 0.7})
    assert state.label_decided == []


def test_every_action():
    state = replay(
        [
            decided("exclude", IDS[:2], 1, check="near_duplicate", why="seen twice"),
            decided("restore", IDS[:1], 2),
            decided("relabel", IDS[2:], 3, value="wolf"),
            decided("tag", IDS, 4, value="b"),
            decided("tag", IDS[:1], 5, value="a"),
            decided("untag", IDS[1:], 6, value="b"),
            decided("keep", IDS[2:], 7, check="outlier"),
            decided("threshold", (), 8, check="outlier", value=0.9),
            decided("threshold", (), 9, check="leak", value=0.9),
            decided("threshold", (), 10, check="leak"),
            decided("merge", IDS[:2], 11, value="animals"),
            decided("split", IDS[:1], 12),
        ],
        IDS,
    )
    assert state.excluded.tolist() == [False, True, False]
    assert state.why_excluded(1) == "excluded as near duplicate by ann at 2026-05-01T10:00:00.000+00:00: seen twice"
    assert state.why_excluded(0) == ""
    assert state.label_decided == [None, None, "wolf"]
    assert state.labels_over(["cat", None, "dog"]) == ["cat", None, "wolf"]
    assert state.tags == [("a", "b"), (), ()]
    assert state.kept["outlier"].tolist() == [False, False, True]
    assert state.thresholds == {"outlier": 0.9}
    assert (state.own_cluster.tolist(), state.own_names) == ([1, 0, -1], ("animals", ""))


def test_the_first_exclusion_is_the_reason():
    state = replay([decided("exclude", IDS, 1, check="outlier"), decided("exclude", IDS, 2, check="leak")], IDS)
    assert state.excluded_by.tolist() == [1, 1, 1]


def test_rows_in_another_order_and_ids_that_vanished():
    entries = [decided("exclude", ["dog/c.jpg", "gone.jpg"]), decided("tag", ["gone.jpg", "cat/a.jpg"], 2, value="t")]
    state = replay(entries, ["new.jpg", *reversed(IDS)])
    assert state.excluded.tolist() == [False, True, False, False]
    assert state.tags == [(), (), (), ("t",)]
    assert state.orphans == ("gone.jpg",)


@pytest.mark.parametrize("many", [False, True])
def test_a_moved_file_is_found_again_by_its_content(tmp_path, many):
    ids = [f"{number}.jpg" for number in range(SMALL + 50)]
    contents = [f"hash {number}" for number in range(SMALL + 50)]
    log = DecisionLog(tmp_path / "d.sqlite")
    log.use_roster(Roster(ids, contents))
    log.append("exclude", ids[: SMALL + 10] if many else ids[:3])
    moved = ["moved/0.jpg", *ids[2:]]
    state = replay(log.entries(), moved, [contents[0], *contents[2:]])
    assert state.excluded[:2].all()
    assert state.moved == {"0.jpg": 0}
    assert state.orphans == ("1.jpg",)
    twice = replay(log.entries(), ["copy/0.jpg", *moved], [contents[0], contents[0], *contents[2:]])
    assert not twice.excluded[:2].any(), "nobody can tell which of two copies was meant"
    assert twice.orphans == ("0.jpg", "1.jpg")
    assert replay(log.entries(), moved).orphans == ("0.jpg", "1.jpg")
    log.close()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_bitmaps_and_plain_ids_say_the_same(data):
    n = data.draw(st.integers(SMALL + 1, SMALL + 60))
    ids = [f"r{number}" for number in range(n)]
    chosen = data.draw(st.sets(st.sampled_from([*ids, "loose"]), min_size=1))
    now = data.draw(st.permutations(ids))[: data.draw(st.integers(1, n))]
    roster = Roster(data.draw(st.sampled_from([ids, ids[::-1], ids[5:], now])))
    mask = replay(
        [decided("exclude").__class__(**{**decided("exclude", ["x"]).__dict__, "ids": IdSet.of(chosen, roster)})], now
    )
    assert mask.excluded.tolist() == [id_ in chosen for id_ in now]
    assert set(mask.orphans) == chosen - set(now)


def test_going_on_gives_the_same_as_starting_over_and_leaves_earlier_states_alone():
    going_on = Replay(Roster(IDS))
    entries = [decided("exclude", IDS[:1], 1), decided("tag", [*IDS[:1], "gone"], 2, value="t")]
    first = going_on.over(entries)
    entries += [decided("exclude", IDS[1:], 3), decided("tag", IDS, 4, value="t")]
    second = going_on.over(entries)
    third = going_on.over([*entries, decided("undo", (), 5, undoes="u2")])
    assert first.excluded.tolist() == [True, False, False]
    assert first.tags == [("t",), (), ()]
    assert second.excluded.all()
    assert second.orphans == ("gone",)
    assert third.orphans == ()
    assert third.tags == replay(entries[:1] + entries[2:], IDS).tags


def test_undo_and_redo_in_the_log():
    entries = [decided("exclude", IDS[:1], 1), decided("undo", (), 2, undoes="u1")]
    assert not replay(entries, IDS).excluded.any()
    entries.append(decided("redo", (), 3, undoes="u2"))
    assert replay(entries, IDS).excluded.tolist() == [True, False, False]
    entries.append(decided("undo", (), 4, undoes="u1"))
    assert not replay(entries, IDS).excluded.any()


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (decided("exclude", IDS, check="near_duplicate"), "Excluded 3 near duplicates"),
        (decided("exclude", IDS), "Excluded 3 items"),
        (decided("exclude", IDS[:1]), "Excluded a.jpg"),
        (decided("relabel", ["x/kangaroo_008.jpg"], value="kangaroo"), "Relabeled kangaroo_008.jpg to kangaroo"),
        (decided("tag", IDS, value="for\nlater"), "Tagged 3 items with for later"),
        (decided("untag", IDS, value="t"), "Removed the tag t from 3 items"),
        (decided("keep", IDS[:1], check="outlier"), "Kept a.jpg as no outlier"),
        (decided("keep", IDS, check="odd_size"), "Kept 3 odd size items"),
        (decided("restore", IDS), "Restored 3 items"),
        (decided("rename", IDS, value="pets"), "Renamed a cluster of 3 items to pets"),
        (decided("merge", IDS), "Put 3 items into one cluster"),
        (decided("merge", IDS, value="pets"), "Put 3 items into the cluster pets"),
        (decided("split", IDS[:1], value="new"), "Split 1 item off into a cluster, new"),
        (decided("threshold", check="label_issue", value=0.625), "Set the threshold of label issue to 0.625"),
        (decided("threshold", check="outlier"), "Set the threshold of outlier back"),
        (decided("relabel", IDS[:1], value="w" * 100), f"Relabeled a.jpg to {'w' * 59}…"),
    ],
)
def test_decisions_in_words(decision, words):
    assert describe(decision) == words


def test_a_rename_of_a_cluster_that_a_person_made_is_its_name():
    layers = np.array([[0, 0, 1], [2, 3, 4]], dtype=np.int32)
    made = [decided("merge", IDS[:2], 1, value="animals"), decided("rename", IDS[:2], 2, value="pets")]
    state = replay(made, IDS)
    assert (state.renames, state.own_names) == ((), ("pets",))
    assert state.own_clusters(layers).tolist() == [5, 5, -1]
    assert state.cluster_names(layers) == {5: "pets"}
    assert replay(made[:1], IDS).cluster_names(layers) == {5: "animals"}


def test_a_rename_of_other_rows_is_about_a_cluster_of_the_engine():
    layers = np.array([[0, 0, 1]], dtype=np.int32)
    state = replay([decided("split", IDS[:1], 1, value="one"), decided("rename", IDS[:2], 2, value="both")], IDS)
    assert state.cluster_names(layers) == {0: "both", 2: "one"}
    assert state.own_clusters(layers).tolist() == [2, -1, -1]


def test_a_row_is_in_the_cluster_that_was_made_last():
    layers = np.array([[0, 0, -1]], dtype=np.int32)
    state = replay([decided("merge", IDS, 1, value="all"), decided("split", IDS[2:], 2, value="rest")], IDS)
    assert state.own_clusters(layers).tolist() == [1, 1, 2]
    assert state.cluster_names(layers) == {1: "all", 2: "rest"}
