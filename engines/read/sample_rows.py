"""Make the rows of WebDataset samples: which member or key is label, split, caption and id, and what numbers of classes mean."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engines.artifacts import Dataset
from engines.errors import SourceError
from engines.keys import digest
from engines.media import media_table
from engines.protocols import SourceOptions
from engines.read.columns import free_names, text_column
from engines.read.sample_blocks import Blocks
from engines.read.samples import CAPTIONS, COLUMNS, LABELS, Shard
from engines.read.table_labels import JOINT, sibling_names
from engines.table_key import table_digest

CLASS_FILES = ("classes.json", "classnames.txt", "classes.txt", "class_names.txt")
CLASS_FILE_LIMIT = 4 << 20


@dataclass(kw_only=True)
class SampleRows:
    """The rows of the samples in ``blocks``, in the order of ids. A member is called by its extension with a dot, a key plainly."""

    source: Path
    root: Path
    shards: Sequence[Shard]
    blocks: Blocks
    options: SourceOptions

    @cached_property
    def roles(self) -> dict[str, str]:
        """Choose which member or key plays which part.

        Raises:
            SourceError: when an option names what no sample has.
        """
        options = self.options
        parts = {
            "label": self._named("label", options.label, ("label", *(f".{name}" for name in LABELS), "cls", "class")),
            "split": self._named("split", options.split, ("split",)),
            "id": self._named("id", options.id, ()),
        }
        option, text = ("text", options.text) if options.caption is None else ("caption", options.caption)
        part = "caption" if self.blocks.ranked else "text"
        parts[part] = self._named(option, text, (*(f".{name}" for name in CAPTIONS), "caption", "text"))
        return {part: name for part, name in parts.items() if name is not None}

    def _named(self, option: str, wanted: str | None, defaults: tuple[str, ...]) -> str | None:
        members, columns = self.blocks.members, self.blocks.columns
        if wanted is None:
            return next((name for name in defaults if (name[1:] in members if name[0] == "." else name in columns)), None)
        plain = wanted.removeprefix(".")
        if plain in members:
            return f".{plain}"
        if wanted in columns:
            return wanted
        known = [*(f".{name}" for name in members), *columns]
        raise SourceError(f"--{option}: no sample has {wanted!r}", f"there are: {', '.join(known) or 'pictures only'}")

    def dataset(self) -> Dataset:
        """Put everything together.

        Raises:
            SourceError: when no sample is left, or the values of ``--id`` repeat.
        """
        blocks = self.blocks
        if not len(blocks):
            first = blocks.rejects.reasons[0] if len(blocks.rejects) else "there is none"
            raise SourceError(f"not one sample in {self.source} can be used", first)
        label, label_names = self._label()
        ids, prefixed = self._ids()
        own, free = self._own()
        path = pa.concat_arrays([block.path for block in blocks.blocks])
        rows = pa.table({"id": ids, "path": path, "label": label, "split": self._split(), **own})
        order = self._order(rows)
        rows = rows.take(order)
        if blocks.ranked:
            media, stats = self._media(order.to_numpy())
        else:
            media, stats = media_table(self._values(self.roles["text"]).take(order)), np.empty((0, 3), dtype=np.int64)
        rejects = blocks.rejects.table()
        identity = f"webdataset {self.root}"
        media_key = digest(identity, table_digest(rows.select(["id"])), table_digest(media), stats.tobytes())
        columns_key = table_digest(rows)
        return Dataset(
            key=digest("dataset", media_key, columns_key, table_digest(rejects)),
            kind="pictures" if blocks.ranked else "texts",
            source=os.fspath(self.source),
            root=os.fspath(self.root),
            rows=rows,
            media=media,
            stats=stats,
            rejects=rejects,
            counts=dict(sorted(blocks.counts.items())),
            origin=self._origin(free, label_names, prefixed=prefixed),
            media_key=media_key,
            columns_key=columns_key,
        )

    def _values(self, name: str) -> Any:
        """Give a member's or a key's values as texts; several labels of a row are joined."""
        if name.startswith(".") and name[1:] in self.blocks.members:
            return self.blocks.members[name[1:]]
        column = self.blocks.columns[name]
        if pa.types.is_list(column.type):
            return pa.array([JOINT.join(map(str, value)) if value else None for value in column.to_pylist()], pa.string())
        return text_column(column)

    def _label(self) -> tuple[Any, dict[str, str]]:
        """Give the labels, and the names of numbered classes where they have some."""
        if "label" not in self.roles:
            return pa.nulls(len(self.blocks), pa.string()), {}
        label = self._values(self.roles["label"])
        numbers = next((self.blocks.members[name] for name in LABELS if name in self.blocks.members), None)
        if numbers is not None and self.roles["label"] == "label":
            # Both a number and a name: what our own export writes.
            learned = sibling_names(numbers, label) or {}
            if any(number != name for number, name in learned.items()):
                return label, learned if all(number.isdigit() for number in learned) else {}
        return with_names(label, self.root)

    def _split(self) -> Any:
        if "split" in self.roles:
            return self._values(self.roles["split"])
        return pa.concat_arrays([pa.array([block.shard.split] * len(block), pa.string()) for block in self.blocks.blocks])

    def _ids(self) -> tuple[Any, bool]:
        """Give ids: a column, else keys; with the shard in front of all (True) where one occurs in several shards."""
        if "id" in self.roles:
            return self._values(self.roles["id"]), False
        keys = pa.concat_arrays([block.key for block in self.blocks.blocks])
        if pc.count_distinct(keys).as_py() == len(keys):
            return keys, False
        parts = [pc.binary_join_element_wise(block.shard.stem, block.key, "/") for block in self.blocks.blocks]
        return pa.concat_arrays(parts), True

    def _order(self, rows: pa.Table) -> Any:
        """Give the rows that have an id, in the order of ids."""
        ids = rows.column("id")
        order = pc.sort_indices(ids)
        if "id" not in self.roles:
            return order
        column = self.roles["id"]
        for row in np.flatnonzero(ids.is_null().to_numpy()).tolist():
            path = rows.column("path")[row].as_py()
            self.blocks.rejects.add(None, f"{path} has no value for {column!r}, the id", path=path)
        counted = pc.value_counts(ids.drop_null()).to_pylist()
        twice = next((entry for entry in counted if entry["counts"] > 1), None)
        if twice is not None:
            raise SourceError(
                f"--id: {twice['values']!r} is the {column!r} of {twice['counts']} samples", "choose a key that does not repeat"
            )
        return order.filter(ids.take(order).is_valid())

    def _own(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Give the own columns, and the names of keys as columns."""
        own: dict[str, Any] = {}
        if "caption" in self.roles:
            own["caption"] = self._values(self.roles["caption"])
        used = set(self.roles.values())
        columns = self.blocks.columns
        # img2dataset and others say the caption twice.
        said = {
            name for name in ("caption",) if name in own and name in columns and text_column(columns[name]).equals(own[name])
        }
        free = free_names((name for name in columns if name not in used | said), taken=own)
        return own | {free[name]: columns[name] for name in free}, free

    def _origin(self, free: Mapping[str, str], label_names: dict[str, str], *, prefixed: bool) -> dict[str, Any]:
        roles, ranked = self.roles, self.blocks.ranked
        extensions: dict[str, str | None] = {}
        for name in dict.fromkeys(name for shard in self.shards for name in shard.extensions):
            part = next((part for part, told in roles.items() if told == f".{name}"), None)
            extensions[name] = "image" if name in ranked else "columns" if name in COLUMNS else part
        return {
            "reader": "webdataset",
            "format": "webdataset",
            "roles": {**({"image": f".{ranked[0]}"} if ranked else {}), **roles},
            "columns": list(self.blocks.columns),
            "names": {name: given for name, given in free.items() if name != given},
            "label_names": label_names,
            "extensions": extensions,
            "shards": [shard.name for shard in self.shards],
            "splits": "column" if "split" in roles else "shards" if any(shard.split for shard in self.shards) else None,
            "ids": roles.get("id") or ("shard/key" if prefixed else "key"),
        }

    def _media(self, order: npt.NDArray[np.int64]) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        """Tell where the pictures lie: shards below the root by their names, unpacked ones by their paths."""
        blocks = self.blocks.blocks
        held = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])[order]
        paths, told = [], []
        for block in blocks:
            container = os.fsencode(block.shard.container)
            paths.append(container.removeprefix(os.fsencode(self.root).rstrip(b"/") + b"/"))
            info = block.shard.container.stat()
            told.append((info.st_size, info.st_mtime_ns, info.st_ino))
        offset = np.concatenate([block.offset for block in blocks])[order]
        size = np.concatenate([block.size for block in blocks])[order]
        media = media_table(pa.array(paths, pa.binary()).take(pa.array(held)), offset, size)
        return media, np.array(told, dtype=np.uint64).astype(np.int64)[held]


def with_names(label: Any, folder: Path) -> tuple[Any, dict[str, str]]:
    """Give numbers of classes the names that a file in the folder or above it (``CLASS_FILES``) has for every one of them."""
    present = [value for value in label.unique().to_pylist() if value is not None]
    if not present or not all(value.isascii() and value.isdigit() and len(value) < 8 for value in present):
        return label, {}
    for file in (place / name for place in (folder, folder.parent) for name in CLASS_FILES):
        names = _class_names(file)
        if names and max(map(int, present)) < len(names):
            named = {value: names[int(value)] for value in present}
            told = {str(number): name for number, name in enumerate(names)}
            return pa.array([None if value is None else named[value] for value in label.to_pylist()], pa.string()), told
    return label, {}


def _class_names(path: Path) -> list[str]:
    """Read the names of classes, in the order of their numbers; none where the file is not one of these."""
    try:
        if not path.is_file() or path.stat().st_size > CLASS_FILE_LIMIT:
            return []
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".json":
            told = json.loads(text)
            return told if isinstance(told, list) and all(isinstance(name, str) and name for name in told) else []
    except (OSError, ValueError, RecursionError):
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]


__all__ = ["SampleRows", "with_names"]
