"""The map alone, on generated data: ``python -m components.examples map``."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from components import palette
from components.examples.data import DS, PREFIX, Example, points_body
from components.map.events import Click, ClusterClick, Lasso
from components.map.face import ColorSource, MapData, map_view
from components.map.labels import cluster_labels


def map_data(
    example: Example, *, projection: str = "umap", color: str = "cluster", selected: npt.NDArray[np.bool_] | None = None
) -> MapData:
    """Return what the map shows of ``example``."""
    coords = example.coords[projection]
    chosen = np.zeros(example.n, dtype=bool) if selected is None else selected
    source: ColorSource
    if color == "number":
        body = example.number.astype("<f4").tobytes()
        source = {
            "url": example.publish("color", body),
            "kind": "number",
            "palette": palette.sequential(),
            "missing": palette.MISSING,
            "range": [0, 0.6],
        }
    else:
        body = example.clusters.astype("<u2").tobytes()
        colors = palette.categorical(len(example.names))
        source = {"url": example.publish("color", body), "kind": "category", "palette": colors, "missing": palette.MISSING}
    return {
        "ds": DS,
        "n": example.n,
        "points": {
            "url": example.publish("points", points_body(coords, projection)),
            "name": projection,
            "label": projection.upper(),
        },
        "color": source,
        "state": {"url": example.publish("state", chosen.astype(np.uint8).tobytes())},
        "labels": cluster_labels(coords, example.clusters, example.names, selected=chosen),
        "thumb": f"{PREFIX}/thumb/{{row}}.jpg",
        "info": f"{PREFIX}/info/{{row}}.json",
        "caption": "Generated data. Distances between far groups mean nothing.",
        "empty": "There is nothing to show.",
        "busy": None,
        "selected_count": int(np.count_nonzero(chosen)),
    }


def example(data: Example) -> None:
    """Show the map and, below it, the last thing that it told."""
    said = st.empty()

    def tell(event: Lasso | Click | ClusterClick | str) -> None:
        st.session_state["said"] = f"{len(event.polygon)} vertices, {event.mode}" if isinstance(event, Lasso) else str(event)

    map_view(key="map", data=map_data(data), on_lasso=tell, on_click=tell, on_cluster=tell, on_command=tell)
    said.text(st.session_state.get("said", "Nothing yet."))
