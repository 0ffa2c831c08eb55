"""What surrounds every page: the top bar with progress, the action bar, and a slow pulse that notices changes of others."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.action_bar import Handlers, action_bar
from components.top_bar import Handlers as TopHandlers
from components.top_bar import PageLink, Progress, TopBarData, top_bar
from explorer import offering
from explorer.cards import items, sentence
from explorer.columns import CLUSTERERS
from explorer.deeds import act, bar
from explorer.jobs import JobState, time_words
from explorer.session import View, view
from explorer.shared import Shared, shared
from explorer.snapshot import MAP_NAMES, Snapshot, snapshot

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

ENGINE_WORDS = {
    **MAP_NAMES,
    **CLUSTERERS,
    "hierarchical_kmeans": "Hierarchical k-means",
    "auto": "Neighbors",
    "exact": "Neighbors",
    "approximate": "Neighbors",
}
PAGES = (("explore", "Explore"), ("issues", "Issues"), ("clusters", "Clusters"), ("export", "Export"), ("runs", "Runs"))


def stamp(sh: Shared) -> tuple[int, int, str]:
    """Return what has to be equal for a page to be up to date."""
    return sh.ex.revision, sh.ex.log.version, sh.job.state.phase


def top(page: str, pages: "dict[str, StreamlitPage]") -> None:
    """Draw the top bar, and look every second whether anything changed: by the analysis, in another tab or process."""
    sh = shared()
    whole_run = [True]
    view().drawn = ""
    address = _page_address()

    def pulse() -> None:
        v = view()
        handlers = TopHandlers(
            on_go=lambda to: setattr(v, "go", to),
            on_job=lambda name: _job(sh, name),
            on_offer=lambda name: offering.act(sh, v, name),
        )
        top_bar(key="top", data=top_data(sh, v, page), handlers=handlers)
        # Wanted until it is drawn: a timer of the old page that ticks during the switch would otherwise win over it. And a run
        # that such a timer asked for makes the browser forget the new page.
        if (v.go and v.go != page) or _page_address() != address:
            st.switch_page(pages[v.go or page])
        v.go = ""
        # In a run of the whole script the page below is drawn anew anyway. An event that belongs to the page before can stop
        # such a run half way; then nothing is below.
        if (v.seen != stamp(sh) or v.drawn != page) and not whole_run[0]:
            v.seen = stamp(sh)
            st.rerun()
        whole_run[0] = False

    st.fragment(pulse, run_every=1.0)()


def _page_address() -> str:
    """Return what Streamlit calls the page that this run is for, as the browser sees it."""
    context = get_script_run_ctx()
    return context.page_script_hash if context is not None else ""


def body(page: str, work: Callable[[], None], run_every: float | None = None) -> None:
    """Draw what is below the top bar; what is clicked there redraws this part alone."""
    address = _page_address()

    def draw() -> None:
        sh, v = shared(), view()
        v.drawn = ""
        v.seen = stamp(sh)
        v.enter(page)
        try:
            work()
        except Exception:
            # It failed and says so; drawing it over and over would not help.
            v.drawn = page
            raise
        # Asked for from the page before, just while that was left, the browser forgets what is drawn: the pulse draws it again.
        v.drawn = page if _page_address() == address else ""

    st.fragment(draw, run_every=run_every)()


def until(done: Callable[[], bool]) -> None:
    """Draw the page again as soon as something is done that no pulse notices."""

    def look() -> None:
        if done():
            st.rerun()

    st.fragment(look, run_every=0.25)()


def _job(sh: Shared, name: str) -> None:
    if name == "cancel":
        sh.job.cancel()
    else:
        sh.job.start()


def top_data(sh: Shared, v: View, page: str) -> TopBarData:
    """Return what the top bar shows."""
    snap = snapshot(sh.ex)
    waiting = {"issues": int(snap.open.sum())} if snap is not None and snap.checks else {}
    links: list[PageLink] = [{"id": id_, "label": label, "count": waiting.get(id_)} for id_, label in PAGES]
    return {
        "name": "dataset-explorer",
        "summary": summary(sh, snap),
        "pages": links,
        "page": page,
        "progress": progress(sh.job.state),
        "offer": offering.offer_data(sh, v),
    }


def summary(sh: Shared, snap: Snapshot | None) -> str:
    """Say in a few words what is open."""
    if snap is None:
        return sh.ex.name
    said = [sh.ex.name, items(snap.n)]
    if snap.label_names:
        said.append(items(len(snap.label_names), "label"))
    return " · ".join(said)


def progress(state: JobState) -> Progress | None:
    """Say how far the analysis is; None when there is nothing to say."""
    if state.phase == "cancelling":
        return {"text": "Stopping …", "fraction": state.fraction, "tone": "busy", "action": ""}
    if state.phase == "running":
        text = time_words(job_words(state.message), state)
        return {"text": text, "fraction": state.fraction, "tone": "busy", "action": "cancel"}
    if state.phase == "cancelled":
        return {"text": "Stopped; what was ready stays", "fraction": None, "tone": "warn", "action": "retry"}
    if state.phase == "failed":
        return {"text": sentence(state.error), "fraction": None, "tone": "warn", "action": "retry"}
    return None


def job_words(message: str) -> str:
    """Return what is being computed in a few words, from the message of a stage: what it does, without details and estimates."""
    words = message.strip().partition(" · ")[0].partition(":")[0]
    first, _, rest = words.partition(" ")
    if first in ENGINE_WORDS:
        return f"{ENGINE_WORDS[first]} {rest}".strip()
    words = words.replace("_", " ")
    return words[:1].upper() + words[1:] if words else "Starting"


def bottom(sh: Shared, v: View) -> None:
    """Draw the action bar."""
    page = v.page

    def pressed(name: str, value: str) -> None:
        # A key that was pressed just while the page is left still means the page that it was pressed on.
        v.page = page
        act(sh.ex, v, name, value)

    with st.container(key="bottom"):
        action_bar(key="bar", data=bar(sh.ex, snapshot(sh.ex), v), handlers=Handlers(on_act=pressed))
