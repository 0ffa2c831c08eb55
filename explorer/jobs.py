"""Run long work in a thread of its own, with progress, an estimate of the time left, cancel and retry."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from engines.errors import Cancelled, DatasetExplorerError

Phase = Literal["idle", "running", "cancelling", "done", "cancelled", "failed"]


class Analysis(Protocol):
    """What is run: reports its fraction and a message, and stops when the report raises."""

    def __call__(self, progress: Callable[[float, str], None], /) -> object:
        """Do the work."""
        ...


@dataclass(frozen=True, kw_only=True)
class JobState:
    """How the job stands. ``left`` is the estimate in seconds, None while there is none."""

    phase: Phase
    fraction: float
    message: str
    left: float | None
    error: str
    hint: str

    @property
    def active(self) -> bool:
        """Tell whether something is still being computed."""
        return self.phase in ("running", "cancelling")


def time_left(fraction: float, elapsed: float) -> float | None:
    """Estimate the seconds left; None while less than 2 seconds or 2 % are done, since that says nothing yet."""
    if elapsed < 2 or fraction < 0.02:
        return None
    return max(0.0, elapsed * (1 - fraction) / fraction)


def time_words(what: str, state: JobState) -> str:
    """Say how far something is, and how long it still takes where that is known."""
    words = [what, f"{state.fraction * 100:.0f} %"]
    if state.left is not None:
        words.append(f"{int(state.left) // 60}:{int(state.left) % 60:02d} left")
    return " · ".join(words)


class Job:
    """One piece of work at a time, shared by all tabs; a reload of the page does not touch it."""

    def __init__(self, work: Analysis, *, on_error: Callable[[BaseException], None] | None = None) -> None:
        self._work = work
        self._on_error = on_error
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._phase: Phase = "idle"
        self._fraction = 0.0
        self._message = ""
        self._error = ("", "")
        self._started = 0.0
        self.result: object = None

    def start(self) -> bool:
        """Start, unless it runs already; tell whether it was started."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return False
            self._stop.clear()
            self._phase, self._fraction, self._message, self._error = "running", 0.0, "", ("", "")
            self._started = time.monotonic()
            self._thread = threading.Thread(target=self._run, name="job", daemon=True)
            self._thread.start()
            return True

    def cancel(self) -> None:
        """Ask it to stop; it stops at its next report."""
        with self._lock:
            if self._phase == "running":
                self._phase = "cancelling"
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; tell whether it came in time."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    @property
    def state(self) -> JobState:
        """Give a snapshot."""
        with self._lock:
            active = self._phase in ("running", "cancelling")
            return JobState(
                phase=self._phase,
                fraction=self._fraction,
                message=self._message,
                left=time_left(self._fraction, time.monotonic() - self._started) if active else None,
                error=self._error[0],
                hint=self._error[1],
            )

    def _report(self, fraction: float, message: str) -> None:
        if self._stop.is_set():
            raise Cancelled
        with self._lock:
            # Stages overlap a little at their borders; a bar that runs backwards looks broken.
            self._fraction = max(self._fraction, min(max(fraction, 0.0), 1.0))
            self._message = message

    def _run(self) -> None:
        phase, error = "done", ("", "")
        try:
            self.result = self._work(self._report)
        except Cancelled:
            phase = "cancelled"
        except DatasetExplorerError as fault:
            phase, error = "failed", (fault.message, fault.hint)
        except MemoryError:
            phase, error = "failed", ("There was not enough memory", "close other programs or open fewer rows with --limit")
        except Exception as fault:  # noqa: BLE001  whatever it was, the person gets words, the log gets the traceback
            phase = "failed"
            error = (
                f"Something went wrong inside: {type(fault).__name__}",
                "the window that started the program shows the details",
            )
            if self._on_error is not None:
                self._on_error(fault)
        with self._lock:
            self._phase, self._error = phase, error  # type: ignore[assignment]  # one of the literals above
            if phase == "done":
                self._fraction = 1.0
