"""What a run reports: one fraction out of steps that run side by side, and what each stage did and cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engines.errors import Cancelled
from engines.protocols import Progress
from engines.worker import Usage, peak_rss


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a stage cost; CPU seconds are those of this process, or of the worker process with all its threads."""

    seconds: float
    cpu_seconds: float
    peak_rss: int
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StageRecord(Spent):
    """What one stage did: which engine with which parameters, whether it came from the store, and what it cost."""

    stage: str
    name: str
    engine: str
    key: str
    cached: bool
    parameters: dict[str, Any]


ENCODING, READY = 0.39, 0.02
"""Share of a run that encoding takes, where it is not known better, and where vectors are there."""
OTHERS = {"sketch": 0.03, "project": 0.58, "cluster": 0.1, "name": 0.04, "measure": 0.04, "issues": 0.16, "compare": 0.05}
EXACT_UP_TO = 100_000


def shares(rows: int, *, encoded: bool) -> dict[str, float]:
    """Give the share of each stage in a run over ``rows`` rows; their sum is 1. The time that is left is estimated from them.

    Processor seconds, measured with 512 columns on two processors: exact neighbors grow with the square of the rows, approximate ones and all
    else with the rows, slower once there is no t-SNE.
    """
    neighbors = 1.3e-8 * rows**2 if rows <= EXACT_UP_TO else 3.8e-4 * rows
    others = 5.0 + 1.4e-3 * min(rows, EXACT_UP_TO) + 3.5e-4 * max(rows - EXACT_UP_TO, 0)
    embed = ENCODING if encoded else READY
    left = (1.0 - embed) / (neighbors + others)
    return {"embed": embed, "neighbors": left * neighbors} | {stage: left * others * of for stage, of in OTHERS.items()}


class Clock:
    """Measure a stage from its making to ``stop``."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def stop(self, notes: Mapping[str, Any] | None = None, used: Usage | None = None) -> Spent:
        """Give what the stage cost; ``used`` is what a worker process spent in place of this one."""
        return Spent(
            seconds=round(time.monotonic() - self._wall, 3),
            cpu_seconds=round(used.cpu_seconds if used else time.process_time() - self._cpu, 3),
            peak_rss=used.peak_rss if used else peak_rss(),
            notes=dict(notes or {}),
        )


class Meter:
    """Join the progress of steps, some of them side by side, to one fraction; a cancel in one of them reaches all."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._done: dict[str, float] = {}
        self._weights: dict[str, float] = {}
        self._cancelled = False

    def step(self, name: str, weight: float) -> Progress:
        """Announce a step that makes up ``weight`` of the whole."""
        with self._lock:
            self._weights[name] = weight

        def report(fraction: float, message: str) -> None:
            with self._lock:
                if self._cancelled:
                    raise Cancelled
                self._done[name] = max(self._done.get(name, 0.0), min(fraction, 1.0))
                whole = sum(self._weights[step] * share for step, share in self._done.items())
                try:
                    self._progress(min(whole, 1.0), message)
                except BaseException:
                    self._cancelled = True
                    raise

        return report

    def cancel(self) -> None:
        """Make every step stop at its next report."""
        with self._lock:
            self._cancelled = True
