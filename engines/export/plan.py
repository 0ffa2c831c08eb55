"""What leaves and what does not: the rows that stay with their labels and columns, and the reason for each that does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import Dataset
from engines.media import MediaFiles, Place
from engines.protocols import ExportRow

Mask = npt.NDArray[np.bool_]
BLOCK = 4096
ALWAYS = ("id", "label", "split")
TEXT = "text"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The rows of a data set that leave, and why the others do not.

    ``stay``: row numbers in order. ``labels``: what each row is labeled now (all n rows). ``columns``: a table of n rows with what
    goes along beside id, label and split. ``dropped``: row number and reason. ``contents``: content hash per row, or nothing.
    """

    dataset: Dataset
    stay: npt.NDArray[np.int64]
    labels: Sequence[str | None]
    columns: pa.Table
    dropped: Sequence[tuple[int, str]] = ()
    contents: Sequence[str] = ()
    where: str | None = None
    keys: dict[str, str] = field(default_factory=dict)

    def rows(self) -> Rows:
        """Start over with the rows that leave."""
        return Rows(self)


class Rows(Iterator[ExportRow]):
    """The rows of a plan, one by one; knows how many are left, their column types, and the content hash of a row's file."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._left = len(plan.stay)
        self._stream = self._blocks()
        self.schema: pa.Schema = plan.columns.schema
        self.contents: dict[str, str] = {}
        self.has_labels = any(plan.labels[row] is not None for row in plan.stay)
        self.has_splits = any(
            split is not None for split in plan.dataset.rows.column("split").take(pa.array(plan.stay)).to_pylist()
        )

    def __iter__(self) -> Rows:
        return self

    def __next__(self) -> ExportRow:
        row = next(self._stream)
        self._left -= 1
        return row

    def __length_hint__(self) -> int:
        return self._left

    @property
    def dataset(self) -> Dataset:
        """Give the data set that they are rows of."""
        return self.plan.dataset

    def by_split(self) -> Iterator[tuple[str | None, Rows]]:
        """Start over, once for each split in the order of its first row, so that one file at a time is written."""
        stay = self.plan.stay
        splits = self.plan.dataset.rows.column("split").take(pa.array(stay)).to_pylist()
        places: dict[str | None, list[int]] = {}
        for place, split in enumerate(splits):
            places.setdefault(split, []).append(place)
        for split, chosen in places.items():
            yield split, replace(self.plan, stay=stay[chosen]).rows()

    def _blocks(self) -> Iterator[ExportRow]:
        plan = self.plan
        files = MediaFiles(plan.dataset)
        rows = plan.dataset.rows
        for start in range(0, len(plan.stay), BLOCK):
            block = plan.stay[start : start + BLOCK]
            picked = pa.array(block)
            ids, splits = (rows.column(name).take(picked).to_pylist() for name in ("id", "split"))
            paths = rows.column("path").take(picked).to_pylist()
            columns = plan.columns.take(picked).to_pylist()
            self.contents = dict(zip(ids, (plan.contents[row] for row in block), strict=True)) if plan.contents else {}
            for place, row in enumerate(block):
                where = files.place(int(row))
                yield ExportRow(
                    id=ids[place],
                    file=where.path if where is not None and where.whole else None,
                    name=_file_name(paths[place], where),
                    text=files.text(int(row)),
                    read=partial(files.read, int(row)) if where is not None else None,
                    label=plan.labels[row],
                    split=splits[place],
                    columns=columns[place] if columns else {},
                )


def _file_name(path: str | None, place: Place | None) -> str:
    """Name the file that the media of a row becomes: the last part of its real path, or of what its container calls it."""
    if place is not None and place.whole:
        return os.fsdecode(os.path.basename(place.path))  # noqa: PTH119 a path of bytes
    return (path or "").rpartition("/")[2]


def plan(
    dataset: Dataset,
    *,
    excluded: Mask,
    labels: Sequence[str | None],
    columns: pa.Table | None = None,
    selected: Mask | None = None,
    where: str | None = None,
    why: Callable[[int], str] | None = None,
    contents: Sequence[str] = (),
) -> Plan:
    """Plan an export of what is not excluded, of ``selected`` rows only where given.

    ``why`` says why a row is excluded. ``columns`` (n rows) go along: for a folder the person's own columns and tags, for a table
    everything; id, label and split always do, columns of these names are left out. So does the text of texts.
    """
    taken = ~excluded if selected is None else ~excluded & selected
    dropped: list[tuple[int, str]] = []
    for row in np.flatnonzero(~taken):
        said = (why(int(row)) if why is not None else "") or "excluded"
        dropped.append((int(row), said if excluded[row] else f"not selected by {where or 'the selection'}"))
    table = columns if columns is not None else pa.table({"row": pa.nulls(len(dataset))}).drop_columns(["row"])
    extra = [name for name in table.column_names if name not in ALWAYS]
    return Plan(
        dataset=dataset,
        stay=np.flatnonzero(taken),
        labels=labels,
        columns=_with_text(dataset, table.select(extra)),
        dropped=dropped,
        contents=contents,
        where=where,
    )


def _with_text(dataset: Dataset, columns: pa.Table) -> pa.Table:
    """Put the text of each row before the other columns, under the name that it has in the source."""
    if dataset.kind != "texts":
        return columns
    text = dataset.media.column("media")
    # A part of a WebDataset is called after its suffix.
    name = str((dataset.origin.get("roles") or {}).get("text") or TEXT).removeprefix(".")
    if name in columns.column_names and columns.column(name).equals(text):
        return columns
    while name in (*ALWAYS, *columns.column_names):
        name = f"{TEXT}_{name}"
    return columns.add_column(0, name, text)


def plain(value: Any) -> Any:
    """Give a value that JSON can hold: not-a-number becomes null, dates and bytes become text."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, (str, int, bool)):
        return value
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.hex() if isinstance(value, bytes) else str(value)


__all__ = ["Plan", "Rows", "plain", "plan"]
