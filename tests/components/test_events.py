"""What comes from a browser is checked before anything else sees it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gallery.face import read_open, read_pick
from components.map.events import MAX_POLYGON, read_click, read_cluster, read_lasso
from components.wire import command_of

SQUARE = [[0, 0], [1, 0.1], [1, 1]]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["polygon", "row", "rows", "id", "name", "mode", "x"]), inner)
    ),
    max_leaves=12,
)


def test_a_lasso_is_read_as_the_browser_tested_it() -> None:
    lasso = read_lasso({"polygon": SQUARE, "mode": "add", "kind": "box", "points": "abc"})
    assert lasso is not None
    assert lasso.polygon.dtype == np.float32
    assert lasso.polygon.tolist() == [[0, 0], [1, float(np.float32(0.1))], [1, 1]]
    assert (lasso.mode, lasso.kind, lasso.points) == ("add", "box", "abc")
    assert not lasso.polygon.flags.writeable


@pytest.mark.parametrize(
    "polygon",
    [None, [], SQUARE[:2], [[0, 0]] * (MAX_POLYGON + 1), [[0, 0], [1], [2, 2]], [[0, 0], [1, float("nan")], [2, 2]], "abc"],
)
def test_a_malformed_polygon_is_no_lasso(polygon: object) -> None:
    assert read_lasso({"polygon": polygon, "mode": "replace"}) is None


@given(anything)
def test_whatever_comes_from_outside_is_an_event_or_nothing(value: object) -> None:
    for read in (read_lasso, read_click, read_cluster, read_pick, read_open):
        assert read(value) is None or isinstance(value, dict)
    assert isinstance(command_of(value), str | None)


def test_rows_are_u32() -> None:
    assert read_open({"row": 2**32 - 1}) == 2**32 - 1
    for row in (-1, 2**32, 1.0, True, "1", None):
        assert read_open({"row": row}) is None
        assert row is None or read_click({"row": row, "mode": "replace"}) is None
    click = read_click({"row": None, "mode": "nonsense"})
    assert click is not None
    assert (click.row, click.mode) == (None, "replace")


def test_a_pick_lists_what_is_marked() -> None:
    pick = read_pick({"row": 3, "rows": [3, 4], "all": False})
    assert pick is not None
    assert (pick.row, pick.rows, pick.all) == (3, (3, 4), False)
    assert read_pick({"row": 3, "rows": [3, "4"]}) is None
    assert read_pick({"row": 3, "rows": list(range(10_001))}) is None
