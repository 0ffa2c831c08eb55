"""Where a source's values, cache and decisions live: one folder per source, outside of the data set."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from engines.errors import EnvironmentFault, UserError
from engines.keys import digest
from engines.store import Store, write_atomically

HOME_VARIABLE = "DATASET_EXPLORER_HOME"
MARK = "source.json"


@dataclass(frozen=True)
class Workspace:
    """The folder of one source: values and locks of the store, ``thumbs.sqlite`` (a cache) and ``decisions.sqlite``."""

    folder: Path

    @property
    def store(self) -> Store:
        """Give the store of values."""
        return Store(self.folder)

    @property
    def cache_path(self) -> Path:
        """Give the path of the row cache: thumbnails, facts and vectors by content; may be deleted at any time."""
        return self.folder / "thumbs.sqlite"

    @property
    def decisions_path(self) -> Path:
        """Give the path of the decision log: the one file here that cannot be computed again."""
        return self.folder / "decisions.sqlite"


@dataclass(frozen=True)
class Listed:
    """A workspace as ``workspace list`` shows it: sizes in bytes, time in UTC."""

    folder: Path
    source: str
    opened: str
    size: int
    decided: bool


def base_folder(chosen: Path | None = None) -> Path:
    """Give the folder that holds all workspaces: ``chosen``, else ``$DATASET_EXPLORER_HOME``, else the user's data directory."""
    if chosen is not None:
        return chosen.expanduser().resolve()
    from_environment = os.environ.get(HOME_VARIABLE)
    if from_environment:
        return Path(from_environment).expanduser().resolve()
    return Path(platformdirs.user_data_dir("dataset-explorer", appauthor=False)) / "workspaces"


def is_hub_id(source: Path) -> bool:
    """Tell whether a source is not on this machine: ``hf:owner/name``."""
    return str(source).startswith("hf:")


def open_workspace(sources: Path | Sequence[Path], chosen: Path | None = None) -> Workspace:
    """Make or find the workspace of a source, or of several that are opened as one.

    Raises:
        UserError: when the workspace would lie inside the data set, which is never written to.
        EnvironmentFault: when the folder cannot be made.
    """
    sources = (sources,) if isinstance(sources, Path) else tuple(sources)
    base = base_folder(chosen)
    for real in (source.resolve() for source in sources):
        if real.is_dir() and (base == real or real in base.parents):
            raise UserError(f"the workspace {base} lies inside the data set", "choose a --workspace outside of it")
    folder = _folder(sources, chosen)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot make the workspace {folder}: {error.strerror or error}", "choose a --workspace that you may write"
        ) from error
    mark = {"source": " + ".join(map(_real, sources)), "opened": datetime.now(UTC).isoformat(timespec="seconds")}
    write_atomically(folder / MARK, lambda path: path.write_text(json.dumps(mark), encoding="ascii"))
    workspace = Workspace(folder)
    workspace.store.sweep()
    return workspace


def find_workspace(source: Path, chosen: Path | None = None) -> Workspace:
    """Give the workspace of a source (or a workspace folder itself) that exists already.

    Raises:
        UserError: when there is none.
    """
    folder = source if (source / MARK).is_file() else _folder((source,), chosen)
    if not (folder / MARK).is_file():
        raise UserError(f"there is no workspace for {source}", "dataset-explorer workspace list shows all of them")
    return Workspace(folder)


def _real(source: Path) -> str:
    return str(source) if is_hub_id(source) else str(source.resolve())


def _folder(sources: Sequence[Path], chosen: Path | None) -> Path:
    names = [_real(source) for source in sources]
    slug = re.sub(r"[^A-Za-z0-9]+", "-", Path(names[0]).name).strip("-").lower()[:40] or "data"
    return base_folder(chosen) / f"{slug}-{digest(*map(os.fsencode, names))[:8]}"


def listed(chosen: Path | None = None) -> list[Listed]:
    """List the workspaces, the one opened last first."""
    found = []
    for mark in base_folder(chosen).glob(f"*/{MARK}"):
        try:
            said = json.loads(mark.read_text(encoding="utf-8"))
            source, opened = str(said["source"]), str(said["opened"])
        except (OSError, ValueError, KeyError, TypeError):
            source, opened = "?", ""
        size = sum(path.stat().st_size for path in mark.parent.rglob("*") if path.is_file())
        found.append(Listed(mark.parent, source, opened, size, (mark.parent / "decisions.sqlite").exists()))
    return sorted(found, key=lambda item: item.opened, reverse=True)


def prune(workspace: Workspace) -> int:
    """Remove everything that can be computed again; decisions stay. Give the bytes that were freed."""
    before = sum(path.stat().st_size for path in workspace.folder.rglob("*") if path.is_file())
    for name in ("values", "locks", "scratch"):
        shutil.rmtree(workspace.folder / name, ignore_errors=True)
    for path in workspace.folder.glob(f"{workspace.cache_path.name}*"):
        path.unlink(missing_ok=True)
    return before - sum(path.stat().st_size for path in workspace.folder.rglob("*") if path.is_file())


def delete(workspace: Workspace) -> None:
    """Remove the whole workspace, decisions included."""
    if (workspace.folder / MARK).is_file():
        shutil.rmtree(workspace.folder)
