"""Searches by words in the background: asked once for all tabs, their answers kept while there is room."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from explorer.jobs import Job

if TYPE_CHECKING:
    from engines.protocols import Progress, Ranking
    from explorer.api import Explorer

KEPT = 16
BINS = 110


class Searches:
    """The latest searches of this process by words and embeddings; one runs at a time, since they share a model."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock, self._turn = threading.Lock(), threading.Lock()

    def ask(self, ex: "Explorer", key: str, query: str, on_error: Callable[[BaseException], None] | None) -> Job:
        """Return the search, started where nobody asked for it before."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                job = self._jobs[key] = Job(lambda progress: self._search(ex, query, progress), on_error=on_error)
                job.start()
            self._jobs.move_to_end(key)
            while len(self._jobs) > KEPT:
                self._jobs.popitem(last=False)
        return job

    def known(self, key: str) -> Job | None:
        """Return a search that was asked for; None where it was not."""
        with self._lock:
            return self._jobs.get(key)

    def forget_failure(self, key: str) -> None:
        """Let the next one who asks try again."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.state.phase in ("failed", "cancelled"):
                del self._jobs[key]

    def _search(self, ex: "Explorer", query: str, progress: "Progress") -> "Answer":
        with self._turn:
            progress(0.0, "searching")
            return Answer(ranking=ex.search(query, progress))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a search says about every row, and how its scores are spread."""

    ranking: "Ranking"

    @cached_property
    def scores(self) -> npt.NDArray[np.float64]:
        """Give the scores as float64, so that a cut-off means the same here and in the browser; NaN ranks below all."""
        return np.nan_to_num(self.ranking.scores.astype(np.float64), nan=-np.inf)

    @cached_property
    def edges(self) -> npt.NDArray[np.float64]:
        """Give the borders of the bins of the histogram, at which the slider stops; empty where all scores are equal."""
        known = self.scores[np.isfinite(self.scores)]
        if not len(known) or known.min() == known.max():
            return np.zeros(0)
        return np.linspace(known.min(), known.max(), BINS + 1)

    @cached_property
    def bins(self) -> list[int]:
        """Count the scores per bin; the sum from a bin on is what a cut-off at its lower border finds."""
        above = np.array([np.count_nonzero(self.scores >= edge) for edge in self.edges[:-1]], dtype=np.int64)
        return [int(count) for count in above - np.append(above[1:], 0)]
