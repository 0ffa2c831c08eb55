"""The page Issues: checks at the left, the queue of one in the middle, the current item at the right."""

from functools import partial

import streamlit as st

from components.check_header import Handlers as HeaderHandlers
from components.check_header import check_header
from components.check_list import check_list
from components.gallery import gallery
from components.groups import Handlers as GroupHandlers
from components.groups import groups
from components.inspector import Handlers as InspectorHandlers
from components.inspector import inspector
from explorer import frame, queues
from explorer.deeds import act_on_item, command, untag
from explorer.grouping import decide_group
from explorer.item import inspect
from explorer.panes import MOST_ROWS, pick
from explorer.session import View, view
from explorer.shared import Shared, shared
from explorer.snapshot import CheckFindings, Rows, Snapshot, snapshot
from explorer.waiting import waiting


def page() -> None:
    """Draw the page; what is clicked redraws this part alone."""
    frame.body("issues", _work)


def _work() -> None:
    sh, v = shared(), view()
    snap = snapshot(sh.ex)
    if snap is None:
        waiting(sh)
        return
    check = queues.chosen_check(snap, v)
    with st.container(key="left"):
        check_list(key="checks", data=queues.list_data(sh, snap, check), on_check=v.choose_check)
    if check is None:
        v.follow((), snap.n)
        with st.container(key="queue"):
            words = queues.computing_words(sh)
            groups(key="none", data={"groups": [], "current": None, "thumb": None, "empty": words, "more": ""},
                   handlers=GroupHandlers(on_look=_nothing, on_only=_nothing, on_all=_nothing), height="calc(100vh - 107px)")  # fmt: skip
    else:
        v.check = check.name
        rows = queues.queue(snap, check)
        v.follow(tuple(rows[:MOST_ROWS].tolist()), snap.n)
        with st.container(key="queue"):
            _queue(sh, snap, check, v, rows)
    with st.container(key="right"), st.container(key="item"):
        empty = "Nothing is waiting here." if check is not None else ""
        inspector(
            key="issue-item",
            data=inspect(sh.ex, snap, v.current, empty=empty, keys=not v.marked, open_number=v.opened),
            handlers=InspectorHandlers(
                on_act=partial(act_on_item, sh.ex, v),
                on_go=v.look,
                on_untag=partial(untag, sh.ex, v),
            ),
        )
    frame.bottom(sh, v)
    if v.go:
        st.rerun()


def _queue(sh: Shared, snap: Snapshot, check: CheckFindings, v: View, rows: Rows) -> None:
    check_header(
        key="head",
        data=queues.header_data(snap, check),
        handlers=HeaderHandlers(
            on_threshold=partial(queues.set_threshold, sh, check, v), on_whole=partial(queues.decide_whole, sh, snap, check, v)
        ),
    )
    if check.grouped:
        groups(
            key="groups",
            data=queues.groups_data(sh, snap, check, v, rows),
            handlers=GroupHandlers(
                on_look=v.look,
                on_only=lambda row: decide_group(sh.ex, snap, check, v, row, whole=False),
                on_all=lambda row: decide_group(sh.ex, snap, check, v, row, whole=True),
            ),
            height="calc(100vh - 231px)",
        )
        return
    with st.container(key="queue-pictures"):
        gallery(
            key="queue-gallery",
            data=queues.gallery_data(sh, snap, check, v, rows),
            height="calc(100vh - 239px)",
            on_pick=partial(pick, v, rows),
            on_open=partial(_open, v),
            on_command=partial(command, sh.ex, v),
        )


def _open(v: View, row: int) -> None:
    v.look(row)
    v.opened += 1


def _nothing(_row: int) -> None:
    """Answer nothing: there is nothing to click."""
