"""Take the pictures, boxes and captions out of one COCO annotation file, entry by entry, and remember them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Hashable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from engines.json_stream import Entries, members
from engines.keys import digest
from engines.protocols import Progress
from engines.read.annotations import TOLD

EVERY = 2000
VERSION = 1
"""Raised when the same file is understood in another way."""


def read_file(file: Path, shown: str, *, scratch: Path, progress: Progress) -> CocoFile:
    """Read one file, or what it led to before where size, time and inode are the same.

    Raises:
        BrokenJson: when the file is no JSON object or ends early.
        OSError: when it cannot be read.
    """
    place = scratch / "coco" / f"{digest(os.fspath(file.resolve()))}.json"
    with file.open("rb") as stream:
        info = os.fstat(stream.fileno())
        state = [VERSION, info.st_size, info.st_mtime_ns, info.st_ino]
        known = _remembered(place, state)
        if known is not None:
            return known
        held = CocoFile()
        for name, value in members(stream):
            take = {"images": held.image, "categories": held.category, "annotations": held.annotation}.get(name)
            if take is None or not isinstance(value, Entries):
                continue
            for number, entry in enumerate(value):
                if number % EVERY == 0:
                    progress(0.5, f"reading {shown} · {number:,} {name}")
                take(number, entry)
    _remember(place, state, held)
    return held


def _remembered(place: Path, state: list[int]) -> CocoFile | None:
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        held = json.loads(place.read_bytes())
        return CocoFile.of(held) if held["state"] == state else None
    return None


def _remember(place: Path, state: list[int], held: CocoFile) -> None:
    """Keep what was found; where that is not possible, it will be found again."""
    waiting = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        waiting.write_text(json.dumps({"state": state, **held.plain()}), "ascii")
        waiting.replace(place)


class CocoFile:
    """What stands in one file, boxes summed up by picture and class. Its arrays may come in any order.

    ``images``: id -> number of its entry, file_name. ``areas``: image and category -> area, number of boxes, number of the first entry.
    ``captions``: image -> number of the first entry, captions. ``bad``: number of an entry and what is wrong with it; ``more`` of them were
    not kept.
    """

    def __init__(self) -> None:
        self.bad: list[tuple[int, str]] = []
        self.more = 0
        self.images: dict[Hashable, tuple[int, str]] = {}
        self.categories: dict[Hashable, str] = {}
        self.areas: dict[tuple[Hashable, Hashable], tuple[float, int, int]] = {}
        self.captions: dict[Hashable, tuple[int, list[str]]] = {}

    def image(self, number: int, entry: Any) -> None:
        """Take in an entry of images."""
        key, name = (entry.get("id"), entry.get("file_name")) if isinstance(entry, dict) else (None, None)
        if not is_key(key) or not isinstance(name, str) or not name.strip() or "\x00" in name:
            self._complain(f"entry {number + 1} of images has no id or no file_name", number)
        elif key in self.images:
            first = self.images[key][0] + 1
            self._complain(f"entry {number + 1} of images repeats the id {key!r} of entry {first}", number)
        else:
            self.images[key] = (number, name)

    def category(self, number: int, entry: Any) -> None:
        """Take in an entry of categories."""
        key, name = (entry.get("id"), entry.get("name")) if isinstance(entry, dict) else (None, None)
        if not is_key(key) or not isinstance(name, (str, int)) or not str(name).strip():
            self._complain(f"entry {number + 1} of categories has no id or no name", number)
        elif key in self.categories:
            self._complain(f"entry {number + 1} of categories repeats the id {key!r}", number)
        else:
            self.categories[key] = str(name).encode("utf-8", "replace").decode()

    def annotation(self, number: int, entry: Any) -> None:
        """Take in an entry of annotations."""
        image = entry.get("image_id") if isinstance(entry, dict) else None
        if not is_key(image):
            self._complain(f"entry {number + 1} of annotations has no image_id", number)
        elif isinstance(entry.get("caption"), str) and "category_id" not in entry:
            caption = " ".join(entry["caption"].encode("utf-8", "replace").decode().split())
            if caption:
                self.captions.setdefault(image, (number, []))[1].append(caption)
        else:
            self._boxes(number, image, entry)

    def _boxes(self, number: int, image: Hashable, entry: dict[str, Any]) -> None:
        for box in boxes_of(entry):
            category, area = box.get("category_id") if isinstance(box, dict) else None, math.nan
            if not is_key(category):
                self._complain(f"entry {number + 1} of annotations has no category_id", number)
                continue
            area = area_of(box)
            if not math.isfinite(area):
                words = (
                    f"entry {number + 1} of annotations has a bbox that is not [x, y, width, height]: {box.get('bbox')!r:.60}"
                )
                self._complain(words, number)
                continue
            known = self.areas.get((image, category), (0.0, 0, number))
            self.areas[image, category] = (known[0] + area, known[1] + 1, known[2])

    def _complain(self, reason: str, number: int) -> None:
        if len(self.bad) < TOLD:
            self.bad.append((number, reason))
        else:
            self.more += 1

    def plain(self) -> dict[str, Any]:
        """Give everything as values that JSON can hold."""
        return {
            "images": [[key, *held] for key, held in self.images.items()],
            "categories": [[key, name] for key, name in self.categories.items()],
            "areas": [[*keys, *held] for keys, held in self.areas.items()],
            "captions": [[key, *held] for key, held in self.captions.items()],
            "bad": self.bad,
            "more": self.more,
        }

    @classmethod
    def of(cls, held: Mapping[str, Any]) -> Self:
        """Take it back from plain values; raises ``ValueError``, ``KeyError`` or ``TypeError`` for others."""
        made = cls()
        made.images = {key: (int(number), str(name)) for key, number, name in held["images"]}
        made.categories = {key: str(name) for key, name in held["categories"]}
        made.areas = {(image, kind): (float(area), int(count), int(at)) for image, kind, area, count, at in held["areas"]}
        made.captions = {key: (int(number), [*map(str, texts)]) for key, number, texts in held["captions"]}
        made.bad = [(int(number), str(reason)) for number, reason in held["bad"]]
        made.more = int(held["more"])
        return made


def is_key(value: Any) -> bool:
    """Tell whether a value can be the id of an entry."""
    return isinstance(value, (int, str)) or (isinstance(value, float) and math.isfinite(value))


def boxes_of(entry: dict[str, Any]) -> list[Any]:
    """Give the boxes of an annotation: itself, or the segments of a panoptic one."""
    segments = entry.get("segments_info")
    return segments if isinstance(segments, list) and "category_id" not in entry else [entry]


def area_of(box: dict[str, Any]) -> float:
    """Give the area of a box in pixels, of its mask where it has no box, else 0; NaN for a box that is none."""
    bbox = box.get("bbox")
    if bbox is None or bbox == []:
        area = box.get("area")
        return float(area) if isinstance(area, (int, float)) and math.isfinite(area) and area >= 0 else 0.0
    try:
        _, _, width, height = (float(side) for side in bbox)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    whole = all(isinstance(side, (int, float)) and math.isfinite(side) for side in bbox)
    return width * height if whole and width >= 0 and height >= 0 else math.nan


__all__ = ["CocoFile", "area_of", "boxes_of", "is_key", "read_file"]
