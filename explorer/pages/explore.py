"""The page Explore: map in the middle, what is colored and filtered at the left, the selection and one item at the right."""

import time
from functools import partial

import numpy as np
import streamlit as st

from components.gallery import gallery
from components.inspector import Handlers as InspectorHandlers
from components.inspector import inspector
from components.list_header import list_header
from components.map import Click, ClusterClick, Lasso, map_view
from components.side_panel import Handlers as PanelHandlers
from components.side_panel import side_panel
from explorer import changes, finding, frame, panel, panes
from explorer.columns import coloring
from explorer.deeds import act_on_item, command, untag
from explorer.item import inspect
from explorer.session import View, view
from explorer.shared import Shared, shared
from explorer.snapshot import Snapshot, snapshot
from explorer.waiting import waiting

GALLERY_HEIGHT = "clamp(180px, calc(38vh - 40px), 520px)"
CARDS_HEIGHT = "clamp(180px, calc(45vh - 40px), 640px)"


def page() -> None:
    """Draw the page; what is clicked redraws this part alone."""
    frame.body("explore", _work)


def _work() -> None:
    sh, v = shared(), view()
    snap = snapshot(sh.ex)
    if snap is None:
        waiting(sh)
        return
    scene = panes.scene(sh, snap, v)
    with st.container(key="left"):
        side_panel(key="panel", data=panel.panel_data(sh, scene), handlers=_panel_handlers(sh, v, snap))
    with st.container(key="middle"):
        map_view(
            key="map",
            data=panes.map_data(sh, scene),
            height="calc(100vh - 107px)",
            on_lasso=lambda event: _lasso(sh, scene, event),
            on_click=lambda event: _click(snap, v, event),
            on_cluster=lambda event: _cluster(scene, event),
            on_command=partial(command, sh.ex, v),
        )
    with st.container(key="right"):
        list_header(key="order", data=panes.header_data(scene), on_order=lambda order: panes.reorder(v, order))
        with st.container(key="pictures"):
            gallery(
                key="gallery",
                data=panes.gallery_data(sh, scene),
                height=GALLERY_HEIGHT if snap.dataset.kind == "pictures" else CARDS_HEIGHT,
                on_pick=partial(panes.pick, v, scene.rows),
                on_open=lambda row: _open(v, row),
                on_command=partial(command, sh.ex, v),
            )
        with st.container(key="item"):
            inspector(
                key="inspector",
                data=inspect(
                    sh.ex,
                    snap,
                    v.current,
                    empty=panes.no_item(scene),
                    keys=v.selection is None and not v.marked,
                    open_number=v.opened,
                ),
                handlers=InspectorHandlers(
                    on_act=lambda name, row, check: act_on_item(sh.ex, v, name, row, check),
                    on_go=v.look,
                    on_untag=partial(untag, sh.ex, v),
                ),
            )
    frame.bottom(sh, v)
    hunt, drawn = scene.hunt, time.monotonic()
    if hunt is not None and hunt.busy:
        frame.until(lambda: finding.moved_on(sh, hunt, drawn))
    if v.go:
        st.rerun()


def _panel_handlers(sh: Shared, v: View, snap: Snapshot) -> PanelHandlers:
    def layer(value: int) -> None:
        v.layer = value
        v.solo, v.hidden = set(), set()
        v.start_over()

    def legend(code: int, how: str) -> None:
        colors = coloring(snap, v.color, v.layer)
        v.toggle(code, how, [*range(len(colors.names)), -1])
        v.start_over()

    def facet(name: str) -> None:
        v.facets = [other for other in v.facets if other != name] if name in v.facets else [*v.facets, name]
        v.start_over()

    def words(field: str, text: str) -> None:
        setattr(v, field, text)
        v.start_over()

    return PanelHandlers(
        on_search=lambda query: finding.begin(sh, v, query),
        on_cut=lambda place: finding.cut_at(sh, snap, v, place),
        on_encoder=lambda name: changes.use_encoder(sh, v, name),
        on_map=lambda name: setattr(v, "map", name),
        on_color=v.recolor,
        on_layer=layer,
        on_legend=legend,
        on_text=partial(words, "text"),
        on_where=partial(words, "where"),
        on_facet=facet,
    )


def _lasso(sh: Shared, scene: panes.Scene, event: Lasso) -> None:
    projection = next(
        (p for p in sh.ex.values.projections.values() if panes.points_rev(sh, p) == event.points), scene.projection
    )
    if projection is None:
        return
    rows = np.asarray(sh.ex.hit_test(event.polygon.tolist(), projection.name), dtype=np.int64)
    rows = rows[rows < scene.snap.n]
    scene.view.select(rows[scene.visible[rows]], event.mode, event.kind)


def _click(snap: Snapshot, v: View, event: Click) -> None:
    if event.row is None:
        if event.mode == "replace":
            v.clear()
        return
    if event.row >= snap.n:
        return
    if event.mode == "replace":
        # A search goes on while single items are looked at.
        if v.selection is not None and event.row not in v.selection and not v.query:
            v.clear()
        v.unmark()
        v.look(event.row)
    else:
        v.select(np.array([event.row], dtype=np.int64), event.mode, "points")


def _cluster(scene: panes.Scene, event: ClusterClick) -> None:
    rows = np.flatnonzero(scene.label_codes == event.id).astype(np.int64)
    scene.view.select(
        rows[scene.visible[rows]], event.mode, scene.label_names[event.id] if event.id < len(scene.label_names) else ""
    )


def _open(v: View, row: int) -> None:
    v.look(row)
    v.opened += 1
