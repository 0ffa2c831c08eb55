"""The files of labels of a YOLO folder, written again for the pictures that leave, and data.yaml with the names of the classes."""

from __future__ import annotations

import codecs
import os
import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engines.artifacts import Dataset
from engines.errors import ExportError
from engines.export.annotated import Relabels
from engines.export.guard import sha256_of
from engines.export.places import Tree, system_path
from engines.yolo_format import label_path, parse_yaml, write_yaml

LARGEST_NUMBER = 10_000
"""A label of digits up to this is the number of a class where classes have no names."""
_LINE = re.compile(rb"^(\s*)(\S+)(.*)$", re.DOTALL)


class Classes:
    """The classes of a YOLO folder by their numbers; a new one comes behind the others."""

    def __init__(self, dataset: Dataset) -> None:
        given: Sequence[str] | None = dataset.origin.get("class_names")
        self.named = given is not None
        self.names = list(given) if given is not None else _numbers(dataset)
        self.added: list[str] = []

    def number(self, name: str) -> int:
        """Give the number of a class, new where there is none of that name."""
        if name in self.names:
            return self.names.index(name)
        if not self.named and name.isdecimal() and name.isascii() and int(name) <= LARGEST_NUMBER and str(int(name)) == name:
            while len(self.names) <= int(name):
                self.names.append(str(len(self.names)))
        else:
            self.names.append(name)
        self.added.append(name)
        return self.names.index(name)

    @property
    def spoken(self) -> bool:
        """Tell whether the names say more than the numbers."""
        return self.named or any(name != str(number) for number, name in enumerate(self.names))


def _numbers(dataset: Dataset) -> list[str]:
    """Name classes by their numbers, as far as the pictures have them."""
    told = dataset.rows.column("classes").to_pylist() if "classes" in dataset.own_columns else []
    largest = max((int(number) for text in told if text for number in text.split(", ")), default=-1)
    return [str(number) for number in range(largest + 1)]


class Labels:
    """The files of labels, one per picture that had one."""

    def __init__(self, dataset: Dataset, classes: Classes, relabels: Relabels) -> None:
        self._root = os.fsencode(dataset.root)
        self._media = dataset.media.column("media")
        self._classes, self._relabels = classes, relabels
        self._told = {"labels": 0, "boxes_relabeled": 0}

    def write(self, row: int, place: str, target: Path) -> dict[str, str]:
        """Write the labels of a picture beside its new place; give their path and hash."""
        source = os.path.join(self._root, label_path(self._media[row].as_py()))  # noqa: PTH118 a path in raw bytes
        try:
            with open(source, "rb") as stream:  # noqa: PTH123 a path in raw bytes
                raw = stream.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            shown = source.decode("utf-8", "backslashreplace")
            raise ExportError(f"the labels {shown} cannot be read: {error.strerror or error}", "look into that file") from None
        path = os.fsdecode(label_path(os.fsencode(place)))
        out = target / path
        out.parent.mkdir(parents=True, exist_ok=True)
        if row in self._relabels.wanted:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        with out.open("xb") as file:
            file.write(b"".join(self._line(line, row) for line in raw.splitlines(keepends=True)))
        self._told["labels"] += 1
        return {path: sha256_of(out)}

    def _line(self, line: bytes, row: int) -> bytes:
        """Give a line with the number of the class that it has now; whatever else stands in it stays."""
        if row not in self._relabels.wanted:
            return line
        found = _LINE.match(line)
        try:
            number = int(float(found[2])) if found else -1
        except (ValueError, OverflowError):
            return line
        name = self._classes.names[number] if 0 <= number < len(self._classes.names) else None
        now = self._relabels.change(row, name)
        if found is None or now is None:
            return line
        self._relabels.count(row)
        self._told["boxes_relabeled"] += 1
        return found[1] + str(self._classes.number(now)).encode() + found[3]

    def told(self) -> dict[str, int]:
        """Tell how many files were written and boxes changed."""
        return self._told


class Descriptions:
    """data.yaml, lists of pictures and names of classes, at their places."""

    def __init__(self, dataset: Dataset, tree: Tree) -> None:
        origin: Mapping[str, Any] = dataset.origin
        self._root = Path(dataset.root)
        self._tree = tree
        self._yaml: str | None = origin.get("yaml")
        self._splits: Mapping[str, Sequence[str]] = origin.get("splits") or {}
        self._names_place = tree.file(origin.get("names_file") or "classes.txt")
        self._lists: dict[str, str] = {}
        self._yaml_place = ""
        if self._yaml is not None:
            self._yaml_place = tree.file(self._yaml if not posixpath.isabs(self._yaml) else posixpath.basename(self._yaml))
            for split in self._splits:
                self._lists[split] = tree.file(f"{split}.txt")
        self._origin = origin

    def write(self, target: Path, classes: Classes, pictures: Sequence[tuple[str | None, str]]) -> dict[str, str]:
        """Write what the source had of them; ``pictures``: split and place of each one that left."""
        written: dict[str, str] = {}
        if (self._yaml is None or self._origin.get("names_file")) and classes.spoken:
            written[self._names_place] = "".join(f"{' '.join(name.split())}\n" for name in classes.names)
        if self._yaml is not None:
            splits = {split: self._places(split, target, pictures, written) for split in self._known(pictures)}
            written[self._yaml_place] = write_yaml(self._below(splits), classes.names, self._read_others())
        for path, text in written.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")
        return {path: sha256_of(target / path) for path in written}

    def _known(self, pictures: Sequence[tuple[str | None, str]]) -> list[str]:
        return list(self._splits) or sorted({split for split, _ in pictures if split is not None})

    def _places(
        self, split: str, target: Path, pictures: Sequence[tuple[str | None, str]], written: dict[str, str]
    ) -> list[str]:
        """Give the folders of a split, or a list of its pictures where there are none."""
        folders = [self._tree.folder(place) for place in self._splits.get(split, ()) if not place.lower().endswith(".txt")]
        for folder in folders:
            (target / folder).mkdir(parents=True, exist_ok=True)
        inside = tuple(f"{folder}/" if folder else "" for folder in folders)
        rest = [place for one, place in pictures if one == split and not (inside and place.startswith(inside))]
        if rest or not folders:
            path = self._lists.get(split) or self._tree.file(f"{split}.txt")
            written[path] = "".join(f"./{place}\n" for place in rest)
            folders.append(path)
        return folders

    def _below(self, splits: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Give the places as data.yaml says them: from its own folder on."""
        base = posixpath.dirname(self._yaml_place) or "."
        return {split: [posixpath.relpath(place or ".", base) for place in places] for split, places in splits.items()}

    def _read_others(self) -> Mapping[str, str]:
        """Read the keys of data.yaml that are none of ours again."""
        assert self._yaml is not None
        try:
            return parse_yaml((self._root / system_path(self._yaml)).read_text("utf-8-sig")).others
        except (OSError, ValueError) as error:
            raise ExportError(f"{self._yaml} cannot be read any more: {error}", "look whether the data set was moved") from None


__all__ = ["Classes", "Descriptions", "Labels"]
