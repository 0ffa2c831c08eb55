"""Write JSON tables again: rows that did not change letter for letter, the others with their new label alone changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engines.export.table_csv import text_form, western
from engines.export.table_order import LabelColumn, Order, Refuse, Step, Unwritable, free_name
from engines.json_stream import BrokenJson, array

MARK = "\ufeff"


class JsonRewriter:
    """Writes one file again, in the layout that it has: a row per line, an array of rows, or an object of rows or columns."""

    def __init__(self, origin: Mapping[str, Any], label: LabelColumn) -> None:
        self._origin, self._label = origin, label
        self._columns = list(origin.get("columns") or ())

    def rewrite(self, source: Path, out: Path, order: Order, refuse: Refuse, step: Step) -> int:
        """Write the file; give the number of rows that the source has. ``refuse`` is told of labels that cannot be written."""
        rows = _Rows(self._label, self._columns, order, refuse, step)
        layout = self._layout(source)
        if layout == "array":
            return _rewrite_array(source, out, rows)
        if layout == "lines":
            return _rewrite_lines(source, out, rows, str(self._origin.get("encoding") or "utf-8"))
        return _rewrite_object(source, out, rows)

    def _layout(self, source: Path) -> str:
        told = self._origin.get("layout")
        with source.open("rb") as stream:
            head = stream.read(1 << 16).lstrip(b"\xef\xbb\xbf \t\r\n")
        # Each of several files has a layout of its own; the first sign tells arrays from the others.
        return "array" if head.startswith(b"[") else str(told) if told in ("lines", "object") else "lines"

    def told(self) -> dict[str, Any]:
        """Tell nothing more."""
        return {}


class _Rows:
    """Decides about rows one after another, and changes what has to change."""

    def __init__(self, label: LabelColumn, columns: list[str], order: Order, refuse: Refuse, step: Step) -> None:
        self._label, self.order, self._refuse, self._step = label, order, refuse, step
        self._tags = free_name(columns)
        self._like: Any = None
        self._waiting: list[tuple[int, dict[str, Any]]] = []

    def stays(self, row: int, value: Any) -> bool:
        """Tell whether a row stays."""
        if row % 1000 == 0:
            self._step(row)
        if isinstance(value, dict) and self._like is None and self._label.name is not None:
            self._like = value.get(self._label.name)
        return self.order.stays(row) and isinstance(value, dict)

    def changed(self, row: int, value: dict[str, Any]) -> bool:
        """Bring label and tags of a row into it; tell whether anything changed."""
        changed = row in self.order.labels and self._relabel(row, value)
        if self.order.tags is not None:
            value[self._tags] = list(self.order.tags.get(row) or ())
            changed = True
        return changed

    def _relabel(self, row: int, value: dict[str, Any]) -> bool:
        label, wanted = self._label, self.order.labels[row]
        if label.name is None and not label.one_hot:
            self._refuse(row, "the table has no column of labels")
            return False
        try:
            if label.one_hot:
                value |= label.mark(wanted, value)
                return True
            name = label.name or ""
            value[name] = _value(label, wanted, value.get(name), self._like)
        except Unwritable as error:
            self._refuse(row, str(error))
            return False
        if label.beside is not None:
            value[label.beside] = wanted
        return True


def _value(label: LabelColumn, wanted: str, there: Any, like: Any) -> Any:
    """Give a label in the kind of what stands there or in other rows; JSON takes texts beside numbers."""
    model = there if there is not None else like
    if model is None:
        return label.number(wanted) if label.numbered else wanted
    try:
        return label.value(wanted, model)
    except Unwritable:
        return wanted


def _rewrite_lines(source: Path, out: Path, rows: _Rows, told: str) -> int:
    encoding, newline, errors = text_form(source, told)
    row = -1
    with (
        source.open(encoding=encoding, errors=errors, newline=newline) as given,
        out.open("x", encoding=encoding, errors=errors, newline="") as file,
    ):
        for number, line in enumerate(given):
            marked = number == 0 and line.startswith(MARK)
            text = line.removeprefix(MARK).strip()
            if marked:
                file.write(MARK)
            if not text:
                continue
            row += 1
            value = _loaded(text)
            if not rows.stays(row, value):
                continue
            end = line[len(line.rstrip("\r\n")) :] or "\n"
            file.write((_dumped(value, text) if rows.changed(row, value) else text) + end)
    return row + 1


def _rewrite_array(source: Path, out: Path, rows: _Rows) -> int:
    encoding, _, errors = text_form(source, "utf-8")
    row = -1
    with source.open("rb") as given, out.open("x", encoding=encoding, errors=errors, newline="\n") as file:
        mark = "[" if encoding == "utf-8" else MARK + "["
        try:
            for row, (value, text) in enumerate(array(given, "utf-8-sig" if encoding == "utf-8" else encoding)):
                if rows.stays(row, value):
                    file.write(f"{mark}\n{_dumped(value, text) if rows.changed(row, value) else text}")
                    mark = ","
        except BrokenJson:
            # What stands behind a break was no row when it was read either.
            if rows.order.left(row + 1):
                raise
            row = len(rows.order.keep) - 1
        file.write("\n]\n" if mark == "," else mark + "]\n")
    return row + 1


def _rewrite_object(source: Path, out: Path, rows: _Rows) -> int:
    """Write an object again; the reader held it as a whole too."""
    whole = json.loads(source.read_bytes())
    lists = {name: value for name, value in whole.items() if isinstance(value, list)}
    names = whole.get("columns")
    data = whole.get("data")
    if isinstance(names, list) and isinstance(data, list) and all(isinstance(one, list) for one in data):
        count = _split_orient(whole, names, data, rows)
    else:
        held = {name: value for name, value in lists.items() if value and all(isinstance(item, dict) for item in value)}
        if "data" in held or (len(held) == 1 and len(lists) == 1):
            name = "data" if "data" in held else next(iter(held))
            count = len(held[name])
            whole[name] = [value for _, value in _chosen(held[name], rows)]
        elif lists and len(lists) == len(whole):
            records = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
            count = len(records)
            kept = [value for _, value in _chosen(records, rows)]
            columns = dict.fromkeys([*lists, *(name for value in kept for name in value)])
            whole = {name: [value.get(name) for value in kept] for name in columns}
        else:
            order = list(dict.fromkeys(key for value in whole.values() for key in value))
            records = [{name: value[key] for name, value in whole.items() if key in value} for key in order]
            count = len(records)
            kept_rows = dict(_chosen(records, rows))
            columns = dict.fromkeys([*whole, *(name for value in kept_rows.values() for name in value)])
            whole = {name: {order[row]: value[name] for row, value in kept_rows.items() if name in value} for name in columns}
    with out.open("x", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(whole, ensure_ascii=True) + "\n")
    return count


def _split_orient(whole: dict[str, Any], names: list[Any], data: list[list[Any]], rows: _Rows) -> int:
    """Change what pandas writes as columns, index and data; a row of another length is none."""
    columns = [str(name) for name in names]
    records: list[Any] = [dict(zip(columns, one, strict=True)) if len(one) == len(columns) else None for one in data]
    kept = dict(_chosen(records, rows))
    added = list(dict.fromkeys(name for value in kept.values() for name in value if name not in columns))
    whole["columns"] = [*names, *added]
    whole["data"] = [[value.get(name) for name in (*columns, *added)] for value in kept.values()]
    if isinstance(whole.get("index"), list) and len(whole["index"]) == len(data):
        whole["index"] = [whole["index"][row] for row in kept]
    return len(data)


def _chosen(records: list[Any], rows: _Rows) -> Iterator[tuple[int, dict[str, Any]]]:
    for row, value in enumerate(records):
        if rows.stays(row, value):
            rows.changed(row, value)
            yield row, value


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _dumped(value: Any, text: str) -> str:
    """Write a row in the way in which it stood there: with letters of all kinds, or escaped ones."""
    return json.dumps(value, ensure_ascii=True) if text.isascii() else json.dumps(_western(value), ensure_ascii=False)


def _western(value: Any) -> Any:
    """Give texts that are no UTF-8 as the reader gave them."""
    if isinstance(value, str):
        return western(value)
    if isinstance(value, dict):
        return {western(name): _western(one) for name, one in value.items()}
    return [_western(one) for one in value] if isinstance(value, list) else value


__all__ = ["JsonRewriter"]
