"""Join what COCO annotation files hold to rows: the file of each picture, its split, its boxes and its captions."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from engines.coco_format import candidates, resolve, tail_of
from engines.json_stream import BrokenJson, Entries, members
from engines.read.annotations import Complaints
from engines.read.boxes import Boxes
from engines.read.coco_file import CocoFile
from engines.read.listing import Found
from engines.read.names import escape
from engines.read.rejects import Rejects

MISSING = -1


class Pictures(Protocol):
    """Where pictures are looked for."""

    def find(self, path: str) -> Found | None:
        """Find a picture by its path below the root."""
        ...

    def refused(self, path: str) -> bool:
        """Tell whether there is such a file, which can be no picture; that was told."""
        ...


class CocoRows:
    """The rows that annotation files tell of: the file of each, its split, its boxes and its captions; ``named``: the first name."""

    def __init__(self, rejects: Rejects) -> None:
        self._rejects = rejects
        self.found: list[Found] = []
        self.splits: list[str | None] = []
        self.boxes = Boxes()
        self.captions: dict[int, list[str]] = {}
        self.categories: dict[str, None] = {}
        self.named: tuple[str, str] | None = None
        self._rows: dict[bytes, int] = {}

    def read(self, held: CocoFile, path: str, pictures: Pictures, *, counts: bool) -> None:
        """Take in one file. ``counts`` = False: its boxes are those of another file."""
        complaints = Complaints(self._rejects, path)
        for number, reason in held.bad:
            complaints.add(reason, row=number)
        links = _Links(held, complaints)
        tail = tail_of(path)
        place = _Place(path=path, split=tail[1] if tail else None, pictures=pictures, complaints=complaints)
        links.rows = {image: self._row(number, name, place) for image, (number, name) in held.images.items()}
        if counts:
            self.categories |= dict.fromkeys(held.categories.values())
            for (image, category), (area, count, number) in held.areas.items():
                row = links.row_of(image, number)
                label = links.category_of(category, number)
                if row != MISSING and label is not None:
                    self.boxes.add(row, label, area, count)
        for image, (number, captions) in held.captions.items():
            row = links.row_of(image, number)
            if row != MISSING:
                known = self.captions.setdefault(row, [])
                known += [caption for caption in dict.fromkeys(captions) if caption not in known]
        complaints.finish(held.more)

    def _row(self, number: int, name: str, place: _Place) -> int:
        if self.named is None:
            self.named = (place.path, name)
        found = resolve(place.path, name, place.pictures.find)
        if found is None:
            if not any(place.pictures.refused(path) for path in candidates(place.path, name)):
                shown = escape(name.encode("utf-8", "replace"))
                words = f"entry {number + 1} of images names it, but there is no such picture"
                place.complaints.add(words, name=shown, row=number)
            return MISSING
        row = self._rows.get(found.path)
        if row is None:
            row = self._rows[found.path] = len(self.found)
            self.found.append(found)
            self.splits.append(place.split)
        elif self.splits[row] is None:
            self.splits[row] = place.split
        elif place.split is not None and place.split != self.splits[row]:
            words = f"lists it once more, as {place.split}; that it is {self.splits[row]}, as another file says, counts"
            place.complaints.add(words, name=escape(found.path), row=number)
        return row


@dataclass(frozen=True, kw_only=True)
class _Place:
    """An annotation file, the split that it speaks of, and where its pictures are looked for."""

    path: str
    split: str | None
    pictures: Pictures
    complaints: Complaints


class _Links:
    """What the ids of a file stand for; one that stands for nothing is told once."""

    def __init__(self, held: CocoFile, complaints: Complaints) -> None:
        self.rows: dict[Hashable, int] = {}
        self._categories, self._complaints = held.categories, complaints
        self._told: set[tuple[str, Hashable]] = set()

    def row_of(self, image: Hashable, number: int) -> int:
        """Give the row of an image; MISSING where its picture is not there, or where no entry tells of it."""
        if image not in self.rows:
            self._tell("image", image, number)
        return self.rows.get(image, MISSING)

    def category_of(self, category: Hashable, number: int) -> str | None:
        """Give the name of a category; None where no entry tells of it."""
        if category not in self._categories:
            self._tell("category", category, number)
        return self._categories.get(category)

    def _tell(self, kind: str, key: Hashable, number: int) -> None:
        if (kind, key) not in self._told:
            self._told.add((kind, key))
            where = "images" if kind == "image" else "categories"
            words = f"entry {number + 1} of annotations has the {kind}_id {key!r}, which no entry of {where} has"
            self._complaints.add(words, row=number)


def first_names(file: Path, count: int = 20) -> list[str]:
    """Give the first names of pictures of a file; none where it cannot be read."""
    try:
        with file.open("rb") as stream:
            return list(_names(members(stream), count))
    except (OSError, BrokenJson):
        return []


def _names(found: Iterator[tuple[str, Any]], count: int) -> Iterator[str]:
    for name, value in found:
        if name == "images" and isinstance(value, Entries):
            for number, entry in enumerate(value):
                if number >= count:
                    return
                if isinstance(entry, dict) and isinstance(entry.get("file_name"), str):
                    yield entry["file_name"]
            return


__all__ = ["CocoRows", "Pictures", "first_names"]
