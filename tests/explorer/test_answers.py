import threading
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engines.protocols import Ranking
from explorer.answers import BINS, KEPT, Answer, Searches

SCORES = hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(-3, 3, width=32) | st.just(float("nan")))


def answer(scores):
    return Answer(ranking=Ranking(scores=np.asarray(scores, np.float32), cut=0.5, engine="e"))


@given(SCORES)
def test_the_sum_of_bins_from_an_edge_on_is_what_a_cut_there_finds(scores):
    found = answer(scores)
    if not len(found.edges):
        known = scores[np.isfinite(scores)]
        assert len(known) == 0 or known.min() == known.max()
        return
    assert len(found.bins) == BINS
    for place in (0, 1, BINS // 2, BINS - 1):
        assert sum(found.bins[place:]) == np.count_nonzero(found.scores >= found.edges[place])
    assert sum(found.bins) == np.count_nonzero(np.isfinite(scores))


def test_what_has_no_score_ranks_below_all():
    found = answer([0.1, float("nan"), 0.9])
    assert np.argsort(-found.scores, kind="stable").tolist() == [2, 0, 1]


class Slow:
    """Answer after a moment and note how many searches ran at the same time."""

    def __init__(self, fail=0):
        self.running = self.most = 0
        self.asked, self.fail = [], fail
        self.lock = threading.Lock()

    def search(self, query, progress):
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
            self.asked.append(query)
        time.sleep(0.02)
        with self.lock:
            self.running -= 1
        if self.fail:
            self.fail -= 1
            raise MemoryError
        return Ranking(scores=np.zeros(3, np.float32), cut=1.0, engine="e")


def test_one_search_runs_at_a_time_and_equal_ones_once():
    searches, ex = Searches(), Slow()
    jobs = [searches.ask(ex, query, query, None) for query in ("a", "b", "a", "c")]
    assert searches.known("b") is jobs[1]
    assert searches.known("d") is None
    assert all(job.wait(60) for job in jobs)
    assert ex.most == 1
    assert sorted(ex.asked) == ["a", "b", "c"]
    assert jobs[0] is jobs[2]
    assert isinstance(jobs[0].result, Answer)


def test_a_failure_is_repeated_only_when_asked_for():
    searches, ex = Searches(), Slow(fail=1)
    job = searches.ask(ex, "a", "a", None)
    assert job.wait(60)
    assert job.state.phase == "failed"
    assert searches.ask(ex, "a", "a", None) is job
    searches.forget_failure("a")
    again = searches.ask(ex, "a", "a", None)
    assert again.wait(60)
    assert again.state.phase == "done"
    searches.forget_failure("a")
    assert searches.ask(ex, "a", "a", None) is again, "what worked is not asked again"


def test_old_answers_make_room():
    searches, ex = Searches(), Slow()
    for number in range(KEPT + 3):
        assert searches.ask(ex, str(number), str(number), None).wait(60)
    before = len(ex.asked)
    assert searches.ask(ex, "0", "0", None).wait(60)
    assert len(ex.asked) == before + 1
