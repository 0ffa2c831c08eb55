"""Collect what samples hold besides their pictures, shard by shard and by columns, so that no sample stays an object."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.read.columns import own_column, text_column
from engines.read.members import BAD
from engines.read.names import escape
from engines.read.rejects import Rejects
from engines.read.samples import CAPTIONS, COLUMNS, FIELDS, LABELS, Shard

MOST_COLUMNS = 1000
Rows = npt.NDArray[np.int64]


@dataclass(kw_only=True)
class Block:
    """The usable samples of one shard: keys, paths for a person, where the picture lies, texts of members, keys of ``.json``."""

    shard: Shard
    key: Any
    path: Any
    offset: Rows
    size: Rows
    members: dict[str, Any]
    columns: dict[str, Any]

    def __len__(self) -> int:
        return len(self.key)


@dataclass(kw_only=True)
class Blocks:
    """The usable samples of all shards that were added. ``ranked``: extensions of pictures; none for samples of texts."""

    ranked: list[str]
    rejects: Rejects
    counts: Counter[str] = field(default_factory=Counter)
    blocks: list[Block] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    def add(self, shard: Shard, chosen: Rows, reasons: Mapping[int, str]) -> None:
        """Take the samples of a shard; ``chosen``: the member that is the picture of each, -1 for none, and why."""
        self._note(shard)
        texts = {name: _decoded(shard.texts(name)) for name in shard.extensions if name in (*LABELS, *CAPTIONS)}
        if self.ranked:
            good = np.flatnonzero(chosen >= 0)
        else:
            caption = next((texts[name] for name in CAPTIONS if name in texts), [])
            good = np.flatnonzero([bool(text) for text in caption])
        self._reject(shard, good, reasons)
        rows = chosen[good] if self.ranked else np.empty(0, np.int64)
        names = [escape(shard.keys[number]) for number in good.tolist()]
        paths = [shard.path(row) for row in rows.tolist()] if self.ranked else [f"{shard.name}/{name}" for name in names]
        self.blocks.append(
            Block(
                shard=shard,
                key=pa.array(names, pa.string()),
                path=pa.array(paths, pa.string()),
                offset=shard.members.numbers("offset")[rows],
                size=shard.members.numbers("size")[rows],
                members={name: text_column([values[number] for number in good.tolist()]) for name, values in texts.items()},
                columns=self._columns(shard, good),
            )
        )

    @cached_property
    def members(self) -> dict[str, Any]:
        """Give the texts of members by extension, one value per sample."""
        names = dict.fromkeys(name for block in self.blocks for name in block.members)
        lengths = [len(block) for block in self.blocks]
        return {name: merged([block.members.get(name) for block in self.blocks], lengths) for name in names}

    @cached_property
    def columns(self) -> dict[str, Any]:
        """Give the keys of ``.json``, one value per sample."""
        lengths = [len(block) for block in self.blocks]
        return {name: merged([block.columns.get(name) for block in self.blocks], lengths) for name in self.names}

    def _note(self, shard: Shard) -> None:
        """Note what of a shard is no part of a sample, or cannot be read."""
        self.counts.update(shard.counts)
        for row in shard.replaced.tolist():
            path = shard.path(row)
            self.rejects.add(None, f"{path} lies in the shard more than once; the last one counts", path=path)
        used = {*self.ranked, *FIELDS}
        others = [number for number, name in enumerate(shard.extensions) if name not in used]
        unused = int(np.isin(shard.extension, others).sum())
        if unused:
            self.counts["unused_members"] += unused
        for place in np.flatnonzero(shard.kinds == BAD).tolist():
            if shard.extensions[shard.extension[place]] not in self.ranked:
                row = int(shard.row[place])
                self.rejects.add(None, f"{shard.path(row)}: {shard.members.at('reason', row)}", path=shard.path(row))

    def _reject(self, shard: Shard, good: Rows, reasons: Mapping[int, str]) -> None:
        wanted = "picture" if self.ranked else "text"
        for number in np.setdiff1d(np.arange(len(shard.keys)), good).tolist():
            path = f"{shard.name}/{escape(shard.keys[number])}"
            self.rejects.add(None, f"{path}: {reasons.get(number, f'has no {wanted}')}", path=path)

    def _columns(self, shard: Shard, good: Rows) -> dict[str, Any]:
        """Read the keys of ``.json`` as columns, one value per usable sample."""
        found: dict[str, list[Any]] = {}
        contents = shard.texts(COLUMNS[0])
        for place, number in enumerate(good.tolist()):
            raw = contents[number]
            if raw is None:
                continue
            try:
                record = json.loads(raw)
            except (ValueError, RecursionError):
                record = None
            if not isinstance(record, dict):
                path = f"{shard.name}/{escape(shard.keys[number])}.{COLUMNS[0]}"
                self.rejects.add(None, f"{path} is not a JSON object", path=path)
                continue
            for name, value in record.items():
                if name not in self.names and len(self.names) >= MOST_COLUMNS:
                    self.counts["values_of_further_columns"] += 1
                    continue
                self.names.setdefault(name)
                found.setdefault(name, [None] * len(good))[place] = value
        return {name: own_column(values) for name, values in found.items()}


def merged(chunks: Sequence[Any], lengths: Sequence[int]) -> Any:
    """Join the columns of several shards; None = a shard has none. Of their common type where there is one, else text."""
    types = {chunk.type for chunk in chunks if chunk is not None and chunk.null_count < len(chunk)}
    if types == {pa.int64(), pa.float64()}:
        types = {pa.float64()}
    kind = types.pop() if len(types) == 1 else pa.string()
    parts = []
    for chunk, length in zip(chunks, lengths, strict=True):
        if chunk is None or chunk.null_count == len(chunk):
            parts.append(pa.nulls(length, kind))
        elif chunk.type == kind:
            parts.append(chunk)
        else:
            # Numbers beyond 2^53 have no exact place among fractions.
            parts.append(chunk.cast(kind, safe=False) if kind == pa.float64() else text_column(chunk.to_pylist()))
    return pa.concat_arrays(parts) if parts else pa.nulls(0, kind)


def _decoded(contents: Sequence[bytes | None]) -> list[str | None]:
    return [None if raw is None else raw.decode("utf-8-sig", "replace").strip() for raw in contents]


__all__ = ["Block", "Blocks", "merged"]
