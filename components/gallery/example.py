"""The gallery alone, on generated data: ``python -m components.examples gallery``."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from components.examples.data import DS, PREFIX, Example
from components.gallery.face import MAX_ROWS, Badge, GalleryData, Pick, gallery


def gallery_data(example: Example, rows: npt.NDArray[np.integer]) -> GalleryData:
    """Return what the gallery shows of ``rows``; badges where the number is high."""
    long = len(rows) > MAX_ROWS
    shown = [] if long else rows.tolist()
    warn: list[Badge] = [{"text": "label?", "tone": "warn"}]
    return {
        "ds": DS,
        "rows": shown,
        "total": len(rows),
        "url": example.publish("selection", rows.astype("<u4").tobytes()) if long else None,
        "thumb": f"{PREFIX}/thumb/{{row}}.jpg",
        "badges": {row: warn for row in shown if example.number[row] > 0.45},
        "current": None,
        "marked": [],
        "captions": None,
        "empty": "Nothing is selected.\nDraw a lasso or click a name on the map.",
        "sizes": "small",
    }


def example(data: Example) -> None:
    """Show every row and, above, the last thing that the gallery told."""

    def pick(event: Pick) -> None:
        st.session_state["said"] = f"row {event.row}, {len(event.rows)} marked"

    def open_(row: int) -> None:
        st.session_state["said"] = f"open {row}"

    st.text(st.session_state.get("said", "Nothing yet."))
    gallery(key="gallery", data=gallery_data(data, np.arange(data.n)), height="70vh", on_pick=pick, on_open=open_)
