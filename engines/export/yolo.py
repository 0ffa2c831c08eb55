"""Export for YOLO: the pictures of a YOLO folder with their labels, corrected; other pictures as folders of classes."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from engines.artifacts import Dataset
from engines.export.annotated import Relabels, of_plan, place_pictures
from engines.export.copying import HARD_LINKS, Link, put, require_linkable
from engines.export.folder import NO_SPLIT
from engines.export.ledger import Ledger, known_content
from engines.export.media import HEAD, Missing, file_name, no_media, opened
from engines.export.names import NameBook
from engines.export.places import RECORDS, Tree
from engines.export.plan import Rows
from engines.export.splits import ALONE
from engines.export.yolo_labels import Classes, Descriptions, Labels
from engines.parameters import Doc, engine
from engines.protocols import ExportRow, Progress, part


@engine
class YoloExporter:
    """Write what trainers of YOLO read.

    From a YOLO folder: the pictures at their places, their files of labels, and ``data.yaml`` or the list of class names that the folder
    had. All lines of the class that was the label of a picture get the number of its new label; a new class is added behind the others.
    From any other pictures: ``split/class/name``, the layout for classification; pictures without a label stay behind.
    """

    suffix: ClassVar[str] = ""
    with_findings: ClassVar[bool] = False
    link: Annotated[Link, Doc("copy the files, or link to them")] = "copy"

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Refuse what are no pictures, and boxes of another kind."""
        if dataset.origin.get("reader") == "coco":
            return "the boxes of this source are those of COCO, which the format coco keeps"
        return "" if dataset.kind == "pictures" else no_media(dataset) or "it is for pictures"

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write the folder."""
        if isinstance(rows, Rows) and rows.dataset.origin.get("reader") == "yolo":
            return self._boxes(rows, target, progress)
        return self._classes(rows, target, progress)

    def _boxes(self, rows: Rows, target: Path, progress: Progress) -> Mapping[str, Any]:
        plan = of_plan(rows, "yolo")
        tree, ledger = Tree(by_stem=True), Ledger()
        descriptions = Descriptions(plan.dataset, tree)
        placed = place_pictures(rows, target, tree, self.link, ledger, progress=part(progress, 0.0, 0.8))
        relabels = Relabels.of(plan)
        classes = Classes(plan.dataset)
        labels = Labels(plan.dataset, classes, relabels)
        for number, (row, place) in enumerate(placed.items()):
            if number % 100 == 0:
                progress(0.8 + 0.2 * number / len(placed), f"writing labels: {number:,} of {len(placed):,}")
            ledger.files |= labels.write(row, place, target)
        splits = plan.dataset.rows.column("split").to_pylist()
        ledger.files |= descriptions.write(target, classes, [(splits[row], place) for row, place in placed.items()])
        progress(1.0, "files written")
        return ledger.told() | labels.told() | relabels.told(plan, placed) | {"added_classes": classes.added}

    def _classes(self, rows: Iterator[ExportRow], target: Path, progress: Progress) -> Mapping[str, Any]:
        ledger, folders = Ledger(), _Folders(target)
        total = operator.length_hint(rows)
        if not isinstance(rows, Rows):
            known = list(rows)
            has_splits, rows = any(row.split is not None for row in known), iter(known)
        else:
            has_splits = rows.has_splits
        for number, row in enumerate(rows):
            if number % 20 == 0:
                progress(number / max(total, number + 1), f"writing files: {number:,} of {total:,}")
            if row.label is None:
                ledger.lacks(row.id, "it has no label, and this layout knows pictures of classes alone")
                continue
            split = (row.split or NO_SPLIT) if has_splits else ALONE
            self._one(row, folders.of(split, row.label), folders, ledger, known_content(rows, row))
        ledger.rows = len(ledger.files)
        if self.link == "hardlink":
            ledger.notes.append(HARD_LINKS)
        progress(1.0, "files written")
        return ledger.told() | {"folders": folders.told}

    def _one(self, row: ExportRow, folder: str, folders: _Folders, ledger: Ledger, content: str | None) -> None:
        require_linkable(row, self.link)
        try:
            with opened(row) as source:
                original = file_name(row, b"" if row.file is not None else source.read(HEAD))
                if row.file is None:
                    source.seek(0)
                path = f"{folder}/{folders.book.take(folder, original)}"
                sums = put(source, row, folders.target / path, self.link)
        except Missing as error:
            ledger.lacks(row.id, str(error))
            return
        ledger.files[path] = sums.sha256
        ledger.compare(row.id, content, sums.content)
        if path.rpartition("/")[2] != original:
            ledger.renamed[row.id] = path


class _Folders:
    """A folder per split and class, made when the first picture of it comes."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.book = NameBook()
        for name in RECORDS:
            self.book.reserve("", name)
        self._splits: dict[str, str] = {}
        self._folders: dict[tuple[str, str], str] = {}

    def of(self, split: str, label: str) -> str:
        """Give the folder of a class."""
        if (split, label) not in self._folders:
            if split not in self._splits:
                self._splits[split] = self.book.take("", split)
            above = self._splits[split]
            folder = f"{above}/{self.book.take(above, label)}"
            (self.target / os.fspath(folder)).mkdir(parents=True)
            self._folders[split, label] = folder
        return self._folders[split, label]

    @property
    def told(self) -> list[dict[str, str]]:
        """Tell which folder is which class."""
        return [{"folder": folder, "split": split, "label": label} for (split, label), folder in self._folders.items()]


__all__ = ["YoloExporter"]
