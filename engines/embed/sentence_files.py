"""Find the parts of a sentence-transformers model (network, pooling, further layers), check them, and tell what they hold by a hash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engines.embed.model_files import ModelFiles, find, folder_of, is_hub_id, no_safetensors
from engines.errors import EnvironmentFault, ParameterError
from engines.keys import digest
from engines.protocols import Progress, no_progress

PARTS = "modules.json"
LIBRARY = "sentence_transformers."
READ = frozenset({".json", ".txt", ".model", ".safetensors"})
"""Endings of the files that the library reads."""
PICKLED = frozenset({".bin", ".pt", ".pth"})
_PART_FILE = re.compile(r"(\d+_\w+/)*([\w.-]+\.(json|txt|model|safetensors))")


@dataclass(frozen=True, kw_only=True)
class SentenceFiles:
    """The folder of a model that was checked, and all files of it that are read, in order."""

    folder: Path
    files: tuple[Path, ...]

    def content_hash(self, progress: Progress = no_progress) -> str:
        """Hash all files by their place in the folder and their content, see ``ModelFiles.content_hash``."""
        places = [path.relative_to(self.folder).as_posix() for path in self.files]
        contents = ModelFiles(folder=self.folder, config={}, weights=self.files).content_hash(progress)
        return digest("sentence model", *places, contents)


def find_sentence_model(model: str) -> SentenceFiles:
    """Find a model on this machine and check that its parts can be loaded; never asks the network.

    A folder without ``modules.json`` is a plain model of transformers, which the library pools by the mean of the tokens.

    Raises:
        ParameterError: when the folder is missing or broken, holds no safetensors, or names parts that are foreign code.
        EnvironmentFault: when a hub id is not on this machine, or is there in part only.
    """
    folder = folder_of(model) if model else None
    parts = _parts(folder) if folder is not None else None
    if folder is None or parts is None:
        plain = find(model)
        if is_hub_id(model) and _may_have_parts(model):
            raise EnvironmentFault(
                f"the model {model} is here in part only: {PARTS}, which says how its vectors are made, was not downloaded",
                f"run `hf download {model}`",
            )
        return SentenceFiles(folder=plain.folder, files=tuple(_read_of(plain.folder, deep=False)))
    files: dict[Path, None] = dict.fromkeys(_read_of(folder, deep=False))
    for part in parts:
        kind, place = str(part.get("type", "")), PurePosixPath(str(part.get("path", "")))
        if not kind.startswith(LIBRARY):
            raise ParameterError(
                f"{model} has a part of the kind {kind or 'unnamed'}, which is code that comes with the model and is never run",
                "choose a model that sentence-transformers knows by itself",
            )
        if place.is_absolute() or ".." in place.parts:
            raise ParameterError(f"{folder / PARTS} names a part outside of the model: {place}", "get the model anew")
        inside = folder / place
        _check_weights(model, inside, kind)
        files |= dict.fromkeys(_read_of(inside, deep=inside != folder)) if inside.is_dir() else {}
    return SentenceFiles(folder=folder, files=tuple(files))


def part_files(names: Iterable[str]) -> list[str]:
    """Choose, among the names of all files of a model on a hub, those that tell how its parts are put together, and their weights."""
    there = sorted(names)
    return (
        [name for name in there if _PART_FILE.fullmatch(name) and ("/" in name or name.endswith(".json"))]
        if PARTS in there
        else []
    )


def _parts(folder: Path) -> list[dict[str, Any]] | None:
    """Read the list of parts; None where there is none."""
    try:
        parts = json.loads((folder / PARTS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnvironmentFault(f"cannot read {folder / PARTS}: {error}", "check its permissions") from error
    except ValueError:
        parts = None
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise ParameterError(f"{folder / PARTS} is broken: it holds no list of parts", "get the model anew")
    return parts


def _check_weights(model: str, folder: Path, kind: str) -> None:
    """Check that weights of a part are safetensors; pooling and normalization have none."""
    if kind.endswith(".Transformer"):
        find(str(folder))
        return
    names = frozenset(path.name for path in folder.rglob("*")) if folder.is_dir() else frozenset()
    if any(Path(name).suffix in PICKLED for name in names) and not any(name.endswith(".safetensors") for name in names):
        raise no_safetensors(f"{model}/{folder.name}", names)


def _read_of(folder: Path, *, deep: bool) -> list[Path]:
    """List the files of a folder that the library may read."""
    return sorted(path for path in (folder.rglob("*") if deep else folder.glob("*")) if path.suffix in READ and path.is_file())


def _may_have_parts(model: str) -> bool:
    """Tell whether the hub may have a list of parts that is not here; it remembers which files it was asked for in vain."""
    from huggingface_hub import try_to_load_from_cache

    return try_to_load_from_cache(model, PARTS) is None


__all__ = ["PARTS", "SentenceFiles", "find_sentence_model", "part_files"]
