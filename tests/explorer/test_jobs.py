import threading

import pytest

from engines.errors import EnvironmentFault, ParameterError
from explorer.jobs import Job, time_left


def test_it_reports_and_ends():
    seen = threading.Event()
    go = threading.Event()

    def work(progress):
        progress(0.5, "half")
        seen.set()
        go.wait(60)
        return "result"

    job = Job(work)
    assert job.state.phase == "idle"
    assert job.start()
    assert seen.wait(60)
    assert job.state.active
    assert (job.state.fraction, job.state.message) == (0.5, "half")
    assert not job.start()
    go.set()
    assert job.wait(60)
    assert (job.state.phase, job.state.fraction, job.result) == ("done", 1.0, "result")


def test_the_fraction_never_runs_backwards_nor_out_of_range():
    fractions = []

    def work(progress):
        for fraction in (0.5, 0.2, -1, 7):
            progress(fraction, "")
            fractions.append(job.state.fraction)

    job = Job(work)
    job.start()
    assert job.wait(60)
    assert fractions == [0.5, 0.5, 0.5, 1.0]


def test_cancel_stops_at_the_next_report_and_it_can_start_again():
    started, go, ended = threading.Event(), threading.Event(), []

    def work(progress):
        started.set()
        go.wait(60)
        progress(0.3, "")
        ended.append(1)

    job = Job(work)
    job.start()
    assert started.wait(60)
    job.cancel()
    assert job.state.phase == "cancelling"
    go.set()
    assert job.wait(60)
    assert job.state.phase == "cancelled"
    assert not ended
    assert job.start()
    assert job.wait(60)
    assert (job.state.phase, ended) == ("done", [1])


@pytest.mark.parametrize(
    ("error", "words", "hint"),
    [
        (ParameterError("no such thing", "take another"), "no such thing", "take another"),
        (EnvironmentFault("disk full", "make room"), "disk full", "make room"),
        (MemoryError(), "There was not enough memory", "close other programs or open fewer rows with --limit"),
    ],
)
def test_an_error_becomes_words_and_a_hint(error, words, hint):
    def work(_progress):
        raise error

    heard = []
    job = Job(work, on_error=heard.append)
    job.start()
    assert job.wait(60)
    assert (job.state.phase, job.state.error, job.state.hint) == ("failed", words, hint)
    assert not heard


def test_a_bug_is_told_apart_and_its_traceback_goes_elsewhere():
    def work(_progress):
        return {}["secret detail"]

    heard = []
    job = Job(work, on_error=heard.append)
    job.start()
    assert job.wait(60)
    assert job.state.phase == "failed"
    assert "secret" not in job.state.error
    assert isinstance(heard[0], KeyError)


def test_time_left():
    assert time_left(0.5, 10) == 10
    assert time_left(1.0, 10) == 0
    assert time_left(0.01, 10) is None
    assert time_left(0.5, 1) is None
