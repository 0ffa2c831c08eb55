"""What every page but Runs shows while there is no row yet: what happens, and the pictures that are ready."""

import streamlit as st

from components.mosaic import MosaicData, mosaic
from explorer import early
from explorer.cards import ds_key, sentence
from explorer.frame import job_words
from explorer.shared import Shared


def waiting(sh: Shared) -> None:
    """Draw it, and again every second while something happens."""
    with st.container(key="waiting"):
        st.fragment(lambda: mosaic(key="mosaic", data=mosaic_data(sh)), run_every=1.0 if sh.job.state.active else None)()


def mosaic_data(sh: Shared) -> MosaicData:
    """Return what is shown now."""
    state = sh.job.state
    data: MosaicData = {
        "title": f"Opening {sh.ex.name}",
        "lead": job_words(state.message),
        "hint": "",
        "tone": "",
        "url": f"/api/v1/{ds_key(sh.ex)}/early/{{number}}.jpg",
        "count": early.ready(sh.ex.workspace.cache_path),
    }
    if state.phase == "failed":
        data |= {
            "title": f"{sh.ex.name} could not be opened",
            "lead": sentence(state.error),
            "hint": sentence(state.hint),
            "tone": "warn",
            "count": 0,
        }
    elif state.phase == "cancelled":
        data |= {"title": "Stopped", "lead": "What was read so far is kept. Try again at the top right."}
    return data
