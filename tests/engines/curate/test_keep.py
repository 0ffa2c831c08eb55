"""Keep rules: one row of each group stays, the right one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.curate.keep import RULES, losers
from engines.errors import ParameterError

GROUPS = np.array([-1, 0, 0, 0, 1, 1], dtype=np.int32)


@pytest.mark.parametrize(
    ("rule", "stay"),
    [
        ("first", [0, 1, 4]),
        ("largest", [0, 3, 5]),
        ("labeled", [0, 2, 4]),
        ("mildest", [0, 3, 4]),
    ],
)
def test_which_row_stays(rule, stay):
    lost = losers(
        GROUPS,
        rule,
        pixels=np.array([9, 1, 2, 2, 5, 5]),
        file_size=np.array([0, 9, 1, 2, 3, 4]),
        labeled=np.array([True, False, True, True, False, False]),
        problems=np.array([0, 0.9, 0.5, 0.1, np.nan, 0.0], dtype=np.float32),
    )
    assert np.flatnonzero(~lost).tolist() == stay


def test_protected_rows_stay_and_gone_rows_do_not_count():
    protected = np.array([False, False, True, True, False, False])
    assert losers(GROUPS, "first", protected=protected).tolist() == [False, True, False, False, False, True]
    gone = np.array([False, True, True, False, True, False])
    assert not losers(GROUPS, "first", gone=gone).any()


def test_what_a_rule_needs_and_does_not_get():
    with pytest.raises(ParameterError, match="needs pixels"):
        losers(GROUPS, "largest")
    with pytest.raises(ParameterError, match="no keep rule 'best'"):
        losers(GROUPS, "best")


@given(
    st.lists(st.tuples(st.integers(-1, 4), st.booleans(), st.booleans(), st.integers(0, 3))),
    st.sampled_from(list(RULES)),
)
def test_every_group_keeps_a_row(rows, rule):
    groups = np.array([row[0] for row in rows], dtype=np.int32)
    protected, gone = (np.array([row[k] for row in rows], dtype=bool) for k in (1, 2))
    value = np.array([row[3] for row in rows], dtype=np.int64)
    lost = losers(
        groups, rule, pixels=value, labeled=value > 1, problems=value.astype(np.float32), protected=protected, gone=gone
    )
    assert not lost[(groups < 0) | protected | gone].any()
    for group in set(groups[(groups >= 0) & ~gone]):
        staying = (groups == group) & ~gone & ~lost
        safe = (groups == group) & ~gone & protected
        assert staying.sum() == max(safe.sum(), 1)
