"""The folder that an export makes: checked before, filled under another name, given its name when it is whole."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from engines.artifacts import Dataset
from engines.errors import EnvironmentFault, ExportError

PREFIX = ".dataset-explorer-export-"
ABANDONED_AFTER = 24 * 3600.0


def protected(dataset: Dataset) -> list[Path]:
    """List the files and folders of a data set, which no export may be written into.

    Of a source that is a folder: that folder. Of one that is a file: the file and the folders of the pictures that it names, but not the
    folder that it lies in, which may hold anything.
    """
    return list(dict.fromkeys(_protected(dataset.origin, dataset.source, dataset.root, dataset)))


def _protected(origin: Mapping[str, Any], source: str, root: str, dataset: Dataset) -> Iterator[Path]:
    several = origin.get("sources")
    if origin.get("reader") == "several" and isinstance(several, list):
        for one in several:
            yield from _protected(one, str(one["source"]), str(one["root"]), dataset)
        return
    # Whoever names data.yaml means the folders around it, which are read as a whole.
    if not Path(source).is_file() or origin.get("reader") == "yolo":
        yield Path(root)
        return
    yield Path(source)
    held = dataset.media.column("media")
    if not pa.types.is_binary(held.type):
        return
    inside = dataset.media.column("offset").to_pylist() if "offset" in dataset.media.column_names else [None] * len(held)
    files = {path for path, offset in zip(held.to_pylist(), inside, strict=True) if path and (offset is None or offset < 0)}
    for path in {os.path.dirname(path) if os.path.isabs(path) else path.partition(b"/")[0] for path in files}:  # noqa: PTH117, PTH120
        folder = Path(root) / os.fsdecode(path)
        yield folder if folder.is_dir() else Path(root)


def require_free(target: Path, sources: Sequence[Path]) -> Path:
    """Give the resolved target when an export may be written there.

    Raises:
        ExportError: when it exists and is not empty, or lies in, is, or holds a source.
    """
    try:
        target = Path(os.path.abspath(target)) if not target.exists() else target.resolve()  # noqa: PTH100 resolve() follows links
        real = target.resolve()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ExportError(f"{str(target)[:200]!r} cannot be a folder: {reason}", "choose another folder") from None
    for source in (source.resolve() for source in sources):
        where = f"the data set {source}"
        if real == source or source in real.parents or _same_as_any(source, [real, *real.parents]):
            raise ExportError(f"{target} lies inside of {where}", "an export never writes there; choose another folder")
        if real in source.parents or _same_as_any(real, list(source.parents)):
            raise ExportError(f"{target} holds {where}", "choose a folder of its own")
    if real.is_dir():
        if any(real.iterdir()):
            raise ExportError(f"{target} exists and is not empty", "an export never overwrites; choose another folder")
    elif os.path.lexists(target):
        raise ExportError(f"{target} exists and is no folder", "choose another folder")
    return real


def _same_as_any(path: Path, others: Sequence[Path]) -> bool:
    """Tell whether a path is one of others by identity: other spellings on systems that ignore case, bind mounts."""
    for other in others:
        with suppress(OSError):
            if path.samefile(other):
                return True
    return False


@contextmanager
def filling(target: Path) -> Iterator[Path]:
    """Give a fresh folder beside ``target`` that gets its name when the block ends well, and goes away when it does not.

    A process that is killed leaves it under its other name; the next export beside it removes it.

    Raises:
        EnvironmentFault: when the disk is full or the place cannot be written.
        ExportError: when something took the target's name meanwhile.
    """
    made: list[Path] = []
    folder = target.parent / f"{PREFIX}{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    done = False
    try:
        with writing_faults(target):
            made = _make_parents(target.parent)
            sweep(target.parent)
            folder.mkdir()
            yield folder
            _sync_all()
            _rename(folder, target)
            done = True
            _sync_folder(target.parent)
    finally:
        if not done:
            shutil.rmtree(folder, ignore_errors=True)
            for parent in reversed(made):
                with suppress(OSError):
                    parent.rmdir()


def sweep(parent: Path) -> None:
    """Remove what killed exports left in a folder: of a process of this machine that is gone, or older than a day."""
    for folder in parent.glob(f"{PREFIX}*"):
        host, _, rest = folder.name.removeprefix(PREFIX).partition("-")
        pid = rest.partition("-")[0]
        with suppress(OSError):
            gone = host == _host() and pid.isdigit() and not _lives(int(pid))
            if folder.is_dir() and not folder.is_symlink() and (gone or time.time() - folder.stat().st_mtime > ABANDONED_AFTER):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing_faults(target: Path) -> Iterator[None]:
    """Turn errors of the disk into an ``EnvironmentFault``."""
    try:
        yield
    except OSError as error:
        hint = "choose a folder that you may write"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "free some space or choose another disk; nothing was left behind"
        raise EnvironmentFault(f"cannot write the export {target}: {error.strerror or error}", hint) from error


def _make_parents(parent: Path) -> list[Path]:
    """Make missing parents; list those made, from the top."""
    missing = [parent, *parent.parents]
    missing = missing[: next((n for n, path in enumerate(missing) if path.exists()), len(missing))]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
    return list(reversed(missing))


def _rename(folder: Path, target: Path) -> None:
    try:
        if os.name == "nt" and target.is_dir():
            target.rmdir()
        folder.rename(target)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise ExportError(f"{target} was filled by somebody else meanwhile", "choose another folder") from None
        if error.errno in (errno.EBUSY, errno.EXDEV):
            raise ExportError(f"{target} is a disk of its own", "choose a folder on it that does not exist yet") from None
        raise


def _sync_all() -> None:
    """Bring what was written to the disk before it gets its name."""
    if hasattr(os, "sync"):
        # One call for all files; an fsync per file takes minutes for a hundred thousand of them.
        os.sync()


def _sync_folder(folder: Path) -> None:
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lives(pid: int) -> bool:
    """Tell whether a process runs; where it cannot be asked without harm, it counts as running."""
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _host() -> str:
    return hashlib.blake2b(socket.gethostname().encode(), digest_size=4).hexdigest()


__all__ = ["PREFIX", "filling", "protected", "require_free", "sweep", "writing_faults"]
