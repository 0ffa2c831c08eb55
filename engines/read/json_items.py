"""Take the items of a JSON array from a file of any size, one after another, with bounded memory."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from engines.errors import SourceError
from engines.read.text_lines import HEAD, LINE_LIMIT, encoding_of, open_file

CHUNK = 1 << 20
_SPACE = re.compile(r"[\s,]*")
_FOREIGN = re.compile("[\udc80-\udcff]+")


class BrokenItem(Exception):
    """Say why nothing can be read from an item on."""


@dataclass
class JsonItems:
    """The items of a JSON array; ``size``: signs of the last item; ``foreign``: places that are not UTF-8 and were read as Windows-1252."""

    path: Path
    limit: int = LINE_LIMIT
    position: int = 0
    total: int = 0
    size: int = 0
    foreign: int = 0
    _buffer: str = field(default="", repr=False)
    _ended: bool = field(default=False, repr=False)

    def __iter__(self) -> Iterator[Any]:
        """Give the items.

        Raises:
            BrokenItem: when the next item is no JSON, is larger than ``limit``, or the file ends before the array does.
        """
        self.total = self.path.stat().st_size
        self._buffer, self._ended, self.position, self.foreign = "", False, 0, 0
        try:
            with open_file(self.path) as handle:
                decoder = codecs.getincrementaldecoder(encoding_of(handle.read(HEAD)))("surrogateescape")
                handle.seek(0)
                yield from self._items(handle, decoder)
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read: {error.strerror or error}") from None

    @property
    def fraction(self) -> float:
        """Tell how much of the file has been read, 0..1."""
        return min(self.position / self.total, 1.0) if self.total else 1.0

    def _items(self, handle: BinaryIO, decoder: codecs.IncrementalDecoder) -> Iterator[Any]:
        self._fill(handle, decoder, CHUNK)
        self._buffer = self._buffer.lstrip("\ufeff \t\r\n")[1:]
        reader = json.JSONDecoder()
        while True:
            start = self._next(handle, decoder)
            if self._buffer[start] == "]":
                return
            self._buffer = self._buffer[start:]
            wanted = CHUNK
            while True:
                try:
                    value, end = reader.raw_decode(self._buffer)
                except RecursionError:
                    raise BrokenItem("it is nested too deeply") from None
                except ValueError as error:
                    early = _ends_early(error, len(self._buffer))
                    if self._ended or not early:
                        raise BrokenItem("the file ends early" if early else str(error)) from None
                else:
                    if self._ended or _is_whole(self._buffer, end):
                        break
                if len(self._buffer) > self.limit:
                    raise BrokenItem(f"it is longer than {self.limit >> 20} MiB")
                # Twice as much each time, so that a long item is not tried again too often.
                self._fill(handle, decoder, wanted)
                wanted *= 2
            self.size = end
            yield value
            self._buffer = self._buffer[end:]

    def _next(self, handle: BinaryIO, decoder: codecs.IncrementalDecoder) -> int:
        """Find where the next item begins, or the end of the array."""
        while True:
            found = _SPACE.match(self._buffer)
            start = found.end() if found else 0
            if start < len(self._buffer):
                return start
            if self._ended:
                raise BrokenItem("the file ends before the array does")
            self._buffer = ""
            self._fill(handle, decoder, CHUNK)

    def _fill(self, handle: BinaryIO, decoder: codecs.IncrementalDecoder, size: int) -> None:
        raw = handle.read(size)
        self.position += len(raw)
        self._ended = not raw
        text = decoder.decode(raw, final=self._ended)
        if not text.isascii():
            text, count = _FOREIGN.subn(_as_windows, text)
            self.foreign += count
        self._buffer += text


def _is_whole(buffer: str, end: int) -> bool:
    """Tell whether a value ends at ``end``: a number may go on behind what has been read, as ``0`` does in ``0.5``."""
    rest = buffer[end : end + 64].lstrip(" \t\r\n")
    return rest.startswith((",", "]")) or len(buffer) - end >= 64


def _as_windows(found: re.Match[str]) -> str:
    return found.group().encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _ends_early(error: ValueError, length: int) -> bool:
    """Tell whether more of the file may mend what the parser complains about."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= length - 16


__all__ = ["BrokenItem", "JsonItems"]
