"""The page Clusters: all clusters at the left, one or several of them at the right; rename, merge, split."""

from functools import partial

import numpy as np
import streamlit as st

from components.cluster_list import Handlers as ListHandlers
from components.cluster_list import cluster_list
from components.cluster_panel import Handlers as PanelHandlers
from components.cluster_panel import cluster_panel
from components.gallery import gallery
from explorer import clusters, frame, regroup
from explorer.deeds import command
from explorer.panes import MOST_ROWS, pick
from explorer.session import View, view
from explorer.shared import Shared, shared
from explorer.snapshot import snapshot
from explorer.waiting import waiting


def page() -> None:
    """Draw the page; what is clicked redraws this part alone."""
    frame.body("clusters", _work)


def _work() -> None:
    sh, v = shared(), view()
    snap = snapshot(sh.ex)
    if snap is None:
        waiting(sh)
        return
    bd = clusters.board(snap, v)
    v.follow(tuple(bd.rows[:MOST_ROWS].tolist()), snap.n)
    with st.container(key="clusters"):
        cluster_list(
            key="cluster-list",
            data=clusters.list_data(sh, bd),
            handlers=_list_handlers(sh, v, bd),
            height="calc(100vh - 107px)",
        )
    panel = clusters.panel_data(sh, bd)
    with st.container(key="cluster"):
        cluster_panel(
            key="cluster-panel",
            data=panel,
            handlers=PanelHandlers(on_act=partial(regroup.act, sh, v, bd)),
        )
        if bd.chosen:
            with st.container(key="cluster-items"):
                gallery(
                    key="cluster-gallery",
                    data=clusters.gallery_data(sh, bd),
                    height=clusters.gallery_height(panel),
                    on_pick=partial(pick, v, bd.rows),
                    on_open=partial(_show_one, v),
                    on_command=partial(command, sh.ex, v),
                )
    frame.bottom(sh, v)
    if v.go:
        st.rerun()


def _list_handlers(sh: Shared, v: View, bd: clusters.Board) -> ListHandlers:
    def layer(value: int) -> None:
        v.layer = value
        v.solo, v.hidden = set(), set()
        v.choose_clusters(None)

    def pressed(name: str) -> None:
        if name == "m":
            regroup.ask_to_merge(v)
        elif name == "s":
            regroup.act(sh, v, clusters.board(bd.snap, v), "split", "")
        else:
            command(sh.ex, v, name)

    return ListHandlers(
        on_pick=v.choose_clusters,
        on_open=lambda id_: regroup.show(v, bd, id_),
        on_rename=lambda id_, name: regroup.rename(sh, v, bd, id_, name),
        on_command=pressed,
        on_layer=layer,
        on_order=lambda order: setattr(v, "cluster_order", order),
    )


def _show_one(v: View, row: int) -> None:
    """Show one item on the map with everything that stands about it."""
    v.select(np.array([row], dtype=np.int64), "replace", "")
    v.go = "explore"
