"""Find the members of a tar file by its headers alone, in bounded memory, up to where it breaks off."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from engines.errors import SourceError
from engines.protocols import Progress
from engines.read.listing import NO_FILE
from engines.read.members import (
    BAD,
    FILE,
    FOLDER,
    HARD_LINK,
    MAX_MEMBERS,
    SYMLINK,
    Member,
    Take,
    bad_name,
    clean_name,
    too_large,
)

BLOCK = 512
REPORT = 4096
MAX_EXTENSION = 1 << 20
"""A longer name or longer extended header than this is no honest one."""
CONTENT_LIMIT = 1 << 20
TAIL = 1 << 16

Read = Callable[[int, int], bytes]
"""Give so many bytes from there on; fewer at the end."""

_REGULAR, _DEVICES, _SPARSE = b"\x00" + b"07", b"346", b"S"
_EXTENDED, _GLOBAL, _LONG_NAME, _LONG_LINK = b"xX", b"g", b"L", b"K"
_NO_MEMBER = b"VMNAD" + _GLOBAL
_WITHOUT_DATA = b"12" + b"3456"
_RECORD = re.compile(rb"(\d{1,7}) ")


@dataclass
class _Extension:
    """What the headers before a member say about it in place of its own."""

    name: bytes | None = None
    link: bytes | None = None
    size: int | None = None
    sparse: bool = False


class _Header(NamedTuple):
    name: bytes
    size: int
    type: bytes
    link: bytes
    sparse_goes_on: bool


class _Broken(Exception):
    """A header that is none."""


def scan_tar(
    read: Read, size: int, take: Take, progress: Progress, *, name: str, keep: Callable[[bytes], bool] = lambda _: False
) -> str:
    """Hand every member to ``take``, in order; give in words what lies behind the last readable one, or an empty text.

    Understands ustar, pax and GNU headers. ``keep``: of which members (by clean name) the bytes come along, up to 1 MiB.

    Raises:
        SourceError: when it does not begin like a tar file.
    """
    at = count = 0
    while at + BLOCK <= size:
        try:
            member, at, goes_on = _next(read, at, size)
        except _Broken as error:
            if at == 0:
                raise SourceError(
                    f"{name} is no tar archive: {error}", "check that it was copied or downloaded whole"
                ) from None
            return f"{name} is broken at byte {at:,}: {error}; what lies before it is used"
        if not goes_on:
            return _behind(read, at, size, name)
        if member is not None:
            if member.kind == FILE and member.length <= CONTENT_LIMIT and keep(member.name):
                member = member._replace(content=read(member.length, member.offset))
            take(member)
            count += 1
            if member.reason == _TRUNCATED:
                return f"{name} ends in the middle of a member (truncated); the whole members before it are used"
            if count >= MAX_MEMBERS:
                return f"{name} has more than {MAX_MEMBERS:,} members; the others are not read"
        if count % REPORT == 0:
            progress(at / size, f"looking through {name} · {count:,} members")
    if at == 0:
        raise SourceError(f"{name} is no tar archive: it has {size:,} bytes", "check that it was copied or downloaded whole")
    return f"{name} ends without the mark that ends a tar archive: it may have been cut off there"


_TRUNCATED = "the archive ends in the middle of it (truncated)"


def _next(read: Read, at: int, size: int) -> tuple[Member | None, int, bool]:
    """Read one header with its extensions from ``at`` on: the member, where the next one begins, and whether there is more."""
    start, extension = at, _Extension()
    while True:
        block = read(BLOCK, at)
        if len(block) < BLOCK:
            raise _Broken("it ends in the middle of a header (truncated)")
        if block.count(0) == BLOCK:
            return None, at, False
        header = _header(block)
        at += BLOCK
        if header.type in _EXTENDED or header.type in (_LONG_NAME, _LONG_LINK):
            if header.size > MAX_EXTENSION:
                raise _Broken(f"a header claims {header.size:,} bytes for a name")
            body = read(header.size, at)
            if len(body) < header.size:
                raise _Broken("it ends in the middle of a header (truncated)")
            _extend(extension, header.type, body)
            at += _padded(header.size)
            continue
        if header.type == _SPARSE:
            extension.sparse = True
            goes_on = header.sparse_goes_on
            while goes_on:
                block = read(BLOCK, at)
                at += BLOCK
                goes_on = len(block) == BLOCK and block[504] == 1
        return _member(header, extension, start, at, size)


def _member(header: _Header, extension: _Extension, start: int, at: int, size: int) -> tuple[Member | None, int, bool]:
    length = 0 if header.type in _WITHOUT_DATA else header.size if extension.size is None else extension.size
    after = at + _padded(length)
    raw = header.name if extension.name is None else extension.name
    if header.type in _NO_MEMBER:
        return None, after, True
    bad = bad_name(raw, start)
    if bad is not None:
        return bad._replace(reason=_TRUNCATED if at + length > size else bad.reason), after, True
    name = clean_name(raw) or b""
    link = header.link if extension.link is None else extension.link
    reason = None
    if at + length > size:
        reason = _TRUNCATED
    elif header.type == b"5" or (header.type in _REGULAR and raw.endswith(b"/")):
        return Member(name, FOLDER, start), after, True
    elif header.type == b"2":
        return Member(name, SYMLINK, start, link=link), after, True
    elif header.type == b"1":
        target = clean_name(link)
        if target is not None:
            return Member(name, HARD_LINK, start, link=target), after, True
        reason = "a hard link that leads out of the archive"
    elif header.type in _DEVICES:
        reason = NO_FILE
    elif extension.sparse:
        reason = "a sparse file, which cannot be read in place; unpack the archive"
    elif not name:
        reason = "has no name"
    else:
        reason = too_large(length, length)
    if reason is not None:
        return Member(name, BAD, start, reason=reason), after, True
    return Member(name, FILE, start, at, length, length), after, True


def _header(block: bytes) -> _Header:
    """Understand one header block.

    Raises:
        _Broken: when its sum or a number is wrong.
    """
    told = _number(block[148:156])
    others = block[:148] + b" " * 8 + block[156:]
    # Some early writers summed signed bytes.
    if told != sum(others) and told != sum(others) - 256 * sum(byte > 127 for byte in others):
        raise _Broken("there is no valid header")
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and block[345]:
        name = _text(block[345:500]) + b"/" + name
    return _Header(name, _number(block[124:136]), block[156:157], _text(block[157:257]), block[482] == 1)


def _number(field: bytes) -> int:
    """Read an octal number, or GNU's base-256 one."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = _text(field).strip()
    if digits.strip(b"01234567"):
        raise _Broken("a number in a header is none")
    return int(digits or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _padded(length: int) -> int:
    return -(-length // BLOCK) * BLOCK


def _extend(extension: _Extension, kind: bytes, body: bytes) -> None:
    if kind == _LONG_NAME:
        extension.name = _text(body)
    elif kind == _LONG_LINK:
        extension.link = _text(body)
    else:
        _extend_pax(extension, body)


def _extend_pax(extension: _Extension, body: bytes) -> None:
    """Read pax records: the length of each, a blank, key, equals sign, value and a line feed."""
    at = 0
    while (match := _RECORD.match(body, at)) is not None:
        after = at + int(match.group(1))
        key, equals, value = body[match.end() : max(after - 1, 0)].partition(b"=")
        if not equals or after > len(body):
            raise _Broken("an extended header is broken")
        if key == b"GNU.sparse.name" or (key == b"path" and extension.name is None):
            extension.name = value
        elif key == b"linkpath":
            extension.link = value
        elif key == b"size":
            extension.size = _decimal(value)
        extension.sparse = extension.sparse or key.startswith(b"GNU.sparse.")
        at = after


def _decimal(value: bytes) -> int:
    if not value.isdigit() or len(value) > 18:
        raise _Broken("a number in a header is none")
    return int(value)


def _behind(read: Read, at: int, size: int, name: str) -> str:
    """Say so where more than zeros follow the mark that ends the archive."""
    if read(TAIL, at).strip(b"\0"):
        return f"{name} has further data behind its end, {size - at:,} bytes, which are not read (archives joined end to end?)"
    return ""


__all__ = ["CONTENT_LIMIT", "Read", "scan_tar"]
