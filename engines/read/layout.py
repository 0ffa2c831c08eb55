"""Read splits, labels and deeper folders out of where the pictures lie."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from engines.read.names import escape

SPLITS = frozenset({b"train", b"val", b"valid", b"validation", b"test", b"dev"})
CONTAINERS = frozenset({b"images", b"image", b"imgs", b"img", b"pictures", b"photos", b"jpegimages", b"data"})


class Place(NamedTuple):
    """Where a picture lies: its split, the first folder below that (its label), and the folders below that one."""

    split: str | None
    label: str | None
    folder: str | None


def places(paths: Sequence[bytes]) -> list[Place]:
    """Tell split, label and deeper folder of each path.

    - A single folder that wraps everything, and holds only folders, is passed through.
    - Folders called train, val, valid, validation, test or dev (any case) are splits when no other folder stands beside
      them; so a data set of vehicles may have a class "train".
    - The label is the first folder below the root or the split. A single folder with a name such as "images" is no class.
    - Deeper folders are kept as ``folder``, joined by ``/``.
    """
    parts = [path.split(b"/")[:-1] for path in paths]
    start = _wrapping_depth(parts)
    first = {folders[start].lower() for folders in parts if len(folders) > start}
    has_splits = bool(first) and first <= SPLITS
    depth = start + 1 if has_splits else start
    labels = {folders[depth].lower() for folders in parts if len(folders) > depth}
    has_labels = not (len(labels) == 1 and labels <= CONTAINERS)
    return [_place(folders, start, depth, has_splits=has_splits, has_labels=has_labels) for folders in parts]


def _wrapping_depth(parts: Sequence[list[bytes]]) -> int:
    """Count the folders that wrap everything and hold nothing but folders."""
    depth = 0
    while parts and all(len(folders) > depth + 1 for folders in parts):
        names = {folders[depth] for folders in parts}
        if len(names) > 1 or {name.lower() for name in names} <= SPLITS:
            break
        depth += 1
    return depth


def _place(folders: list[bytes], start: int, depth: int, *, has_splits: bool, has_labels: bool) -> Place:
    split = escape(folders[start]) if has_splits and len(folders) > start else None
    below = folders[depth:]
    label = escape(below.pop(0)) if has_labels and below else None
    return Place(split, label, escape(b"/".join(below)) if below else None)


def split_in_names(path: str) -> str | None:
    """Tell the split by the names of a file and of the folders above it (``imagenet-train-0001.tar``, ``val/0.tar``).

    The last part of the file's name that is one counts, else the nearest folder that is called like one.
    """
    *folders, name = path.split("/")
    pieces = [piece for piece in re.split(r"[-_.]", name) if piece]
    for piece in (*reversed(pieces), *reversed(folders)):
        if piece.lower().encode("utf-8", "replace") in SPLITS:
            return piece
    return None
