"""A search of one tab: what is found becomes its selection, and what the search box shows."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from explorer.answers import Answer
from explorer.cards import sentence
from explorer.session import View
from explorer.snapshot import Rows, Snapshot

if TYPE_CHECKING:
    from components.side_panel import Search
    from explorer.api import Explorer
    from explorer.shared import Shared

PACE = 2.0
"""Seconds between two redraws that only say what a search is doing."""
AT_ONCE = 0.35
"""Seconds that a redraw waits for an answer: most searches are faster, and then nothing flickers."""


@dataclass(frozen=True, kw_only=True)
class Hunt:
    """A search of a tab as it stands: ``answer`` None while it is on its way, or when ``error`` says why there is none."""

    query: str
    answer: Answer | None
    own_cut: float | None
    busy: bool = False
    doing: str = ""
    error: str = ""
    hint: str = ""

    @property
    def cut(self) -> float:
        """Give the score from which a row counts as found."""
        if self.own_cut is not None or self.answer is None:
            return self.own_cut or 0.0
        return float(self.answer.ranking.cut)

    @cached_property
    def rows(self) -> Rows:
        """Give the rows that were found, in the order of the data set."""
        return np.array([], dtype=np.int64) if self.answer is None else np.flatnonzero(self.answer.scores >= self.cut)

    @property
    def place(self) -> int:
        """Give the bin whose lower border is nearest to the cut-off."""
        if self.answer is None or not len(self.answer.edges):
            return 0
        return int(np.argmin(np.abs(self.answer.edges[:-1] - self.cut)))


def search_key(ex: "Explorer", query: str) -> str:
    """Return what names a search: the words and the embeddings that they are compared with."""
    values = ex.values
    parts = (values.dataset, values.embeddings)
    return "/".join((*(part.key if part is not None else "" for part in parts), query))


def moved_on(sh: "Shared", hunt: Hunt, drawn: float) -> bool:
    """Tell whether a search that was drawn at that time (monotonic seconds) is worth drawing again: it ended, or does something else."""
    job = sh.searches.known(search_key(sh.ex, hunt.query))
    if job is None or not job.state.active:
        return True
    return job.state.message != hunt.doing and time.monotonic() - drawn > PACE


def begin(sh: "Shared", v: View, query: str) -> None:
    """Search for words; the same words again repeat a search that failed."""
    sh.searches.forget_failure(search_key(sh.ex, query))
    v.seek(query)


def follow(sh: "Shared", snap: Snapshot, v: View) -> Hunt | None:
    """Return the search of a tab; what it found is made the selection, once per result and cut-off."""
    if not v.query:
        return None
    if sh.ex.search_offer is None:
        if not sh.job.state.active:
            v.seek("")
        return None
    key = search_key(sh.ex, v.query)
    if v.sought and not v.sought.startswith(f"{key}/"):
        # Scores of other words, or of another encoder, have another scale.
        v.cut = None
    job = sh.searches.ask(sh.ex, key, v.query, sh.on_error)
    job.wait(AT_ONCE)
    state, answer = job.state, job.result
    if state.phase != "done" or not isinstance(answer, Answer) or len(answer.scores) != snap.n:
        return Hunt(
            query=v.query,
            answer=None,
            own_cut=None,
            busy=state.active,
            doing=state.message,
            error=state.error,
            hint=state.hint,
        )
    hunt = Hunt(query=v.query, answer=answer, own_cut=v.cut)
    stamp = f"{key}/{hunt.cut!r}"
    if stamp != v.sought:
        v.found(hunt.rows, stamp)
    return hunt


def cut_at(sh: "Shared", snap: Snapshot, v: View, place: int | None) -> None:
    """Move the cut-off to the lower border of a bin; None = where the search itself puts it."""
    hunt = follow(sh, snap, v)
    if hunt is None or hunt.answer is None:
        return
    if place is None:
        v.cut = None
    elif 0 <= place < len(hunt.answer.edges) - 1:
        v.cut = float(hunt.answer.edges[place])


def search_data(sh: "Shared", hunt: Hunt | None) -> "Search | None":
    """Return what the search box shows; None where the data set cannot be searched by words."""
    offer = sh.ex.search_offer
    if offer is None:
        return None
    data: Search = {
        "example": offer.placeholder,
        "note": offer.note,
        "query": hunt.query if hunt is not None else "",
        "state": "",
        "found": 0,
        "bins": [],
        "place": 0,
        "moved": False,
        "notes": [],
        "doing": "",
        "error": "",
        "hint": "",
    }
    if hunt is None:
        return data
    if hunt.answer is None:
        data |= {"state": "busy" if hunt.busy else "failed", "error": sentence(hunt.error), "hint": sentence(hunt.hint)}
        data["doing"] = sentence(hunt.doing) or "Searching"
        return data
    data |= {
        "state": "done",
        "found": len(hunt.rows),
        "bins": hunt.answer.bins,
        "place": hunt.place,
        "moved": hunt.own_cut is not None,
        "notes": list(hunt.answer.ranking.notes) or [offer.note],
    }
    return data
