"""Find the files of a model that a person names by its folder or hub id, check them, and tell what they hold by a hash."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import platformdirs

from engines.errors import EnvironmentFault, ParameterError
from engines.keys import digest
from engines.protocols import Progress, no_progress

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICTURE_FILES = ("preprocessor_config.json", "processor_config.json")
TEXT_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt"),
    *("merges.txt", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model"),
)
SMALL_FILES = (CONFIG, *PICTURE_FILES, *TEXT_FILES)
"""What is read beside the weights, and therefore enters the hash."""
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
CONVERT = (
    'python -c "import torch, safetensors.torch as s; s.save_file({k: v.clone().contiguous() for k, v in '
    "torch.load('pytorch_model.bin', weights_only=True).items()}, 'model.safetensors', metadata={'format': 'pt'})\""
)
"""The line that converts weights, run in the folder of the model; ``weights_only`` keeps the pickle from running code."""

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_CHUNK = 1 << 22
_REMEMBERED_FROM = 1 << 20
_REMEMBERED = 1000


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """The folder of a model that was checked: ``config`` as it stands in config.json, ``weights`` the safetensors that are loaded."""

    folder: Path
    config: Mapping[str, Any]
    weights: tuple[Path, ...]

    @property
    def model_type(self) -> str:
        """Give the architecture by the name that the library has for it."""
        return str(self.config.get("model_type") or "")

    @property
    def small(self) -> list[Path]:
        """List the other files that are read: how pictures are prepared, the tokenizer."""
        return [path for name in (*SMALL_FILES, INDEX) if (path := self.folder / name).is_file()]

    def content_hash(self, progress: Progress = no_progress) -> str:
        """Hash all files that matter by name and content; the folder's own name does not matter.

        Every byte is read once (about a second per gigabyte), then remembered in the user's cache directory by path, size, time and
        inode, so that it is instant the next time.
        """
        return _content_hash([*self.small, *self.weights], progress)

    @cached_property
    def bytes_of_weights(self) -> int:
        """Add up the sizes of the weights."""
        return sum(path.stat().st_size for path in self.weights)


def is_hub_id(model: str) -> bool:
    """Tell whether a model is named by owner and name, not by a folder: the form decides, and no such folder may exist."""
    return _HUB_ID.fullmatch(model) is not None and not Path(model).exists()


def folder_of(model: str) -> Path | None:
    """Give the folder that holds a model; None for a hub id that is not on this machine.

    Raises:
        ParameterError: when the model is named by a folder and there is none.
    """
    if is_hub_id(model):
        from engines.embed.model_hub import snapshot

        return snapshot(model)
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if folder.is_file():
        raise ParameterError(f"the model {model} is a file", f"give the folder that holds it: {folder.parent}")
    raise ParameterError(
        f"there is no model folder {model}", "give a folder with config.json and model.safetensors, or owner/name"
    )


def find(model: str) -> ModelFiles:
    """Find a model on this machine and check that its files can be loaded; never asks the network.

    Raises:
        ParameterError: when the folder is missing, or holds no model in the safetensors format.
        EnvironmentFault: when a hub id is not on this machine, or its files arrived in part only.
    """
    if not model:
        raise ParameterError("no model is named", "give --encoder FOLDER or --encoder owner/name")
    folder = folder_of(model)
    if folder is None:
        from engines.embed.model_hub import not_here

        raise not_here(model)
    config = read_json(folder, CONFIG)
    if config is None:
        raise ParameterError(f"{model} is no model: it holds no {CONFIG}", "give the folder that config.json lies in")
    weights = _weights(folder, model)
    for path in weights:
        _check_safetensors(path)
    return ModelFiles(folder=folder, config=config, weights=weights)


def weight_names(folder_names: frozenset[str], index: Mapping[str, Any] | None) -> list[str]:
    """Choose the weights among the names in a folder: one file, else the shards that the index lists; empty = none.

    Raises:
        ParameterError: when the index lists something else than files beside it.
    """
    if WEIGHTS in folder_names:
        return [WEIGHTS]
    if index is None:
        return []
    listed = index.get("weight_map")
    shards = sorted(set(listed.values())) if isinstance(listed, dict) else []
    if not shards or any(not isinstance(name, str) or Path(name).name != name for name in shards):
        raise ParameterError(f"{INDEX} lists no weights beside it", "get the model anew")
    return shards


def no_safetensors(model: str, names: frozenset[str]) -> ParameterError:
    """Say that weights are missing or come in a format that is not loaded, and how to convert them."""
    if names & {*PICKLED}:
        return ParameterError(
            f"{model} holds its weights as pickle (pytorch_model.bin), which can run code and is not loaded",
            f"convert them in the folder of the model: {CONVERT}",
        )
    others = sorted(
        name for name in names if name.endswith((".safetensors", ".bin", ".pt", ".pth", ".onnx", ".h5", ".msgpack"))
    )
    found = f"it holds {', '.join(others[:3])}, which is another library's format" if others else "it holds no weights at all"
    return ParameterError(f"{model} has no {WEIGHTS}: {found}", f"get the {WEIGHTS} that the library transformers reads")


def _weights(folder: Path, model: str) -> tuple[Path, ...]:
    names = frozenset(path.name for path in folder.iterdir())
    chosen = weight_names(names, read_json(folder, INDEX))
    if not chosen:
        raise no_safetensors(model, names)
    missing = [name for name in chosen if name not in names]
    if missing:
        raise EnvironmentFault(
            f"{model} is incomplete: {len(missing)} of {len(chosen)} files of weights are missing, the first is {missing[0]}",
            "get the model anew",
        )
    return tuple(folder / name for name in chosen)


def read_json(folder: Path, name: str) -> dict[str, Any] | None:
    """Read an object from a JSON file; None where there is no such file."""
    try:
        raw = (folder / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnvironmentFault(f"cannot read {folder / name}: {error}", "check its permissions") from error
    except UnicodeDecodeError:
        raw = ""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ParameterError(f"{folder / name} is broken: it holds no JSON object", "get the model anew")
    return value


def _check_safetensors(path: Path) -> None:
    """Read the header, which tells how long the file must be."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np"):
            return
    except SafetensorError as error:
        raise ParameterError(f"{path} is broken or cut short: {error}", "get the file anew") from error
    except OSError as error:
        raise EnvironmentFault(f"cannot read {path}: {error}", "check its permissions") from error


def _content_hash(paths: list[Path], progress: Progress) -> str:
    memory = _Memory()
    whole = sum(path.stat().st_size for path in paths)
    done, parts = 0, []
    for path in paths:
        stat = path.stat()
        mark = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
        known = memory.get(path, mark)
        if known is None:
            state = hashlib.blake2b(digest_size=16)
            for chunk in _chunks(path):
                state.update(chunk)
                done += len(chunk)
                progress(done / max(whole, 1), f"reading the model · {done / 1e6:,.0f} of {whole / 1e6:,.0f} MB")
            known = state.hexdigest()
            memory.put(path, mark, known)
        else:
            done += stat.st_size
        parts += [path.name, known]
    memory.save()
    return digest("model", *parts)


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise EnvironmentFault(f"cannot read {path}: {error}", "check the disk and the permissions") from error


class _Memory:
    """Hashes of large files that were read before; a memory that is lost or cannot be written only costs time."""

    def __init__(self) -> None:
        self._path = Path(platformdirs.user_cache_dir("dataset-explorer", appauthor=False)) / "model_hashes.json"
        self._new = False
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        self._known: dict[str, Any] = known if isinstance(known, dict) else {}

    def get(self, path: Path, mark: list[int]) -> str | None:
        entry = self._known.get(os.fspath(path))
        if isinstance(entry, list) and len(entry) == 4 and entry[:3] == mark and isinstance(entry[3], str):
            return entry[3]
        return None

    def put(self, path: Path, mark: list[int], value: str) -> None:
        if mark[0] >= _REMEMBERED_FROM:
            self._known[os.fspath(path)] = [*mark, value]
            self._new = True

    def save(self) -> None:
        if not self._new:
            return
        kept = dict(list(self._known.items())[-_REMEMBERED:])
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".model_hashes")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file)
            Path(name).replace(self._path)


__all__ = ["CONFIG", "CONVERT", "INDEX", "SMALL_FILES", "WEIGHTS", "ModelFiles", "find", "folder_of", "is_hub_id"]
