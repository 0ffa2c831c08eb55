"""The example page as a Streamlit script: one component alone, or the map and the gallery tied together."""

import os

import numpy as np
import numpy.typing as npt
import streamlit as st

from components.examples.data import Example, generated, inside
from components.gallery import gallery
from components.gallery.example import example as gallery_example
from components.gallery.example import gallery_data
from components.map import Click, ClusterClick, Lasso, Mode, map_view
from components.map.example import example as map_example
from components.map.example import map_data

STYLE = """<style>
.stMainBlockContainer { padding: 4.2rem 1.2rem 1rem; max-width: none; }
</style>"""


def _select(hit: npt.NDArray[np.bool_], mode: Mode) -> None:
    now: npt.NDArray[np.bool_] = st.session_state.selected
    chosen = {"replace": hit, "add": now | hit, "subtract": now & ~hit}
    st.session_state.selected = chosen[mode]


def _tied(example: Example) -> None:
    """Show map and gallery: what the lasso holds is what the gallery shows."""
    state = st.session_state
    if "selected" not in state or len(state.selected) != example.n:
        state.selected = np.zeros(example.n, dtype=bool)
    left, right = st.columns([0.74, 0.26])
    with left:
        projection = str(
            st.segmented_control(
                "Map", ["umap", "tsne"], default="umap", required=True, label_visibility="collapsed", key="projection"
            )
        )
        color = str(st.session_state.get("color", "cluster"))

        def lasso(event: Lasso) -> None:
            _select(inside(event.polygon, example.coords[projection]), event.mode)

        def click(event: Click) -> None:
            _select(np.arange(example.n) == (-1 if event.row is None else event.row), event.mode)

        def cluster(event: ClusterClick) -> None:
            _select(example.clusters == event.id, event.mode)

        data = map_data(example, projection=projection, color=color, selected=state.selected)
        map_view(key="map", data=data, height="calc(100vh - 8.5rem)", on_lasso=lasso, on_click=click, on_cluster=cluster)
    with right:
        st.segmented_control(
            "Color", ["cluster", "number"], default="cluster", required=True, label_visibility="collapsed", key="color"
        )
        rows = np.flatnonzero(state.selected)
        st.markdown(f"**{len(rows):,} selected**")
        gallery(key="gallery", data=gallery_data(example, rows), height="60vh")


def page() -> None:
    """Run the example that the environment names."""
    st.set_page_config(layout="wide", page_title="Components")
    st.html(STYLE)
    example = generated(int(os.environ.get("COMPONENTS_EXAMPLE_ROWS", "800")))
    which = os.environ.get("COMPONENTS_EXAMPLE", "page")
    if which == "map":
        map_example(example)
    elif which == "gallery":
        gallery_example(example)
    else:
        st.fragment(_tied)(example)


if __name__ == "__main__":
    page()
