"""Bring a data set of the Hugging Face hub onto this machine with the package ``datasets``, or find it in that package's own cache."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from engines.errors import DatasetExplorerError, EnvironmentFault, MissingPackage, SourceError
from engines.keys import digest
from engines.protocols import Progress
from engines.read.table_block import Part

T = TypeVar("T")

PREFIX = "hf:"
ASK_SECONDS = 5.0
"""How long the question whether the hub can be reached may take, the look-up of its name included."""
POLL_SECONDS = 0.2
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def fetch(source: str, scratch: Path, progress: Progress) -> list[Part]:
    """Give the Arrow files of ``hf:owner/name[:config]``, each with its split; they lie in the cache of ``datasets``.

    Raises:
        SourceError: when the id is none, there is no such data set or configuration, or it may not be read without a permission.
        MissingPackage: when ``datasets`` is not installed.
        EnvironmentFault: when the hub cannot be reached and the data set is not on this machine.
        Cancelled: when ``progress`` asks for it; the download ends in the background.
    """
    name, _, config = source.removeprefix(PREFIX).partition(":")
    if not _NAME.fullmatch(name):
        raise SourceError(f"{source} is no id of a data set", "write hf:owner/name, or hf:owner/name:configuration")
    if importlib.util.find_spec("datasets") is None:
        raise MissingPackage(f"{source} needs the package datasets", "pip install 'dataset-explorer[hf]'")
    progress(0.0, f"asking for {name}")
    reached = reachable(name)
    word = "downloading" if reached else "looking for"
    try:
        with contextlib.nullcontext() if reached else _offline():
            loaded = _watched(lambda: load(name, config or None), lambda: progress(0.1, f"{word} {name}"))
    except DatasetExplorerError:
        raise
    except Exception as error:  # a foreign package: whatever it raises is put into words
        raise _explained(source, name, error, reached=reached) from error
    return list(_parts(loaded, source, scratch))


def reachable(name: str) -> bool:
    """Tell whether the hub answers within a few seconds; never when the person keeps its library off the network."""
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return False
    answered: list[bool] = []

    def ask() -> None:
        try:
            HfApi().dataset_info(name, timeout=ASK_SECONDS)
            answered.append(True)
        except Exception as error:  # noqa: BLE001  # an answer that says no is an answer too
            answered.append(getattr(error, "response", None) is not None)

    thread = threading.Thread(target=ask, daemon=True, name="ask the hub")
    thread.start()
    thread.join(ASK_SECONDS)
    return bool(answered) and answered[0]


def load(name: str, config: str | None) -> Mapping[str, Any]:
    """Load all splits with ``datasets``, by name; code of the data set is never run."""
    import datasets

    bars = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(name, config)
    finally:
        if not bars:
            datasets.enable_progress_bars()
    return dict(loaded) if isinstance(loaded, dict) else {"train": loaded}


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """Keep ``datasets`` off the network, which it would ask many times and wait for each answer."""
    import datasets
    from huggingface_hub import constants

    before = (constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE)
    constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before


def _watched(work: Callable[[], T], told: Callable[[], None]) -> T:
    """Do work in a thread, so that a person can stop waiting for it."""
    done: list[T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:  # noqa: BLE001  # raised again by the thread that waits
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True, name="load from the hub")
    thread.start()
    while thread.is_alive():
        thread.join(POLL_SECONDS)
        told()
    if failed:
        raise failed[0]
    return done[0]


def _parts(loaded: Mapping[str, Any], source: str, scratch: Path) -> Iterator[Part]:
    for split, dataset in loaded.items():
        files = [Path(entry["filename"]) for entry in dataset.cache_files]
        if not files or getattr(dataset, "_indices", None) is not None:
            # It lies in memory, or is a choice of rows of what lies in files.
            folder = scratch / f"hub-{digest(source, split)[:16]}"
            dataset.save_to_disk(folder)
            files = sorted(folder.glob("*.arrow"))
        yield from (Part(path, split) for path in files)


def _explained(source: str, name: str, error: Exception, *, reached: bool) -> DatasetExplorerError:
    words = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    kind = type(error).__name__
    if kind == "ValueError" and "onfig" in words:
        return SourceError(f"{source}: {words}", f"name a configuration: {PREFIX}{name}:CONFIGURATION")
    if not reached or isinstance(error, (ConnectionError, TimeoutError)):
        return EnvironmentFault(
            f"{source} is not on this machine, and the hub cannot be reached",
            "start again when this machine is online, or save it elsewhere with save_to_disk() and open that folder",
        )
    if kind in ("DatasetNotFoundError", "RepositoryNotFoundError", "GatedRepoError"):
        return SourceError(f"{source}: {words}", "is the id right, and are you logged in where a permission is needed?")
    if isinstance(error, OSError):
        return EnvironmentFault(f"{source} cannot be downloaded: {words}", "is there room on the disk?")
    return SourceError(f"{source} cannot be loaded: {words}", "try datasets.load_dataset() with it")


__all__ = ["PREFIX", "fetch", "load", "reachable"]
