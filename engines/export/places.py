"""Places below an export for the paths of a source: safe on every system, and folders that are one stay one."""

from __future__ import annotations

import os

from engines.export.names import NameBook, split_suffix

RECORDS = ("decisions.jsonl", "export.json")


class Tree:
    """Give paths below the source places below the export, in the order in which they are asked for.

    ``by_stem``: two files of a folder differ in their names before the suffix too, so that each can have a file of labels.
    """

    def __init__(self, *, by_stem: bool = False) -> None:
        self._book = NameBook()
        self._by_stem = by_stem
        self._folders: dict[str, str] = {"": "", ".": ""}
        for name in RECORDS:
            self._book.reserve("", name)

    def folder(self, path: str) -> str:
        """Give the place of a folder."""
        if path not in self._folders:
            above, _, name = path.rpartition("/")
            place = self.folder(above)
            self._folders[path] = _under(place, self._book.take(place, name))
        return self._folders[path]

    def file(self, path: str) -> str:
        """Give the place of a file; asked twice, two places."""
        above, _, name = path.rpartition("/")
        place = self.folder(above)
        if not self._by_stem:
            return _under(place, self._book.take(place, name))
        stem, suffix = split_suffix(name)
        return _under(place, self._book.take(place, stem) + suffix)


def system_path(path: str) -> str:
    r"""Give a path of a data set, with ``\xNN`` for bytes that are no text, as the system knows it."""
    first, *pieces = path.split("\\x")
    return os.fsdecode(b"".join([first.encode(), *(bytes([int(piece[:2], 16)]) + piece[2:].encode() for piece in pieces)]))


def _under(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name


__all__ = ["RECORDS", "Tree", "system_path"]
