"""Export the pictures of a COCO folder with its annotation files, corrected."""

from __future__ import annotations

import json
import posixpath
import unicodedata
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any, ClassVar

from engines.artifacts import Dataset
from engines.coco_format import resolve
from engines.errors import ExportError
from engines.export.annotated import Relabels, of_plan, place_pictures
from engines.export.copying import Link
from engines.export.guard import sha256_of
from engines.export.ledger import Ledger
from engines.export.places import Tree, system_path
from engines.export.plan import Plan
from engines.json_stream import BrokenJson, Entries, members
from engines.parameters import Doc, engine
from engines.protocols import ExportRow, Progress, part

ELSEWHERE = -1
"""A picture that is there and no row: the source has it, the data set does not use it."""
EVERY = 2000


@engine
class CocoExporter:
    """Write the pictures at their places and the annotation files of the source again, without what was left out.

    Pictures that do not leave go with their entries and boxes. All boxes of the class that was the label of a picture become boxes of
    its new label; a class that a file does not have is added to its categories. Whatever else stands in the files stays as it was.
    """

    suffix: ClassVar[str] = ""
    with_findings: ClassVar[bool] = False
    link: Annotated[Link, Doc("copy the files, or link to them")] = "copy"

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Refuse what was not read from COCO files."""
        if dataset.origin.get("reader") == "coco":
            return ""
        return "an annotation without a box is no valid COCO, and this source has no COCO boxes; folder and yolo hold classes of pictures"

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write pictures, then annotation files, one at a time.

        Raises:
            ExportError: when an annotation file of the source has gone or cannot be read.
        """
        plan = of_plan(rows, "coco")
        paths = [str(entry["path"]) for entry in plan.dataset.origin["annotations"]]
        counted = {str(entry["path"]): bool(entry.get("boxes_count", True)) for entry in plan.dataset.origin["annotations"]}
        for path in paths:
            if not (Path(plan.dataset.root) / system_path(path)).is_file():
                raise ExportError(f"the annotation file {path} is not there any more", "look whether the data set was moved")
        tree, ledger = Tree(), Ledger()
        places = {path: tree.file(path) for path in paths}
        placed = place_pictures(rows, target, tree, self.link, ledger, progress=part(progress, 0.0, 0.7))
        relabels = Relabels.of(plan)
        pictures = _Pictures(plan)
        told = []
        for number, path in enumerate(paths):
            step = part(progress, 0.7 + 0.3 * number / len(paths), 0.7 + 0.3 * (number + 1) / len(paths))
            file = _File(plan, path, places[path], pictures, placed, relabels, counts=counted[path])
            try:
                told.append(file.write(target, step))
            except BrokenJson as error:
                raise ExportError(f"{path} cannot be read any more: {error}", "look whether the file is whole") from None
            ledger.files[places[path]] = sha256_of(target / places[path])
        progress(1.0, "files written")
        return ledger.told() | {"annotations": told} | relabels.told(plan, placed)


class _Pictures:
    """The rows of the data set by their paths; letters with accents may be composed either way."""

    def __init__(self, plan: Plan) -> None:
        self._root = Path(plan.dataset.root)
        self._rows = {path: row for row, path in enumerate(plan.dataset.rows.column("path").to_pylist())}
        self._composed: dict[str, int] | None = None

    def find(self, path: str) -> int | None:
        """Give the row of a picture, ELSEWHERE for one that is there and no row, None for none."""
        name = path.encode("utf-8", "replace").decode().replace("\\", "\\x5c")
        if name in self._rows:
            return self._rows[name]
        if not name.isascii():
            if self._composed is None:
                self._composed = {unicodedata.normalize("NFC", known): row for known, row in self._rows.items()}
            if (found := self._composed.get(unicodedata.normalize("NFC", name))) is not None:
                return found
        return ELSEWHERE if (self._root / path.encode("utf-8", "replace").decode()).is_file() else None


class _File:
    """One annotation file on its way from the source to the export."""

    def __init__(  # noqa: PLR0917 a plain record of what it needs
        self,
        plan: Plan,
        path: str,
        place: str,
        pictures: _Pictures,
        placed: Mapping[int, str],
        relabels: Relabels,
        *,
        counts: bool,
    ) -> None:
        self._source = Path(plan.dataset.root) / system_path(path)
        self._path, self._place, self._placed, self._relabels, self._counts = path, place, placed, relabels, counts
        self._paths = plan.dataset.rows.column("path")
        self._find = pictures.find
        self._rows: dict[Hashable, int] = {}
        self._names: dict[Hashable, str] = {}
        self._written: set[Hashable] = set()
        self._told = {"images": 0, "images_left_out": 0, "annotations": 0, "annotations_left_out": 0, "relabeled": 0}

    def write(self, target: Path, progress: Progress) -> dict[str, Any]:
        """Write the file; tell how much of it is left."""
        with self._source.open("rb") as stream:
            self._learn(stream)
        added = self._add_classes()
        out = target / self._place
        out.parent.mkdir(parents=True, exist_ok=True)
        changes = {"images": self._image, "annotations": self._annotation}
        with self._source.open("rb") as stream, out.open("x", encoding="ascii", newline="\n") as file:
            mark = "{"
            for name, value in members(stream):
                file.write(f"{mark}\n{json.dumps(name)}: ")
                mark = ","
                if not isinstance(value, Entries):
                    file.write(json.dumps(value))
                    continue
                entries = map(changes.get(name, _same), _slowly(value, name, progress))
                _write_array(file, entries, added if name == "categories" else ())
            file.write("{}" if mark == "{" else "\n}\n")
        return {"path": self._place, **self._told, "added_classes": [entry["name"] for entry in added]}

    def _learn(self, stream: IO[bytes]) -> None:
        """Learn which images are rows, and what the categories are called."""
        for name, value in members(stream):
            if not isinstance(value, Entries) or name not in ("images", "categories"):
                continue
            for entry in value:
                key = _key(entry, "id")
                if key is None:
                    continue
                if name == "categories":
                    self._names.setdefault(key, str(entry.get("name")))
                elif isinstance(entry.get("file_name"), str) and key not in self._rows and "\x00" not in entry["file_name"]:
                    row = resolve(self._path, entry["file_name"], self._find)
                    self._rows[key] = ELSEWHERE if row is None else row

    def _add_classes(self) -> list[dict[str, Any]]:
        """Give new categories for the labels that the file has no category of."""
        if not self._names or not self._counts:
            return []
        rows = set(self._rows.values())
        wanted = {now for row, (given, now) in self._relabels.wanted.items() if given is not None and row in rows}
        numbers = [key for key in self._names if isinstance(key, int)]
        added: list[dict[str, Any]] = []
        for name in sorted(wanted - set(self._names.values())):
            # Numbers where the file has numbers, else names.
            key: int | str = max(numbers) + 1 + len(added) if numbers else name
            added.append({"id": key, "name": name, "supercategory": ""})
        for entry in added:
            self._names[entry["id"]] = entry["name"]
        return added

    def _row(self, key: Hashable) -> int:
        row = self._rows.get(key, ELSEWHERE)
        return row if row in self._placed else ELSEWHERE

    def _image(self, entry: Any) -> Any:
        key = _key(entry, "id")
        row = ELSEWHERE if key is None else self._row(key)
        # An id that comes back is that of the first entry; the source's reader says so too.
        if row == ELSEWHERE or key in self._written:
            self._told["images_left_out"] += 1
            return None
        self._written.add(key)
        self._told["images"] += 1
        place = self._placed[row]
        if place != self._paths[row].as_py() or self._place != self._path:
            entry["file_name"] = posixpath.relpath(place, posixpath.dirname(self._place) or ".")
        return entry

    def _annotation(self, entry: Any) -> Any:
        key = _key(entry, "image_id")
        row = ELSEWHERE if key is None else self._row(key)
        if row == ELSEWHERE:
            self._told["annotations_left_out"] += 1
            return None
        self._told["annotations"] += 1
        segments = entry.get("segments_info")
        for box in segments if isinstance(segments, list) and "category_id" not in entry else [entry]:
            self._relabel(box, row)
        return entry

    def _relabel(self, box: Any, row: int) -> None:
        key = _key(box, "category_id")
        now = self._relabels.change(row, self._names.get(key)) if key is not None else None
        new = next((known for known, name in self._names.items() if name == now), None) if now is not None else None
        if new is not None:
            box["category_id"] = new
            self._told["relabeled"] += 1
            if self._counts:
                self._relabels.count(row)


def _key(entry: Any, name: str) -> Hashable | None:
    key = entry.get(name) if isinstance(entry, dict) else None
    return key if isinstance(key, (int, str, float)) else None


def _same(entry: Any) -> Any:
    return entry


def _slowly(entries: Entries, name: str, progress: Progress) -> Iterator[Any]:
    for number, entry in enumerate(entries):
        if number % EVERY == 0:
            progress(0.5, f"writing annotations · {number:,} {name}")
        yield entry


def _write_array(file: IO[str], entries: Iterator[Any], more: Any) -> None:
    """Write what is left of an array, an entry a line, and then what was added."""
    mark = "["
    for held in (entries, more):
        for entry in held:
            if entry is not None:
                file.write(f"{mark}\n{json.dumps(entry)}")
                mark = ","
    file.write("[]" if mark == "[" else "\n]")


__all__ = ["CocoExporter"]
