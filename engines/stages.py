"""One stage of a run: take its value from the store, or compute it under the lock of its key, and note what it cost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

from engines.accounting import Clock, Spent, StageRecord
from engines.parameters import values as parameter_values
from engines.protocols import Progress
from engines.store import Store
from engines.value import Artifact, require
from engines.worker import Job, call

A = TypeVar("A", bound=Artifact)

SMALL = 64
"""Up to this many nodes an isolated engine runs in this process: starting another one would take longer."""


@dataclass(frozen=True)
class Task(Generic[A]):
    """What is asked of the store, and how to compute it: in this process, or as a job of a worker."""

    stage: str
    name: str
    engine: Any
    cls: type[A]
    key: str
    compute: Callable[[Progress], A]
    job: Job | None = None


@dataclass(kw_only=True)
class Stages:
    """Do tasks, some of them side by side; ``records`` tells of each."""

    store: Store
    records: list[StageRecord] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def do(self, task: Task[A], progress: Progress) -> A:
        """Take a value from the store, or compute it under the lock of its key."""
        cls, key = task.cls, task.key
        clock = Clock()
        value = self.store.get(cls, key)
        cached, usage = value is not None, None
        if value is None:
            with self.store.lock(key, progress):
                value = self.store.get(cls, key)
                if value is None:
                    report = self.store.noting(key, progress)
                    report(0.0, task.name)
                    if task.job is None:
                        value = self.store.put(task.compute(report).with_key(key))
                    else:
                        usage = call(task.job, progress=report)
                        value = self.store.get(cls, key)
                        require(value is not None, f"the worker stored no {cls.kind_name} {key}")
        assert value is not None
        progress(1.0, task.name)
        self.record(task.stage, task.name, task.engine, key, cached=cached, usage=clock.stop(used=usage))
        return value

    def record(self, stage: str, name: str, engine: Any, key: str, *, cached: bool, usage: Spent) -> None:
        """Note what a stage did; ``engine`` None where no engine was asked."""
        parameters = parameter_values(engine) if engine is not None else {}
        record = StageRecord(
            stage=stage,
            name=name,
            engine=type(engine).__name__ if engine is not None else "",
            key=key,
            cached=cached,
            parameters=parameters,
            **asdict(usage),
        )
        with self._lock:
            self.records.append(record)

    def job(
        self, stage: str, name: str, engine: Any, given: Artifact, key: str, *, further: Mapping[str, Artifact] | None = None
    ) -> Job:
        """Describe work on a stored value for a worker process."""
        return Job(
            stage=stage,
            name=name,
            parameters=parameter_values(engine),
            given=(given.kind_name, given.key),
            further={argument: (value.kind_name, value.key) for argument, value in (further or {}).items()},
            key=key,
            store=str(self.store.root),
        )


def isolated(engine: Any, n: int) -> bool:
    """Tell whether an engine runs in a process of its own for n rows or nodes."""
    wants = engine.isolated_for(n) if hasattr(engine, "isolated_for") else engine.isolated
    return bool(wants) and n > SMALL
