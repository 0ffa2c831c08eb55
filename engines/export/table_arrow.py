"""Write Parquet and Arrow tables again, in blocks: the same columns, types and metadata, fewer rows, new labels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engines.export.table_arrow_files import open_arrow
from engines.export.table_order import JOINT, LabelColumn, Order, Refuse, Step, Unwritable, free_name, unique_names

HUGGING_FACE = b"huggingface"


class ArrowRewriter:
    """Writes one file again. ``wanted``: all new labels; where one of them is no value of the column's type, the column becomes text."""

    def __init__(self, origin: Mapping[str, Any], label: LabelColumn, wanted: Sequence[str]) -> None:
        self._origin, self._label, self._wanted = origin, label, list(wanted)
        self._as_text = False

    def rewrite(self, source: Path, out: Path, order: Order, refuse: Refuse, step: Step) -> int:
        """Write the file; give the number of rows that the source has. ``refuse`` is told of labels that cannot be written."""
        given = open_arrow(source)
        change = self._change(given.schema, order, refuse)
        row = 0
        with given.writer(out, change.with_classes()) as write:
            for batch in given.batches(order, row):
                if isinstance(batch, int):
                    row = batch
                    continue
                step(row)
                kept = np.flatnonzero(order.keep[row : row + len(batch)])
                if len(kept):
                    write(change.apply(batch, row).take(pa.array(kept)))
                row += len(batch)
        return row

    def _change(self, schema: pa.Schema, order: Order, refuse: Refuse) -> _Change:
        change = _Change(self._label, schema, order, refuse, self._wanted)
        if change.place is not None and self._wanted:
            held = [change.holds(label) for label in self._wanted]
            if not all(held) and change.make_text():
                self._as_text = True
        return change

    def told(self) -> dict[str, Any]:
        """Tell whether the type of the column of labels had to change."""
        if not self._as_text:
            return {}
        return {"notes": [f"the column {self._label.name} is text now: not all of the new labels are values of its type"]}


class _Change:
    """What happens to the columns of one file; ``place``: that of the label, None without one."""

    def __init__(self, label: LabelColumn, schema: pa.Schema, order: Order, refuse: Refuse, wanted: Sequence[str]) -> None:
        self._label, self._order, self._refuse, self._wanted = label, order, refuse, wanted
        names = unique_names(schema.names)
        places = {name: place for place, name in enumerate(names)}
        self.place = places.get(label.name) if label.name is not None else None
        self._beside = places.get(label.beside) if label.beside is not None else None
        self._marks = {name: places[name] for name in label.one_hot if name in places}
        self.schema = schema
        if order.tags is not None:
            self.schema = self.schema.append(pa.field(free_name(names), pa.list_(pa.string())))
        self._text = False

    def holds(self, label: str) -> bool:
        """Tell whether a label can stand in the column as it is."""
        try:
            self._value(label)
        except Unwritable:
            return False
        return True

    def make_text(self) -> bool:
        """Turn the column of labels into one of texts, where it holds plain numbers."""
        assert self.place is not None
        field = self.schema.field(self.place)
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        self._text = pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
        if self._text:
            self.schema = self.schema.set(self.place, field.with_type(pa.string()))
        return self._text

    def _value(self, label: str) -> Any:
        """Give a label as a value of the column's type."""
        assert self.place is not None
        return _converted(self._label, label, self.schema.field(self.place).type)

    def apply(self, batch: pa.RecordBatch, start: int) -> pa.Table:
        """Bring labels and tags into a batch whose first row has the number ``start``."""
        labels = self._order.labels
        rows = [row for row in range(start, start + len(batch)) if row in labels and self._order.stays(row)]
        columns = list(batch.columns)
        if self._text and self.place is not None:
            plain = columns[self.place]
            plain = plain.dictionary_decode() if pa.types.is_dictionary(plain.type) else plain
            columns[self.place] = plain.cast(pa.string())
        if rows and self._marks:
            self._set_marks(columns, rows, start)
        elif self._wanted:
            self._set_labels(columns, rows, start)
        if self._order.tags is not None:
            tags = [list(self._order.tags.get(start + place) or ()) for place in range(len(batch))]
            columns.append(pa.array(tags, pa.list_(pa.string())))
        return pa.Table.from_arrays(columns, schema=_decoded(self.schema, columns))

    def _set_labels(self, columns: list[Any], rows: list[int], start: int) -> None:
        changed: dict[int, Any] = {}
        for row in rows:
            try:
                if self.place is None:
                    raise Unwritable("the label is no column of the file")
                changed[row - start] = self._value(self._order.labels[row])
            except Unwritable as error:
                self._refuse(row, str(error))
        names = {place: self._order.labels[start + place] for place in changed}
        if self.place is not None:
            columns[self.place] = _with_values(self._with_codes(columns[self.place], beside=False), changed)
        if self._beside is not None:
            columns[self._beside] = _with_values(self._with_codes(columns[self._beside], beside=True), names)

    def _with_codes(self, column: Any, *, beside: bool) -> Any:
        """Add all new labels to the values of a column of codes: a file has one list of values, whichever batches hold the new ones."""
        if not pa.types.is_dictionary(column.type):
            return column
        known = column.dictionary.to_pylist()
        wanted = [label if beside else self._value(label) for label in self._wanted if beside or self.holds(label)]
        values = pa.array([*known, *(value for value in dict.fromkeys(wanted) if value not in known)], column.dictionary.type)
        return pa.DictionaryArray.from_arrays(column.indices, values, ordered=column.type.ordered)

    def _set_marks(self, columns: list[Any], rows: list[int], start: int) -> None:
        changed: dict[str, dict[int, Any]] = {name: {} for name in self._marks}
        for row in rows:
            there = {name: columns[place][row - start].as_py() for name, place in self._marks.items()}
            try:
                for name, value in self._label.mark(self._order.labels[row], there).items():
                    if name in changed:
                        changed[name][row - start] = value
            except Unwritable as error:
                self._refuse(row, str(error))
        for name, place in self._marks.items():
            columns[place] = _with_values(columns[place], changed[name])

    def with_classes(self) -> pa.Schema:
        """Give the schema with new classes among the names that Hugging Face keeps in it."""
        return _with_names(self.schema, self._label)


def _converted(label: LabelColumn, text: str, kind: pa.DataType) -> Any:
    if pa.types.is_dictionary(kind):
        return _converted(label, text, kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return [_converted(label, one, kind.value_type) for one in text.split(JOINT)]
    if pa.types.is_boolean(kind):
        return label.value(text, True)
    if pa.types.is_integer(kind):
        number = label.value(text, 0)
        try:
            pa.scalar(number, kind)
        except (pa.ArrowException, OverflowError):
            raise Unwritable(f"the label {text!r:.60} does not fit into {kind}") from None
        return number
    if pa.types.is_floating(kind):
        return label.value(text, 0.0)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return label.value(text, "")
    raise Unwritable(f"a column of the type {kind} cannot take labels")


def _with_values(column: Any, values: Mapping[int, Any]) -> Any:
    """Put values at places of a column, in its own type."""
    if not values:
        return column
    if pa.types.is_dictionary(column.type):
        codes = {value: code for code, value in enumerate(column.dictionary.to_pylist())}
        indices = column.indices.to_pylist()
        for place, value in values.items():
            indices[place] = codes[value]
        indices = pa.array(indices, column.type.index_type)
        return pa.DictionaryArray.from_arrays(indices, column.dictionary, ordered=column.type.ordered)
    held = column.to_pylist()
    for place, value in values.items():
        held[place] = value
    return pa.array(held, column.type)


def _decoded(schema: pa.Schema, columns: Sequence[Any]) -> pa.Schema:
    """Take the types from the columns themselves, names and metadata from the schema."""
    fields = [field.with_type(column.type) for field, column in zip(schema, columns, strict=True)]
    return pa.schema(fields, metadata=schema.metadata)


def _with_names(schema: pa.Schema, label: LabelColumn) -> pa.Schema:
    metadata = dict(schema.metadata or {})
    if not label.added or HUGGING_FACE not in metadata or label.name is None:
        return schema
    try:
        told = json.loads(metadata[HUGGING_FACE])
        feature = told["info"]["features"][label.name]
        while "names" not in feature:
            feature = feature["feature"]
        feature["names"] = [*feature["names"], *label.added]
    except (ValueError, KeyError, TypeError):
        return schema
    return schema.with_metadata({**metadata, HUGGING_FACE: json.dumps(told).encode()})


__all__ = ["ArrowRewriter"]
