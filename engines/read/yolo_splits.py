"""Understand which pictures of a YOLO folder belong to which split, and what its classes are called."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engines.errors import SourceError
from engines.read.annotations import TOLD
from engines.read.names import escape
from engines.yolo_format import SPLITS, DataYaml, parse_yaml

NAMES_FILES = (
    "classes.txt",
    "obj.names",
    "labels/classes.txt",
    "images/classes.txt",
    *(f"{name}/labels/classes.txt" for name in SPLITS),
)
LARGEST = 256 << 20
_SPLIT = re.compile(rf"^({'|'.join(sorted(SPLITS, key=len, reverse=True))})(?:[_-]?\d{{2,4}})?$")


@dataclass(kw_only=True)
class Description:
    """What is known of a YOLO folder before a picture of it is looked at. Paths are relative to ``root``, but for a yaml outside of it.

    ``given``: places per split as data.yaml has them, folders or lists; ``folders`` and ``members``: what these amount to. ``files``: the
    files that were understood. ``complaints``: words and path.
    """

    root: Path
    yaml: str | None = None
    names: Sequence[str] | None = None
    names_file: str | None = None
    keypoints: bool = False
    given: dict[str, list[str]] = field(default_factory=dict)
    folders: list[tuple[bytes, str]] = field(default_factory=list)
    members: dict[bytes, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    complaints: list[tuple[str, str]] = field(default_factory=list)


def describe(folder: Path, yaml: Path | None, *, outside: bool) -> Description:
    """Read data.yaml, lists of pictures and names of classes.

    ``outside``: the pictures may lie where the key ``path`` of data.yaml says, also outside of its folder: the person named that file.

    Raises:
        SourceError: when data.yaml cannot be understood.
    """
    said = _read(yaml) if yaml is not None else DataYaml()
    root = folder.resolve()
    base = root
    if said.path and (place := Path(os.path.normpath(root / said.path))).is_dir():
        if _below(place, root) is not None:
            base = place
        elif outside:
            root = base = place.resolve()
    told = Description(root=root, keypoints=said.keypoints, names=said.names)
    if yaml is not None:
        told.yaml = _below(yaml.resolve(), root) or os.fspath(yaml.resolve())
        told.files.append(told.yaml)
    for split, names in said.splits.items():
        for name in names:
            _place(told, split, name, [base, root, folder.resolve()])
    told.folders.sort(key=lambda pair: -len(pair[0]))
    _name(told)
    return told


def split_of(path: bytes, told: Description | None) -> str | None:
    """Give the split of a picture: as data.yaml says, else the first folder above it that is called like one."""
    if told is not None and (told.members or told.folders):
        if path in told.members:
            return told.members[path]
        return next((split for prefix, split in told.folders if not prefix or path.startswith(prefix + b"/")), None)
    for name in path.split(b"/")[:-1]:
        found = _SPLIT.match(name.decode("utf-8", "replace").lower())
        if found:
            return found[1]
    return None


def _read(yaml: Path) -> DataYaml:
    try:
        return parse_yaml(yaml.read_text("utf-8-sig"))
    except OSError as error:
        raise SourceError(f"{yaml} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise SourceError(f"{yaml} is not UTF-8 text", "save it as UTF-8 and try again") from None
    except ValueError as error:
        raise SourceError(
            f"{yaml} cannot be understood: {error}", "write names as a list, or one `number: name` a line"
        ) from None


def _place(told: Description, split: str, place: str, bases: Sequence[Path]) -> None:
    """Find what a split of data.yaml points to: a folder, or a list of pictures."""
    # Files of some tools point one folder too high.
    plain = re.sub(r"^(?:\.\./)+", "", place)
    for base in dict.fromkeys(bases):
        for name in dict.fromkeys((place, plain)):
            path = Path(os.path.normpath(base / name))
            inside = _below(path, told.root)
            if inside is None or not path.exists():
                continue
            told.given.setdefault(split, []).append(inside)
            if path.is_dir():
                told.folders.append((b"" if inside == "." else os.fsencode(path.relative_to(told.root)), split))
            else:
                told.files.append(inside)
                _members(told, split, path, inside, base)
            return
    told.complaints.append((f"{split}: there is no {place} below {told.root}", str(told.yaml)))


def _members(told: Description, split: str, path: Path, shown: str, base: Path) -> None:
    """Take in a list of pictures, one a line; those that are not there become rejects, the first thousand of them one by one."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it has more than 256 MiB")
        lines = path.read_bytes().splitlines()
    except (OSError, ValueError) as error:
        told.complaints.append((f"it cannot be read: {error}", shown))
        return
    missing = 0
    for number, line in enumerate(lines):
        name = line.strip()
        if not name:
            continue
        found = _member(name, [path.parent, base] if name.startswith(b"./") else [base, path.parent], told.root)
        if found is not None:
            told.members.setdefault(found, split)
            continue
        missing += 1
        if missing <= TOLD:
            told.complaints.append((f"line {number + 1} names {escape(name)[:200]}, which is not there", shown))
    if missing > TOLD:
        told.complaints.append((f"{missing - TOLD:,} more like these", shown))


def _member(name: bytes, bases: Sequence[Path], root: Path) -> bytes | None:
    top = os.fsencode(root)
    for base in bases:
        path = os.path.normpath(os.path.join(os.fsencode(base), name))  # noqa: PTH118 a path in raw bytes
        if path.startswith(top + b"/") and b"\0" not in path and os.path.lexists(path):
            return path[len(top) + 1 :]
    return None


def _name(told: Description) -> None:
    """Name the classes: by data.yaml, else by a file beside the labels; a class without a name is called by its number."""
    names: Sequence[str] | None = told.names
    for file in NAMES_FILES if names is None else ():
        path = told.root / file
        if path.is_file() and path.stat().st_size <= 1 << 20:
            lines = path.read_text("utf-8-sig", "replace").splitlines()
            names = [line.strip() for line in lines]
            while names and not names[-1]:
                names = names[:-1]
            told.names_file = file
            told.files.append(file)
            break
    told.files += [file for file in NAMES_FILES if file not in told.files and (told.root / file).is_file()]
    told.names = [name or str(number) for number, name in enumerate(names)] if names is not None else None


def _below(path: Path, root: Path) -> str | None:
    """Give a path as text relative to the root; None outside of it."""
    for one in (path, path.resolve()):
        if one == root or root in one.parents:
            return escape(os.fsencode(one.relative_to(root)))
    return None


__all__ = ["Description", "describe", "split_of"]
