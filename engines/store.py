"""Values on disk by key: written to a temporary folder and renamed, never overwritten; a broken one counts as missing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from engines.errors import EnvironmentFault
from engines.mapped import let_go
from engines.protocols import Progress, no_progress
from engines.value import Artifact

A = TypeVar("A", bound=Artifact)

FORMAT = 1
HEADER = "value.json"
TEMPORARY = ".writing-"
ABANDONED_AFTER = 24 * 3600.0
BLOCK_BYTES = 2**25
"""Bytes of an array that are written between two reports of progress."""
LOCK_POLL = 0.2


@dataclass(frozen=True)
class Store:
    """Keep artifacts below ``root``: one folder per value, ``<kind>/<key>/``, with a header, ``.npy`` and Parquet files."""

    root: Path

    def folder(self, cls: type[Artifact], key: str) -> Path:
        """Give the folder of a value, whether it exists or not."""
        return self.root / "values" / cls.kind_name / key

    def has(self, cls: type[Artifact], key: str) -> bool:
        """Tell whether a whole value is there, by its header and the sizes that the header states."""
        return self._header(cls, key) is not None

    def get(self, cls: type[A], key: str) -> A | None:
        """Load a value, arrays memory-mapped; None where it is missing or broken (a broken folder is moved away)."""
        header = self._header(cls, key)
        if header is None:
            return None
        folder = self.folder(cls, key)
        try:
            arrays = {name: _load_array(folder / f"{name}.npy") for name in header["arrays"]}
            tables = {name: pq.ParquetFile(folder / f"{name}.parquet").read() for name in header["tables"]}
            return cls.restore(header["plain"], arrays, tables)
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
            self._set_aside(folder)
            return None

    def put(self, value: A, progress: Progress = no_progress) -> A:
        """Write a value and give it back as it is stored (arrays memory-mapped).

        Raises:
            EnvironmentFault: when the disk is full or the workspace cannot be written.
            Cancelled: when ``progress`` asks for it, before every 32 MiB of an array; nothing is left then.
        """
        target = self.folder(type(value), value.key)
        with writing(target) as folder:
            _write_parts(value, folder, progress)
        stored = self.get(type(value), value.key)
        return value if stored is None else stored

    def drop(self, cls: type[Artifact], key: str) -> None:
        """Remove a value whose key does not tell what it holds."""
        self._set_aside(self.folder(cls, key))

    def clear(self, cls: type[Artifact]) -> None:
        """Remove all values of a kind: what they were keyed by no longer tells what they hold."""
        for folder in (self.root / "values" / cls.kind_name).glob("[!.]*"):
            self._set_aside(folder)

    @contextmanager
    def lock(self, key: str, progress: Progress = no_progress) -> Iterator[None]:
        """Hold the lock of a key; while another process holds it, wait and pass its progress on.

        The holder reports through ``note_progress``. A holder that dies frees the lock.
        """
        path = self.root / "locks" / f"{key}.lock"
        with _as_fault(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        while True:
            try:
                lock.acquire(timeout=LOCK_POLL)
                break
            except Timeout:
                fraction, message = self._noted(key)
                progress(fraction, f"waiting for another process: {message}" if message else "waiting for another process")
        try:
            yield
        finally:
            self._note_path(key).unlink(missing_ok=True)
            lock.release()

    def noting(self, key: str, progress: Progress) -> Progress:
        """Wrap progress so that processes which wait for the lock of ``key`` can show it too (written at most twice a second)."""
        last = 0.0

        def report(fraction: float, message: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last > 0.5:
                last = now
                try:
                    self._note_path(key).write_text(json.dumps([fraction, message]), encoding="utf-8")
                except OSError:
                    last = now + 60.0  # a full disk must not stop the work because of a courtesy
            progress(fraction, message)

        return report

    def sweep(self) -> None:
        """Remove temporary folders that a killed process left behind more than a day ago."""
        for folder in self.root.glob(f"values/*/{TEMPORARY}*"):
            try:
                if time.time() - folder.stat().st_mtime > ABANDONED_AFTER:
                    shutil.rmtree(folder, ignore_errors=True)
            except OSError:
                continue

    def _note_path(self, key: str) -> Path:
        return self.root / "locks" / f"{key}.progress"

    def _noted(self, key: str) -> tuple[float, str]:
        try:
            fraction, message = json.loads(self._note_path(key).read_text(encoding="utf-8"))
            return float(fraction), str(message)
        except (OSError, ValueError, TypeError):
            return 0.0, ""

    def _header(self, cls: type[Artifact], key: str) -> dict[str, Any] | None:
        folder = self.folder(cls, key)
        try:
            header: dict[str, Any] = json.loads((folder / HEADER).read_text(encoding="utf-8"))
            whole = header["format"] == FORMAT and all(
                (folder / name).stat().st_size == size for name, size in header["sizes"].items()
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            self._set_aside(folder)
            return None
        return header

    def _set_aside(self, folder: Path) -> None:
        """Move a value that is broken or no longer true out of the way; the next ``get`` finds nothing and it is computed again."""
        if folder.exists():
            aside = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}broken-", dir=folder.parent))
            try:
                folder.rename(aside / "value")
            except OSError:
                return
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def writing(target: Path) -> Iterator[Path]:
    """Give a fresh folder beside ``target`` that becomes ``target`` in one rename when the block ends well.

    A target that exists already stays as it is: equal keys mean equal values.
    """
    with _as_fault(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=target.parent))
        try:
            yield folder
            for path in folder.iterdir():
                _sync(path)
            _sync(folder)
            try:
                folder.rename(target)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
            _sync(target.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def write_atomically(target: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``target``, then rename it over ``target``."""
    with _as_fault(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=target.suffix, dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            write(temporary)
            temporary.chmod(0o644)
            _sync(temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def save_array(path: Path, array: npt.NDArray[Any], progress: Progress) -> None:
    """Write what ``numpy.save`` writes, in blocks of rows that are on the disk before the next, so that the last sync is a short one."""
    whole = np.ascontiguousarray(array)
    with path.open("wb") as handle:
        if whole.nbytes <= BLOCK_BYTES:
            np.save(handle, whole, allow_pickle=False)
            return
        rows = max(BLOCK_BYTES * len(whole) // whole.nbytes, 1)
        np.lib.format.write_array_header_1_0(handle, np.lib.format.header_data_from_array_1_0(whole))
        for start in range(0, len(whole), rows):
            progress(start / len(whole), f"writing {start:,} of {len(whole):,} rows")
            whole[start : start + rows].tofile(handle)
            handle.flush()
            os.fsync(handle.fileno())
            let_go(whole)


@contextmanager
def _as_fault(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hints = {
            errno.ENOSPC: "free some space or choose another --workspace",
            errno.EDQUOT: "free some space or choose another --workspace",
            errno.EACCES: "choose a --workspace that you may write",
            errno.EROFS: "choose a --workspace that you may write",
        }
        reason = error.strerror or str(error)
        usual = "look at the room on the disk and at the permissions, or choose another --workspace"
        # numpy has no error number for a disk on which an array finds no room.
        raise EnvironmentFault(f"cannot write {path}: {reason}", hints.get(error.errno or errno.ENOSPC, usual)) from error


def _write_parts(value: Artifact, folder: Path, progress: Progress) -> None:
    plain, arrays, tables = value.parts()
    for name, array in arrays.items():
        save_array(folder / f"{name}.npy", array, progress)
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    header = {
        "format": FORMAT,
        "kind": value.kind_name,
        "key": value.key,
        "plain": plain,
        "arrays": sorted(arrays),
        "tables": sorted(tables),
        "sizes": sizes,
    }
    (folder / HEADER).write_text(json.dumps(header, ensure_ascii=True, sort_keys=True), encoding="ascii")


def _load_array(path: Path) -> npt.NDArray[Any]:
    """Memory-map an array; an empty one cannot be mapped and is read."""
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        array = np.load(path, allow_pickle=False)
        array.flags.writeable = False
    return array


def _sync(path: Path) -> None:
    """Force a file or folder to the disk, where the system can."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
