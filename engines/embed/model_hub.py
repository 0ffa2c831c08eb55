"""Get a model of a hub onto this machine once: what is here already, how much is missing, and the download with progress and cancel."""

from __future__ import annotations

import errno
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from engines.embed.model_files import (
    CONFIG,
    INDEX,
    SMALL_FILES,
    WEIGHTS,
    find,
    is_hub_id,
    no_safetensors,
    read_json,
    weight_names,
)
from engines.embed.sentence_files import part_files
from engines.errors import DatasetExplorerError, EnvironmentFault, MissingPackage, ParameterError, UserError
from engines.protocols import Progress, no_progress, part

ASK_SECONDS = 5.0
"""How long a question to the hub may take, the look-up of its name included."""
POLL_SECONDS = 0.2
_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")


def is_cached(model: str) -> bool:
    """Tell whether a model is on this machine and whole, be it a folder or a hub id; never asks the network."""
    try:
        find(model)
    except DatasetExplorerError:
        return False
    return True


def download_size(model: str) -> int | None:
    """Tell how many bytes ``fetch`` would bring: 0 for what is here; None when the hub does not answer within a few seconds."""
    if not is_hub_id(model) or is_cached(model):
        return 0
    try:
        sizes = _ask(model)
        return sum(sizes[name] for name in _wanted(model, sizes) if _cached(model, name) is None)
    except DatasetExplorerError:
        return None


def fetch(model: str, progress: Progress = no_progress) -> Path:
    """Download what is missing of a model of the hub (safetensors, configuration, tokenizer; nothing else) and give its folder.

    A download that was broken off goes on where it ended.

    Raises:
        UserError: when there is no such model, it needs a permission, or it has no weights in the safetensors format.
        EnvironmentFault: when the hub cannot be reached, or the disk is full.
        Cancelled: when ``progress`` asks for it; the download stops within a few seconds behind it.
    """
    if not is_hub_id(model) or is_cached(model):
        return find(model).folder
    sizes = _ask(model)
    if WEIGHTS not in sizes and INDEX in sizes:
        # It tells which of the files are the shards of the weights.
        _watched(model, INDEX, lambda _: (0.0, f"downloading {model}"), progress)
    wanted = _wanted(model, sizes)
    whole = max(sum(sizes[name] for name in wanted), 1)
    started, done = time.monotonic(), 0
    for name in wanted:

        def told(here: int, base: int = done) -> tuple[float, str]:
            reached = min(base + here, whole)
            left = (time.monotonic() - started) / max(reached, 1) * (whole - reached)
            clock = f" · {int(left) // 60}:{int(left) % 60:02d} left" if reached else ""
            return reached / whole, f"downloading {model} · {reached / 1e6:,.0f} of {whole / 1e6:,.0f} MB{clock}"

        # Files that are here already are asked for too: the model may have been renewed since.
        _watched(model, name, told, progress)
        done += sizes[name]
    progress(1.0, f"downloaded {model}")
    return find(model).folder


def ensure(model: str, progress: Progress = no_progress) -> None:
    """Make sure that a model can be used now: download it where it is a hub id, read it once where its content is not known yet.

    For the moment before a run asks for keys, which can show no progress.

    Raises:
        DatasetExplorerError: as ``fetch`` and ``find``.
    """
    if is_hub_id(model) and not is_cached(model):
        fetch(model, part(progress, 0.0, 0.9))
    find(model).content_hash(part(progress, 0.9, 1.0))


def snapshot(model: str) -> Path | None:
    """Give the folder in which the hub's own cache keeps a model; None when it is not there."""
    found = _cached(model, CONFIG)
    return None if found is None else found.parent


def offline() -> bool:
    """Tell whether the person keeps the hub's library off the network (``HF_HUB_OFFLINE``)."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def not_here(model: str) -> EnvironmentFault:
    """Say that a model of the hub is not on this machine, and how to get it."""
    way = "unset HF_HUB_OFFLINE and start again" if offline() else "start again when this machine is online"
    return EnvironmentFault(
        f"the model {model} is not on this machine",
        f"{way}, run `hf download {model}`, or copy its folder here and give --encoder FOLDER",
    )


def _wanted(model: str, sizes: Mapping[str, int]) -> list[str]:
    """Choose the files to get, small ones first; without the index at hand, shards of weights are known by their usual names."""
    names = frozenset(sizes)
    if CONFIG not in names:
        raise ParameterError(f"{model} is no model that transformers reads: it has no {CONFIG}", "choose another model")
    weights = [WEIGHTS] if WEIGHTS in names else []
    if not weights and INDEX in names:
        known = _cached(model, INDEX)
        shards = weight_names(names, read_json(known.parent, INDEX)) if known is not None else filter(_SHARD.fullmatch, names)
        weights = [INDEX, *sorted(shard for shard in shards if shard in names)]
    if not weights:
        raise no_safetensors(model, names)
    # A sentence model says in files of its own how its tokens become one vector.
    return [*dict.fromkeys([*(name for name in SMALL_FILES if name in names), *part_files(names), *weights])]


def _ask(model: str) -> dict[str, int]:
    """Ask the hub which files a model has and how large they are; waits a few seconds at most."""
    if offline():
        raise not_here(model)
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(_listing(model))
        except Exception as error:  # noqa: BLE001  # whatever it is, the asking thread puts it into words
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True, name="ask the hub")
    thread.start()
    thread.join(ASK_SECONDS)
    if not answer:
        raise not_here(model)
    if isinstance(answer[0], Exception):
        _explain(model, answer[0])
    sizes: dict[str, int] = answer[0]
    return sizes


def _watched(model: str, name: str, told: Callable[[int], tuple[float, str]], progress: Progress) -> None:
    """Download one file in a thread and report from this one, so that a person can cancel however slow the line is."""
    reached, stop, failed = [0], threading.Event(), list[BaseException]()

    def count(more: float) -> None:
        if stop.is_set():
            raise _StopDownload
        reached[0] += int(more)

    def work() -> None:
        try:
            _download(model, name, count)
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True, name=f"download {name}")
    thread.start()
    try:
        while thread.is_alive():
            thread.join(POLL_SECONDS)
            progress(*told(reached[0]))
    finally:
        stop.set()
    if failed:
        _explain(model, failed[0])


class _StopDownload(Exception):
    """Leave a download that nobody waits for."""


def _explain(model: str, error: BaseException) -> NoReturn:
    """Put what went wrong with the hub into words."""
    from huggingface_hub import errors

    if isinstance(error, DatasetExplorerError):
        raise error
    if isinstance(error, errors.GatedRepoError):
        raise UserError(
            f"the model {model} is given out on request only", "accept its terms on its page, then log in with `hf auth login`"
        ) from error
    if isinstance(error, errors.RepositoryNotFoundError):
        raise ParameterError(f"there is no public model {model}", "check owner/name, or log in with `hf auth login`") from error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        raise EnvironmentFault(f"the disk is full while {model} is downloaded", "free some space and start again") from error
    if isinstance(error, Exception):
        said = " ".join(str(error).split())[:200]
        raise EnvironmentFault(
            f"the model {model} cannot be downloaded: {said or type(error).__name__}",
            "start again when the line is better; copying its folder here and --encoder FOLDER works too",
        ) from error
    raise error


def _listing(model: str) -> dict[str, int]:
    """Ask the hub for the files of a model and their sizes in bytes."""
    info = _hub().HfApi().model_info(model, files_metadata=True, timeout=ASK_SECONDS)
    return {file.rfilename: int(file.size or 0) for file in info.siblings or []}


def _cached(model: str, name: str) -> Path | None:
    """Find one file of a model in the hub's own cache."""
    try:
        found = _hub().try_to_load_from_cache(model, name)
    except ValueError:  # not a possible id
        return None
    return Path(found) if isinstance(found, str) else None


def _download(model: str, name: str, count: Callable[[float], None]) -> None:
    """Download one file into the hub's own cache; ``count`` is told the bytes that arrived and may raise to stop."""
    hub = _hub()
    from huggingface_hub import constants
    from tqdm import tqdm

    # Plain HTTP: a download by the other transport goes on behind our back when it is cancelled.
    constants.HF_HUB_DISABLE_XET = True

    class Counter(tqdm):  # type: ignore[misc]  # tqdm has no types
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{key: value for key, value in options.items() if key != "name"} | {"disable": True})
            count(float(options.get("initial") or 0))

        def update(self, n: float | None = 1) -> bool:
            count(float(n or 0))
            return bool(super().update(n))

    hub.hf_hub_download(model, name, tqdm_class=Counter, etag_timeout=ASK_SECONDS)


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingPackage("models need the package transformers", "pip install 'dataset-explorer[models]'") from error
    return huggingface_hub


__all__ = ["download_size", "ensure", "fetch", "is_cached", "not_here", "offline", "snapshot"]
