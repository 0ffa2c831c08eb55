"""Read a YOLO folder, or its data.yaml: pictures with their labels in text files, each picture a row."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions, part
from engines.read.annotations import Complaints, not_empty, refuse_columns, without
from engines.read.boxes import RULE, Boxes
from engines.read.columns import assemble
from engines.read.listing import Found, Listing
from engines.read.names import escape, unescape
from engines.read.pictures import listed_dataset, no_pictures
from engines.read.walk import list_folder
from engines.read.yolo_splits import Description, describe, split_of
from engines.yolo_format import SPLITS, label_path, read_line

EVERY = 500
SMALL = 16 << 20
"""Bytes of a file of labels; a larger one is none."""
_LINE = re.compile(rb"^\s*\d+(?:\.0*)?(?:\s+-?\d*\.?\d+(?:[eE][+-]?\d+)?){4,}\s*$")
_YAML = (re.compile(rb"(?m)^[\"']?names[\"']?\s*:"), re.compile(rb"(?m)^[\"']?(?:train|val|test)[\"']?\s*:"))


@engine
class YoloReader:
    """Read pictures with YOLO labels: a folder with ``data.yaml``, or with ``images`` and ``labels``, or the ``data.yaml`` itself.

    Names of classes come from ``data.yaml`` or ``classes.txt``, else the classes are numbers. Splits come from ``data.yaml``, else from
    folders called ``train``, ``val`` or ``test``. The label of a picture is the class whose boxes have more than half of the area of all
    its boxes (see ``boxes.RULE``); a picture without a file of labels has none. Own columns: ``classes`` and ``boxes``. Lines that cannot
    be used are rejects with their number.
    """

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take a data.yaml, a folder that holds one, or a folder with ``images`` and ``labels`` of this kind."""
        try:
            if source.is_file():
                return source.suffix.lower() in (".yaml", ".yml") and _is_description(source)
            return source.is_dir() and (yaml_of(source) is not None or _has_labels(source))
        except OSError:
            return False

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:
        """Read the rows; see ``Reader``."""
        del scratch
        refuse_columns(options, "a YOLO folder")
        folder = source if source.is_dir() else source.parent
        told = describe(folder, yaml_of(folder) if source.is_dir() else source, outside=not source.is_dir())
        listing = list_folder(told.root, part(progress, 0.0, 0.3))
        if not listing.pictures:
            raise no_pictures(source, listing)
        files, splits = _chosen(listing, told)
        _clear(listing, told)
        labels = _Labels(listing, told)
        for number, found in enumerate(files):
            if number % EVERY == 0:
                progress(0.3 + 0.65 * number / len(files), f"reading labels: {number:,} of {len(files):,}")
            labels.read(number, found)
        ids = [escape(found.path) for found in files]
        places = range(len(files))
        table = assemble(ids, ids, [labels.boxes.label(place) for place in places], splits, labels.boxes.columns(places))
        return Reading(dataset=listed_dataset(source, listing, files, table, _origin(told)))


def yaml_of(folder: Path) -> Path | None:
    """Find the file of a folder that describes a YOLO data set; ``data.yaml`` and ``dataset.yaml`` come first."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.lower().endswith((".yaml", ".yml")) and entry.name[0] != "."]
    for name in sorted(names, key=lambda one: (not one.lower().startswith("data"), one)):
        if _is_description(folder / name):
            return folder / name
    return None


def _is_description(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(1 << 20)
    return all(pattern.search(head) for pattern in _YAML)


def _has_labels(folder: Path) -> bool:
    """Tell whether folders ``images`` and ``labels`` lie here, or in the folder of a split, and whether the labels are of this kind."""
    for name in ("", *SPLITS):
        base = folder / name
        if (base / "images").is_dir() and (base / "labels").is_dir():
            return any(map(_is_label_file, _some_texts(base / "labels", 20)))
    return False


def _some_texts(folder: Path, count: int) -> Iterator[Path]:
    """Give the first text files below a folder, at most two levels down."""
    inner = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".txt") and entry.name != "classes.txt" and count > 0:
                count -= 1
                yield Path(entry.path)
            elif entry.is_dir():
                inner.append(Path(entry.path))
    for place in sorted(inner)[:5] if count > 0 else ():
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.endswith(".txt") and count > 0:
                    count -= 1
                    yield Path(entry.path)


def _is_label_file(file: Path) -> bool:
    with file.open("rb") as stream:
        lines = [line for line in stream.read(1 << 16).split(b"\n") if line.strip()]
    return bool(lines) and bool(_LINE.match(lines[0]))


def _chosen(listing: Listing, told: Description) -> tuple[list[Found], list[str | None]]:
    """Give the pictures that are rows in the order of their ids, and the split of each; others are counted."""
    ordered = sorted(listing.pictures, key=lambda found: escape(found.path))
    splits = [split_of(found.path, told) for found in ordered]
    if told.members or told.folders:
        kept = [place for place, split in enumerate(splits) if split is not None]
        if kept:
            if len(kept) < len(ordered):
                listing.counts["pictures_in_no_split"] = len(ordered) - len(kept)
            return [ordered[place] for place in kept], [splits[place] for place in kept]
        words = "none of its splits holds a picture, so folders tell the splits"
        listing.rejects.add(None, f"{told.yaml}: {words}", path=told.yaml)
        splits = [split_of(found.path, None) for found in ordered]
    return ordered, splits


class _Labels:
    """The files of labels, read one after the other."""

    def __init__(self, listing: Listing, told: Description) -> None:
        self.boxes = Boxes()
        self._listing, self._told = listing, told
        self._root = os.fsencode(listing.contents.root)
        self._names = told.names

    def read(self, row: int, found: Found) -> None:
        """Take the labels of a picture in; without a file of labels it has none."""
        path = label_path(found.path)
        name = escape(path)
        try:
            raw = self._raw(path)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            self._listing.rejects.add(name, f"the labels of {escape(found.path)} cannot be read: {why}")
            return
        complaints = Complaints(self._listing.rejects, name)
        classes = len(self._names) if self._names is not None else None
        for number, line in enumerate(raw.decode("utf-8-sig", "replace").splitlines()):
            if not line.strip():
                continue
            try:
                kind, area = read_line(line, classes=classes, keypoints=self._told.keypoints)
            except ValueError as error:
                complaints.add(f"line {number + 1} cannot be used: {error}", name=name, row=number)
                continue
            self.boxes.add(row, self._names[kind] if self._names is not None else str(kind), area)
        complaints.finish()

    def _raw(self, path: bytes) -> bytes:
        with open(os.path.join(self._root, path), "rb") as stream:  # noqa: PTH118, PTH123 a path in raw bytes
            raw = stream.read(SMALL + 1)
        if len(raw) > SMALL:
            raise ValueError("it has more than 16 MiB")
        return raw


def _clear(listing: Listing, told: Description) -> None:
    """Take the files of labels, and the others that were understood, out of the rejects; labels of no picture stay, with these words."""
    labels = {escape(label_path(found.path)) for found in listing.pictures}
    understood = labels | set(told.files)
    texts = [name for name in listing.rejects.names if name is not None and (name in understood or _in_labels(name))]
    orphans = [name for name in texts if name not in understood]
    listing.rejects = without(listing.rejects, understood | set(orphans))
    for name in orphans:
        listing.rejects.add(name, "labels of a picture that is not there")
    not_empty(listing, map(unescape, texts))
    for words, path in told.complaints:
        listing.rejects.add(None, f"{path}: {words}", path=path)


def _in_labels(name: str) -> bool:
    return name.lower().endswith(".txt") and b"labels" in unescape(name).split(b"/")[:-1]


def _origin(told: Description) -> Mapping[str, Any]:
    return {
        "reader": "yolo",
        "format": "yolo",
        "roles": {"image": "images", "label": "labels"},
        "columns": [],
        "names": {},
        "label_rule": RULE,
        "yaml": told.yaml,
        "names_file": told.names_file,
        "class_names": list(told.names) if told.names is not None else None,
        "keypoints": told.keypoints,
        "splits": {split: list(places) for split, places in told.given.items()},
    }


__all__ = ["YoloReader", "yaml_of"]
