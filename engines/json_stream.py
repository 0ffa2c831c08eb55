"""Read a large JSON object member by member, and arrays entry by entry, in bounded memory."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import IO, Any

CHUNK = 1 << 20
LARGEST = 64 << 20
"""Characters of one entry; what is larger is refused."""
SPACE = " \t\n\r"


class BrokenJson(ValueError):
    """Say in plain words where a JSON file stops being one."""


class Entries(Iterator[Any]):
    """The entries of an array, one by one; has to be read to its end before the next member is asked for."""

    def __init__(self, entries: Iterator[Any]) -> None:
        self._entries = entries

    def __next__(self) -> Any:
        return next(self._entries)


def members(stream: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Give the members of the object that a file holds: name and value; the value of an array is an ``Entries``.

    Entries that were not asked for are passed over.

    Raises:
        BrokenJson: when the file is no JSON object, ends early, or has an entry of more than 64 MiB.
    """
    text = _Text(stream)
    text.expect("{", "it does not begin with {")
    if text.peek() == "}":
        text.expect("}", "")
    else:
        yield from _members(text)
    if text.peek():
        raise text.broken("something stands behind its end")


def array(stream: IO[bytes], encoding: str = "utf-8-sig") -> Iterator[tuple[Any, str]]:
    """Give the entries of the array that a file holds: value, and the text that it stands in.

    Bytes that are no text in the encoding become surrogate escapes. A comma too many is passed over, as is what follows the array.

    Raises:
        BrokenJson: when the file is no array, ends early, or has an entry of more than 64 MiB.
    """
    text = _Text(stream, encoding, "surrogateescape")
    if text.peek() == "\ufeff":
        text.expect("\ufeff", "")
    text.expect("[", "it does not begin with [")
    while True:
        while text.peek() == ",":
            text.expect(",", "")
        if text.peek() == "]":
            return
        yield text.value(), text.last


def _members(text: _Text) -> Iterator[tuple[str, Any]]:
    while True:
        if text.peek() != '"':
            raise text.broken("a name in quotes is expected")
        name = str(text.value())
        text.expect(":", "a colon is expected")
        if text.peek() == "[":
            entries = Entries(_entries(text))
            yield name, entries
            for _ in entries:
                pass
        else:
            yield name, text.value()
        if text.expect(",}", "a comma or } is expected") == "}":
            return


def _entries(text: _Text) -> Iterator[Any]:
    text.expect("[", "")
    if text.peek() == "]":
        text.expect("]", "")
        return
    while True:
        yield text.value()
        if text.expect(",]", "a comma or ] is expected") == "]":
            return


class _Text:
    """The text of a file, as much of it as is needed at a time."""

    def __init__(self, stream: IO[bytes], encoding: str = "utf-8-sig", errors: str = "strict") -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder(encoding)(errors).decode
        self.last = ""
        self._scan = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0
        self._passed = 0
        self._ended = False

    def broken(self, why: str) -> BrokenJson:
        return BrokenJson(f"it is no whole JSON: {why} at character {self._passed + self._at:,}")

    def peek(self) -> str:
        """Give the next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more(CHUNK):
                return ""

    def expect(self, choices: str, why: str) -> str:
        """Pass over the next character, which must be one of ``choices``, and give it."""
        found = self.peek()
        if not found or found not in choices:
            raise self.broken(why if found else "the file ends")
        self._at += 1
        return found

    def value(self) -> Any:
        """Give the next value."""
        if not self.peek():
            raise self.broken("the file ends")
        step = CHUNK
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > LARGEST:
                    raise self.broken("an entry has more than 64 MiB") from None
                # It may go on behind what was read so far, unless the error lies well before that.
                cut_off = error.pos + 16 > len(self._text) or error.msg.startswith("Unterminated")
                if not cut_off or not self._more(step):
                    self._at = error.pos
                    raise self.broken(error.msg[:1].lower() + error.msg[1:]) from None
                step *= 2
                continue
            except (ValueError, RecursionError) as error:
                raise self.broken(str(error) or "it is nested too deeply") from None
            # A number that ends with what was read may have more digits, or an exponent.
            if end + 2 >= len(self._text) and set(self._text[end:]) <= set(".eE+-") and self._more(step):
                continue
            self.last = self._text[self._at : end]
            self._at = end
            return value

    def _more(self, size: int) -> bool:
        """Read on; tell whether there was more."""
        if self._ended:
            return False
        raw = self._stream.read(size)
        try:
            more = self._decode(raw, not raw)
        except UnicodeDecodeError as error:
            self._at = len(self._text)
            raise self.broken(f"the byte 0x{error.object[error.start]:02x} is no UTF-8") from None
        self._ended = not raw
        self._passed += self._at
        self._text = self._text[self._at :] + more
        self._at = 0
        return not self._ended


__all__ = ["BrokenJson", "Entries", "array", "members"]
