"""Read the lines of a text file of any size and of the usual encodings, with bounded memory."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from engines.errors import SourceError

LINE_LIMIT = 64 << 20
"""Bytes (signs in UTF-16) of the longest line that is read."""
HEAD = 1 << 16
STEP = 1 << 20
TOO_LONG = f"is longer than {LINE_LIMIT >> 20} MiB"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Line(NamedTuple):
    """A line with its end, its number from 0, and why it cannot be used (empty: it can)."""

    number: int
    text: str
    fault: str = ""


@dataclass
class TextLines:
    """The lines of a text file, as often as it is iterated.

    UTF-8 with or without a mark, and UTF-16 and UTF-32. A line that is not UTF-8 is read as Windows-1252, what spreadsheets of the
    West save: ``foreign`` counts these and ``first_foreign`` names the first. A line that is neither has a fault, and so has one that is
    longer than ``LINE_LIMIT``.
    """

    path: Path
    limit: int = LINE_LIMIT
    encoding: str = "utf-8"
    position: int = 0
    size: int = 0
    foreign: int = 0
    first_foreign: str = ""
    _returns: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        with open_file(self.path) as handle:
            head = handle.read(HEAD)
            self.size = handle.seek(0, io.SEEK_END)
        self.encoding = encoding_of(head)
        if self.encoding == "utf-8" and b"\x00" in head:
            raise SourceError(f"{self.path} is not a text file: it holds the byte 0x00", "is its suffix right?")
        # What old programs wrote: lines that end with a carriage return alone.
        self._returns = b"\r" in head and b"\n" not in head and self.encoding == "utf-8"

    def __iter__(self) -> Iterator[Line]:
        """Give the lines.

        Raises:
            SourceError: when the file cannot be read.
        """
        self.foreign, self.first_foreign, self.position = 0, "", 0
        try:
            with open_file(self.path) as handle:
                if self.encoding == "utf-8" and not self._returns:
                    yield from self._bytes(handle)
                else:
                    yield from self._signs(handle)
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read: {error.strerror or error}") from None

    @property
    def fraction(self) -> float:
        """Tell how much of the file has been read, 0..1."""
        return self.position / self.size if self.size else 1.0

    def notes(self) -> dict[str, str]:
        """Say in which encoding the file was read, for ``Dataset.origin``."""
        if not self.foreign:
            return {"encoding": self.encoding}
        return {"encoding": f"{self.encoding}; {self.foreign:,} lines as Windows-1252, the first: {self.first_foreign}"}

    def _bytes(self, handle: BinaryIO) -> Iterator[Line]:
        if handle.read(3) != codecs.BOM_UTF8:
            handle.seek(0)
        number = 0
        while raw := handle.readline(self.limit + 1):
            self.position += len(raw)
            if len(raw) > self.limit and not raw.endswith(b"\n"):
                yield Line(number, "", TOO_LONG)
                self._skip(handle)
            else:
                yield self._decode(raw, number)
            number += 1

    def _skip(self, handle: BinaryIO) -> None:
        """Go on to the end of a line, in large steps."""
        while piece := handle.read(STEP):
            end = piece.find(b"\n")
            used = end + 1 if end >= 0 else len(piece)
            self.position += used
            if end >= 0:
                handle.seek(used - len(piece), io.SEEK_CUR)
                return

    def _decode(self, raw: bytes, number: int) -> Line:
        try:
            return Line(number, raw.decode())
        except UnicodeDecodeError as error:
            place = f"line {number + 1}, byte 0x{raw[error.start]:02x}"
            try:
                text = raw.decode("cp1252")
            except UnicodeDecodeError as further:
                fault = f"holds the byte 0x{raw[further.start]:02x}, which is neither UTF-8 nor Windows-1252"
                return Line(number, raw.decode(errors="replace"), fault)
        self.foreign += 1
        self.first_foreign = self.first_foreign or place
        return Line(number, text)

    def _signs(self, handle: BinaryIO) -> Iterator[Line]:
        signs = io.TextIOWrapper(handle, encoding=self.encoding, errors="replace", newline=None)
        number = 0
        try:
            while text := signs.readline(self.limit + 1):
                self.position = handle.tell()
                if len(text) > self.limit and not text.endswith("\n"):
                    yield Line(number, "", TOO_LONG)
                    while text and not text.endswith("\n"):
                        text = signs.readline(STEP)
                else:
                    fault = f"is not {self.encoding.upper()} throughout" if "\ufffd" in text else ""
                    yield Line(number, text.lstrip("\ufeff") if not number else text, fault)
                number += 1
        finally:
            # The file belongs to who opened it.
            signs.detach()


def open_file(path: Path) -> BinaryIO:
    """Open a file to read its bytes.

    Raises:
        SourceError: when it cannot be opened.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from None


def encoding_of(head: bytes) -> str:
    """Tell the encoding by a mark at the start, or by where the zero bytes of UTF-16 without a mark lie; else UTF-8."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 5 and even * 4 < odd:
        return "utf-16-le"
    if even > len(head) // 5 and odd * 4 < even:
        return "utf-16-be"
    return "utf-8"
