"""What an export under way has written, could not take along, and found changed: its part of export.json."""

from __future__ import annotations

from typing import IO, Any

from engines.export.media import Missing, Sums, chunks, opened
from engines.export.plan import Rows
from engines.protocols import ExportRow

LARGEST = (2 << 30) - (1 << 20)
"""Bytes of media that are taken as a whole, to lie inside of another file."""


class Ledger:
    """Collect what is told about an export while its rows pass."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        self.missing: list[dict[str, str]] = []
        self.changed: list[str] = []
        self.notes: list[str] = []
        self.rows = 0

    def take(self, row: ExportRow, known: str | None) -> bytes | None:
        """Read the media of a row as a whole; None where they cannot be read, which is noted.

        ``known`` is the content hash that the bytes had when the data set was read; another one is noted.
        """
        try:
            with opened(row) as source:
                raw = _whole(source)
        except Missing as error:
            self.lacks(row.id, str(error))
            return None
        if known:
            sums = Sums()
            sums.update(raw)
            self.compare(row.id, known, sums.content)
        return raw

    def lacks(self, row_id: str, reason: str) -> None:
        """Note a row that stays and does not leave all the same."""
        self.missing.append({"id": row_id, "reason": reason})

    def compare(self, row_id: str, known: str | None, found: str) -> None:
        """Note a file that is not what it was when the data set was read."""
        if known and known != found:
            self.changed.append(row_id)

    def told(self) -> dict[str, Any]:
        """Give what belongs into export.json."""
        told: dict[str, Any] = {
            "rows_out": self.rows,
            "files": self.files,
            "renamed_files": self.renamed,
            "missing": self.missing,
            "changed": self.changed,
        }
        return told | ({"notes": self.notes} if self.notes else {})


def _whole(source: IO[bytes]) -> bytes:
    """Read a file to its end, as long as it is no larger than what fits into another one."""
    pieces, size = [], 0
    for chunk in chunks(source):
        size += len(chunk)
        if size > LARGEST:
            raise Missing("larger than 2 GiB; the format folder takes it")
        pieces.append(chunk)
    return b"".join(pieces)


def known_content(rows: object, row: ExportRow) -> str | None:
    """Give the content hash that a row's file had when the data set was read, where the rows of a plan know it."""
    return rows.contents.get(row.id) if isinstance(rows, Rows) else None


__all__ = ["Ledger", "known_content"]
