import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.session import View

ROWS = st.lists(st.integers(0, 50), max_size=20)


def rows(view):
    return [] if view.selection is None else view.selection.tolist()


@given(ROWS, ROWS)
def test_selections_are_sets(first, second):
    view = View()
    view.select(np.array(first, dtype=np.int64), "replace", "lasso")
    assert rows(view) == sorted(set(first))
    view.select(np.array(second, dtype=np.int64), "add", "lasso")
    assert rows(view) == sorted({*first, *second})
    view.select(np.array(second, dtype=np.int64), "subtract", "lasso")
    assert rows(view) == sorted({*first} - {*second})


@given(st.lists(st.tuples(st.integers(-1, 4), st.sampled_from(["solo", "add", "hide", "reset"])), max_size=12))
def test_the_legend_never_hides_everything(acts):
    view = View()
    codes = [*range(5), -1]
    for code, act in acts:
        view.toggle(code, act, codes)
        assert not (view.solo and view.hidden)
        assert set(codes) - view.hidden


def test_solo_twice_shows_all_again():
    view = View()
    view.toggle(2, "solo", range(4))
    assert view.solo == {2}
    view.toggle(2, "solo", range(4))
    assert not view.solo


def test_another_color_forgets_what_was_hidden():
    view = View(color="cluster", hidden={1})
    view.recolor("cluster")
    assert view.hidden == {1}
    view.recolor("label")
    assert not view.hidden


def test_the_first_listed_item_is_current_until_one_is_chosen():
    view = View()
    view.follow((7, 8), 10)
    assert view.current == 7
    view.follow((3, 7), 10)
    assert view.current == 3
    view.look(8)
    view.follow((3, 7), 10)
    assert view.current == 8
    view.start_over()
    view.follow((3, 7), 10)
    assert view.current == 3
    view.look(9)
    view.follow((3,), 5)
    assert view.current == 3
    view.follow((), 5)
    assert view.current is None


def test_another_page_begins_anew_and_the_selection_stays():
    view = View()
    view.enter("explore")
    view.select(np.array([1, 2]), "replace", "")
    view.look(2)
    view.enter("issues")
    assert view.current is None
    assert rows(view) == [1, 2]


def test_each_notice_is_told_apart():
    view = View()
    view.say("a")
    first = view.notice_number
    view.say("a")
    assert view.notice_number != first


def test_rows_of_another_data_set_are_not_selected():
    view = View()
    view.belong("one")
    view.select(np.array([1, 2]), "replace", "")
    view.belong("one")
    assert rows(view) == [1, 2]
    view.belong("two")
    assert rows(view) == []


def test_a_search_without_words_ends_it_but_leaves_another_selection():
    view = View()
    view.select(np.array([1, 2]), "replace", "lasso")
    view.seek("")
    assert rows(view) == [1, 2]
    view.seek("star")
    view.found(np.array([5], dtype=np.int64), "star/0.5")
    assert rows(view) == [5]
    view.seek("")
    assert rows(view) == []
