"""Read a COCO folder, or one of its .json files: each picture that they list is a row, labeled by its boxes."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from engines.artifacts import Dataset
from engines.coco_format import HEAD, SPLITS, candidates, looks_like_coco, prefix_of, tail_of
from engines.errors import SourceError
from engines.json_stream import BrokenJson
from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions, part
from engines.read.annotations import composed, not_empty, refuse_columns, without
from engines.read.boxes import RULE
from engines.read.coco_file import read_file
from engines.read.coco_rows import CocoRows
from engines.read.columns import assemble, text_column
from engines.read.listing import NO_FILE, Found, Listing
from engines.read.names import escape, unescape
from engines.read.pictures import listed_dataset
from engines.read.rejects import Rejects
from engines.read.walk import FolderContents, list_folder

SECOND = ("person_keypoints", "keypoints", "stuff", "panoptic")
"""Files that tell of things which an instances file beside them tells of too: they do not count twice."""
WITHOUT_BOXES = ("captions", "image_info")
ANNOTATION_FOLDERS = ("annotations", "annotation", "labels")


@engine
class CocoReader:
    """Read pictures with COCO annotations: ``annotations/*.json`` beside folders of pictures, or one such file.

    The split comes from the name of the file (``instances_train2017.json``: train) or of its folder. The label of a picture is the class
    whose boxes have more than half of the area of all its boxes (see ``boxes.RULE``); pictures without boxes have none. Own columns:
    ``classes``, ``boxes``, and ``caption`` where there are captions. Pictures that no file lists are counted, not rows. Entries that
    cannot be used are rejects, with their number in the array of the file.
    """

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take a folder that holds annotation files where COCO has them, or one such file."""
        try:
            return bool(annotation_files(source, first=True))
        except OSError:
            return False

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:
        """Read the rows; see ``Reader``."""
        refuse_columns(options, "a COCO file")
        files = annotation_files(source, first=False)
        if not files:
            raise SourceError(
                f"{source} holds no COCO annotations", "give the folder that holds annotations/*.json, or the .json itself"
            )
        pictures = _Listed(source, part(progress, 0.0, 0.3)) if source.is_dir() else _Beside(source, files[0])
        paths = [pictures.relative(file) for file in files]
        rows = CocoRows(pictures.rejects)
        told = []
        for number, (file, path) in enumerate(zip(files, paths, strict=True)):
            step = part(progress, 0.3 + 0.65 * number / len(files), 0.3 + 0.65 * (number + 1) / len(files))
            counts = _counts(path, paths)
            try:
                held = read_file(file, path, scratch=scratch, progress=step)
            except (OSError, BrokenJson) as error:
                why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
                if len(files) == 1:
                    raise SourceError(f"{path} cannot be read: {why}", "look whether the file is whole") from None
                pictures.rejects.add(None, f"{path} cannot be read: {why}", path=path)
                continue
            rows.read(held, path, pictures, counts=counts)
            tail = tail_of(path)
            told.append({"path": path, "split": tail[1] if tail else None, "boxes_count": counts})
        if not rows.found:
            raise _nothing(source, rows, paths)
        return Reading(dataset=_dataset(source, pictures, rows, told, paths))


def annotation_files(source: Path, *, first: bool) -> list[Path]:
    """List the annotation files of a source in the order of their names; with ``first``, the search ends at the first one."""
    if source.is_file():
        return [source] if source.suffix.lower() == ".json" and _is_coco(source) else []
    if not source.is_dir():
        return []
    found: list[Path] = []
    for folder in _places(source):
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.lower().endswith(".json"))
        for name in names:
            if not name.startswith(".") and _is_coco(folder / name):
                found.append(folder / name)
                if first:
                    return found
    return found


def _places(source: Path) -> list[Path]:
    """List the folders where annotation files may lie."""
    below = {entry.name.lower(): Path(entry.path) for entry in _folders(source)}
    if len(below) == 1 and not {*ANNOTATION_FOLDERS, *SPLITS, "images"} & set(below):
        # What an archive unpacks to: one folder around everything.
        return [source, *_places(next(iter(below.values())))]
    named = [below[name] for name in (*ANNOTATION_FOLDERS, *SPLITS) if name in below]
    return [source, *named, *(path for name in SPLITS if name in below for path in _annotations_in(below[name]))]


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if entry.name[:1] != "." and entry.is_dir()), key=lambda entry: entry.name)


def _annotations_in(folder: Path) -> list[Path]:
    return [path for name in ANNOTATION_FOLDERS if (path := folder / name).is_dir()]


def _is_coco(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return looks_like_coco(stream.read(HEAD))
    except OSError:
        return False


def _counts(path: str, paths: Sequence[str]) -> bool:
    """Tell whether the boxes of a file count: not where a file beside it tells of the same ones."""
    if prefix_of(path) not in SECOND:
        return True
    others = (other for other in paths if tail_of(other) == tail_of(path) and os.path.dirname(other) == os.path.dirname(path))  # noqa: PTH120 relative names
    return all(prefix_of(other) in (*SECOND[SECOND.index(prefix_of(path)) :], *WITHOUT_BOXES) for other in others)


class _Listed:
    """The pictures below a folder, as a walk found them."""

    def __init__(self, source: Path, progress: Progress) -> None:
        self.listing = list_folder(source, progress)
        self._root = source
        self._found = {escape(found.path): found for found in self.listing.pictures}
        self._refused = {name for name in self.listing.rejects.names if name is not None}
        self._composed: dict[str, Found] | None = None

    @property
    def rejects(self) -> Rejects:
        """Give the list that rejects go to."""
        return self.listing.rejects

    def relative(self, file: Path) -> str:
        """Give the path of an annotation file below the root."""
        return escape(os.fsencode(file.relative_to(self._root)))

    def find(self, path: str) -> Found | None:
        """Find a picture by its path below the root; letters with accents may be composed either way."""
        name = escape(path.encode("utf-8", "replace"))
        if name in self._found:
            return self._found[name]
        if not name.isascii():
            if self._composed is None:
                self._composed = {composed(known): found for known, found in self._found.items()}
            return self._composed.get(composed(name))
        return None

    def refused(self, path: str) -> bool:
        """Tell whether there is such a file, which can be no picture; that was told."""
        return escape(path.encode("utf-8", "replace")) in self._refused

    def finish(self, used: set[bytes], annotations: Sequence[str]) -> None:
        """Count the pictures that no file lists; files that were understood are no rejects."""
        spare = sum(found.path not in used for found in self.listing.pictures)
        if spare:
            self.listing.counts["pictures_without_entry"] = spare
        not_empty(self.listing, map(unescape, annotations))
        self.listing.rejects = without(self.listing.rejects, set(annotations))


class _Beside:
    """The pictures that lie where one annotation file says; nothing else of their folders is looked at."""

    def __init__(self, source: Path, file: Path) -> None:
        real = file.resolve()
        self._file = real
        self._root = real.parent
        above = real.parent.parent
        if real.parent.name.lower() in ANNOTATION_FOLDERS or not _reaches(real, real.parent):
            self._root = above if _reaches(real, above) else real.parent
        del source
        self._contents = FolderContents(self._root)
        self.listing = Listing(self._contents)
        self._known: dict[str, Found | None] = {}
        self._refused: set[str] = set()

    @property
    def rejects(self) -> Rejects:
        """Give the list that rejects go to."""
        return self.listing.rejects

    def relative(self, file: Path) -> str:
        """Give the path of the annotation file below the root."""
        return escape(os.fsencode(file.resolve().relative_to(self._root)))

    def find(self, path: str) -> Found | None:
        """Find a picture by its path below the root."""
        if path not in self._known:
            self._known[path] = self._look(path.encode("utf-8", "replace"))
        return self._known[path]

    def _look(self, path: bytes) -> Found | None:
        try:
            info = self._contents.full(path).stat()
        except (OSError, ValueError):
            return None
        if stat.S_ISDIR(info.st_mode):
            return None
        before = len(self.listing.pictures)
        found = self._contents.add(path, info)
        if stat.S_ISREG(info.st_mode):
            self.listing.file(found)
        else:
            self.listing.rejects.add(escape(path), NO_FILE)
        if len(self.listing.pictures) > before:
            return found
        self._refused.add(escape(path))
        return None

    def refused(self, path: str) -> bool:
        """Tell whether there is such a file, which can be no picture; that was told."""
        return escape(path.encode("utf-8", "replace")) in self._refused

    def finish(self, used: set[bytes], annotations: Sequence[str]) -> None:
        """Nothing else was looked at."""


def _reaches(file: Path, root: Path) -> bool:
    """Tell whether the first pictures that a file names lie below a root."""
    from engines.read.coco_rows import first_names

    path = os.fspath(file.relative_to(root))
    names = first_names(file)
    return any(os.path.lexists(root / place) for name in names for place in candidates(path, name))


def _dataset(
    source: Path,
    pictures: _Listed | _Beside,
    rows: CocoRows,
    annotations: Sequence[Mapping[str, Any]],
    paths: Sequence[str],
) -> Dataset:
    order = sorted(range(len(rows.found)), key=lambda place: escape(rows.found[place].path))
    files = [rows.found[place] for place in order]
    ids = [escape(found.path) for found in files]
    own = rows.boxes.columns(order) if rows.categories else {}
    if rows.captions:
        own["caption"] = text_column(["\n".join(rows.captions.get(place, ())) for place in order])
    labels = [rows.boxes.label(place) for place in order]
    table = assemble(ids, ids, labels, [rows.splits[place] for place in order], own)
    pictures.finish({found.path for found in files}, paths)
    origin = {
        "reader": "coco",
        "format": "coco",
        "roles": {"image": "file_name", "label": "category_id", **({"caption": "caption"} if rows.captions else {})},
        "columns": [],
        "names": {},
        "label_rule": RULE,
        "annotations": list(annotations),
        "categories": list(rows.categories),
    }
    return listed_dataset(source, pictures.listing, files, table, origin)


def _nothing(source: Path, rows: CocoRows, paths: Sequence[str]) -> SourceError:
    if not rows.named:
        return SourceError(f"{source}: no annotation file lists a picture", f"looked into: {', '.join(paths)}")
    path, name = rows.named
    looked = ", ".join(list(candidates(path, name))[:6])
    return SourceError(
        f"{source}: none of the pictures that {path} names is there", f"looked for the first one at: {looked}, and so on"
    )


__all__ = ["CocoReader", "annotation_files"]
