"""Write a file of one text per line again, without the lines that were left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engines.export.table_csv import line_end, text_form
from engines.export.table_order import Order, Refuse, Step


class LinesRewriter:
    """Writes one file again; lines that stay are what they were, byte for byte."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._tagged = False

    def rewrite(self, source: Path, out: Path, order: Order, refuse: Refuse, step: Step) -> int:
        """Write the file; give the number of its lines. A label has no place in it, which ``refuse`` is told."""
        encoding, newline, errors = text_form(source, self._encoding)
        self._tagged = order.tags is not None
        rows, end = -1, "\n"
        with (
            source.open(encoding=encoding, errors=errors, newline=newline) as given,
            out.open("x", encoding=encoding, errors=errors, newline="") as file,
        ):
            for rows, line in enumerate(given):
                if rows % 1000 == 0:
                    step(rows)
                end = line_end(line) or end
                if not order.stays(rows):
                    # A mark at the start says how all of the file is written.
                    file.write("\ufeff" if rows == 0 and line.startswith("\ufeff") else "")
                    continue
                if rows in order.labels:
                    refuse(rows, "a file of one text per line has no place for labels")
                file.write(line if line_end(line) else line + end)
        return rows + 1

    def told(self) -> dict[str, Any]:
        """Tell of tags that have no place."""
        return {"notes": ["a file of one text per line has no place for tags"]} if self._tagged else {}


__all__ = ["LinesRewriter"]
