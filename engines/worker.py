"""Run an engine in a process of its own, so that it can be stopped at any moment and may crash without harm.

The parent (``call``) starts ``python -m engines.worker``, writes one JSON line with the job to its standard input and reads JSON lines
from its standard output: progress, then a result or an error. Values travel through the store by key, memory-mapped.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

from engines import errors
from engines.artifacts import Clustering, Embeddings, NeighborGraph, Projection
from engines.errors import Cancelled, DatasetExplorerError, WorkerCrashed
from engines.parameters import build
from engines.protocols import Progress
from engines.running import run_engine
from engines.store import Store
from engines.value import Artifact

A = TypeVar("A", bound=Artifact)

POLITE_SECONDS = 1.0
KILLED_SECONDS = 10.0
"""A process that was killed is gone at once, unless the machine is busy or the disk is."""
INPUTS: dict[str, type[Artifact]] = {cls.kind_name: cls for cls in (Embeddings, NeighborGraph, Projection, Clustering)}


@dataclass(frozen=True, kw_only=True)
class Job:
    """Name what to compute: an engine of a stage with its parameters, from a value of the store, to be stored under ``key``.

    ``given``: kind and key of the value that the engine is called with; ``further``: argument -> kind and key of others.
    """

    stage: str
    name: str
    parameters: dict[str, Any]
    given: tuple[str, str]
    further: dict[str, tuple[str, str]] = field(default_factory=dict)
    key: str
    store: str


@dataclass(kw_only=True)
class Usage:
    """What a worker used: CPU seconds of all its threads and its peak resident memory in bytes."""

    cpu_seconds: float = 0.0
    peak_rss: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


def call(job: Job, *, progress: Progress) -> Usage:
    """Compute ``job`` in a worker process, which stores the result under the job's key; give what it used.

    When ``progress`` raises, the worker is asked to stop and, a second later, terminated.

    Raises:
        Cancelled: when progress asked for it.
        WorkerCrashed: when the process died without an answer.
        DatasetExplorerError: what the engine itself raised.
    """
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryFile() as diagnostics:
        # -P: the folder that a person happens to stand in must not shadow our packages.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engines.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=diagnostics,
            env=environment,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
            process.stdin.flush()
            return _listen(job, process, progress)
        except (BrokenPipeError, _DiedError):
            raise _crash(job, process, diagnostics) from None
        finally:
            _stop(process)


class _DiedError(Exception):
    """The worker closed its output without a result."""


def _listen(job: Job, process: subprocess.Popen[bytes], progress: Progress) -> Usage:
    lines: queue.Queue[bytes] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
    fraction, message, started = 0.0, "starting", time.monotonic()
    while True:
        try:
            line = lines.get(timeout=0.25)
        except queue.Empty:
            # Silence is no reason to stop listening to the person: progress may raise Cancelled.
            progress(fraction, f"{job.name}: {message} ({time.monotonic() - started:.0f} s)")
            continue
        if not line:
            raise _DiedError
        said = json.loads(line)
        if "usage" in said:
            return Usage(**said["usage"])
        if "error" in said:
            raise _rebuild(said["error"])
        fraction, message = said["progress"]
        progress(fraction, f"{job.name}: {message}")


def _pump(stream: IO[bytes], lines: queue.Queue[bytes]) -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(b"")


def _rebuild(said: dict[str, str]) -> DatasetExplorerError:
    kind = getattr(errors, said["type"], None)
    if isinstance(kind, type) and issubclass(kind, DatasetExplorerError):
        return kind(said["message"], said["hint"])
    return DatasetExplorerError(f"{said['type']}: {said['message']}")


def _crash(job: Job, process: subprocess.Popen[bytes], diagnostics: IO[bytes]) -> WorkerCrashed:
    code = process.wait(timeout=10)
    diagnostics.seek(0)
    last = diagnostics.read().decode("utf-8", "replace").strip().splitlines()[-1:]
    if code < 0:
        how = f"was stopped by signal {signal.Signals(-code).name}"
        hint = (
            "the machine may be out of memory; try --limit, or another engine"
            if code == -signal.SIGKILL
            else "try another engine"
        )
    else:
        how, hint = f"ended with code {code}", " ".join(last)
    return WorkerCrashed(f"the worker of {job.stage} engine {job.name!r} {how}", hint)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask politely (close its input), then terminate after a second, then kill."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    for act, seconds in ((None, POLITE_SECONDS), (process.terminate, POLITE_SECONDS), (process.kill, KILLED_SECONDS)):
        if act is not None:
            act()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
            return


def _serve() -> int:
    """Do one job in this process: the worker's side."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to the diagnostics, not into the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    job = Job(**json.loads(sys.stdin.buffer.readline()))
    stopped = threading.Event()

    def watch() -> None:
        # The end of the input means: nobody wants the result, or the parent is gone. Some libraries cannot be interrupted.
        sys.stdin.buffer.read()
        stopped.set()
        time.sleep(POLITE_SECONDS)
        os._exit(Cancelled.exit_code)

    threading.Thread(target=watch, daemon=True).start()

    def say(**what: Any) -> None:
        try:
            answers.write(json.dumps(what) + "\n")
            answers.flush()
        except (BrokenPipeError, ValueError):
            os._exit(Cancelled.exit_code)  # nobody listens any more

    def progress(fraction: float, message: str) -> None:
        if stopped.is_set():
            raise Cancelled
        say(progress=[float(fraction), message])

    try:
        _compute(job, progress)
    except DatasetExplorerError as error:
        say(error={"type": type(error).__name__, "message": error.message, "hint": error.hint})
        return error.exit_code
    except MemoryError:
        say(error={"type": "EnvironmentFault", "message": f"{job.name} ran out of memory", "hint": "try --limit"})
        return 3
    usage = os.times()
    say(usage={"cpu_seconds": usage.user + usage.system, "peak_rss": peak_rss()})
    return 0


def _compute(job: Job, progress: Progress) -> None:
    store = Store(Path(job.store))
    progress(0.0, "loading")
    given = _load(store, job.given)
    further = {argument: _load(store, where) for argument, where in job.further.items()}
    registry = importlib.import_module(f"engines.{job.stage}").ENGINES
    engine = build(registry.load(job.name), job.parameters)
    value: Artifact = run_engine(engine, given, progress, further)
    store.put(value.with_key(job.key))


def _load(store: Store, where: tuple[str, str]) -> Artifact:
    kind, key = where
    value = store.get(INPUTS[kind], key)
    if value is None:
        raise DatasetExplorerError(f"the {kind} {key} are gone from the workspace", "run again")
    return value


def peak_rss() -> int:
    """Give the peak resident memory of this process in bytes (0 where the system does not tell)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # Not getrusage: on Linux its peak is inherited from the parent process at the start.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.exit(_serve())
