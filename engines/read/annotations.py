"""What readers of annotation files share: which options have no meaning for them, and how they tell of bad entries."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from engines.errors import SourceError
from engines.protocols import SourceOptions
from engines.read.boxes import RULE
from engines.read.listing import Listing
from engines.read.rejects import Rejects

TOLD = 1000
"""So many bad entries of one file are told one by one; the others are counted."""


class Complaints:
    """Rejects of one file: the first ones with their words, the others counted in the end."""

    def __init__(self, rejects: Rejects, path: str) -> None:
        self._rejects, self._path = rejects, path
        self._left = 0
        self._told = 0

    def add(self, reason: str, *, name: str | None = None, row: int | None = None) -> None:
        """Tell of one bad entry."""
        if self._told >= TOLD:
            self._left += 1
            return
        self._told += 1
        self._rejects.add(name, f"{self._path}: {reason}", path=name or self._path, row=row)

    def finish(self, more: int = 0) -> None:
        """Tell how many were not told one by one, and ``more`` that were not even handed in."""
        if self._left + more:
            self._rejects.add(None, f"{self._path}: {self._left + more:,} more like these", path=self._path)


def refuse_columns(options: SourceOptions, what: str) -> None:
    """Refuse options that name a column where there are none.

    Raises:
        SourceError: for the first of them.
    """
    for name in ("label", "split", "id", "text", "image", "caption", "features"):
        if getattr(options, name) is not None:
            raise SourceError(
                f"--{name}: {what} has no columns to choose from", f"leave --{name} out; the label of a picture is {RULE}"
            )


def not_empty(listing: Listing, paths: Iterable[bytes]) -> None:
    """Take folders that hold such files out of the count of empty folders."""
    filled = {folder for found in listing.pictures for folder in _above(found.path)}
    spared = len({folder for path in paths for folder in _above(path)} & listing.folders - filled)
    listing.counts["empty_folders"] -= spared
    if listing.counts["empty_folders"] <= 0:
        del listing.counts["empty_folders"]


def _above(path: bytes) -> Iterator[bytes]:
    folder = path.rpartition(b"/")[0]
    while folder:
        yield folder
        folder = folder.rpartition(b"/")[0]


def composed(path: str) -> str:
    """Write letters with accents in one way: file systems and files differ in it."""
    return unicodedata.normalize("NFC", path)


def without(rejects: Rejects, names: set[str]) -> Rejects:
    """Give rejects but those of files that were understood after all."""
    kept = Rejects()
    for name, path, row, reason in zip(rejects.names, rejects.paths, rejects.rows, rejects.reasons, strict=True):
        if name not in names:
            kept.add(name, reason, path=path, row=row)
    return kept


__all__ = ["TOLD", "Complaints", "composed", "not_empty", "refuse_columns", "without"]
