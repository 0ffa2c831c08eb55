import numpy as np

from explorer.charts import class_chart
from explorer.departure import ClassCount, departure, fresh_target
from explorer.snapshot import snapshot


def test_nothing_decided_means_that_everything_leaves(ex, snap):
    what = departure(ex, snap)
    assert (what.total, what.staying, what.reasons, what.filtered) == (240, 240, {}, 0)
    assert all(one.change == 0 for one in what.classes)


def test_reasons_and_classes_follow_the_decisions(ex):
    ex.decide("exclude", [0, 1], check="near_duplicate")
    ex.decide("exclude", [2])
    ex.decide("relabel", [3, 4], value="a new one")
    ex.decide("tag", [5], value="t")
    what = departure(ex, snapshot(ex))
    assert what.reasons == {"Near duplicates": 2, "By hand": 1}
    assert (what.staying, what.relabeled, what.tagged) == (237, 2, 1)
    classes = {one.name: one for one in what.classes}
    assert (classes["a new one"].before, classes["a new one"].after) == (0, 2)
    assert sum(one.after for one in what.classes) == 237


def test_only_chosen_rows_leave(ex, snap):
    what = departure(ex, snap, np.array([3, 4, 5]))
    assert (what.staying, what.filtered) == (3, 237)


def test_the_target_never_exists_yet(tmp_path):
    first = fresh_target("my photos/..", tmp_path)
    assert first.parent == tmp_path
    first.mkdir()
    second = fresh_target("my photos/..", tmp_path)
    assert second != first
    assert not second.exists()


def test_the_chart_draws_names_as_text():
    figure = class_chart([ClassCount(name="<b>x</b>", before=3, after=1), ClassCount(name="y", before=0, after=2)])
    assert "&lt;b&gt;x&lt;/b&gt;" in figure.data[0].y
    assert sum(sum(bar.x) for bar in figure.data) == 3 + 2
