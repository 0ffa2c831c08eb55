"""Find the members of a zip file by its central directory, in bounded memory, with the place of their bytes (PKWARE APPNOTE 4.3)."""

from __future__ import annotations

import re
import stat
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engines.errors import SourceError
from engines.protocols import Progress
from engines.read.listing import NO_FILE
from engines.read.members import BAD, FILE, FOLDER, MAX_MEMBERS, SYMLINK, Member, Members, Take, bad_name, clean_name, too_large
from engines.read.tar_index import Read

REPORT = 4096
WINDOW = 1 << 20
UNKNOWN_32, LONGEST_COMMENT = 0xFFFFFFFF, 0xFFFF
STORED, DEFLATED = 0, 8
METHODS = {
    1: "shrink",
    6: "implode",
    9: "deflate64",
    12: "bzip2",
    14: "lzma",
    93: "zstandard",
    95: "xz",
    97: "wavpack",
    98: "ppmd",
}
DOS_HOSTS = (0, 10, 14)
UNIX_HOSTS = (3, 19)

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s4B4H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_DRIVE = re.compile(rb"[A-Za-z]:[/\\]")


class _Directory(NamedTuple):
    """Where the central directory lies; ``shift``: bytes before the archive (self-extracting programs)."""

    start: int
    end: int
    shift: int


class _Entry(NamedTuple):
    host: int
    flags: int
    method: int
    packed: int
    size: int
    mode: int
    start: int
    raw_name: bytes
    extra: bytes


def scan_zip(read: Read, size: int, take: Take, progress: Progress, *, name: str) -> str:
    """Hand every member to ``take``, in the order of the directory; give in words what of it cannot be read, or an empty text.

    Raises:
        SourceError: when there is no central directory, as in a file that was cut off.
    """
    where = _find_directory(read, size, name)
    count = at = 0
    for count, (entry, at) in enumerate(_entries(read, where), start=1):
        if count > MAX_MEMBERS:
            return f"{name} has more than {MAX_MEMBERS:,} members; the others are not read"
        take(_member(read, entry, where))
        if count % REPORT == 0:
            progress((at - where.start) / max(where.end - where.start, 1), f"looking through {name} · {count:,} members")
    if (at or where.start) < where.end:
        return f"the directory of {name} is broken after {count:,} members; what lies before is used"
    return ""


def overlapping(members: Members) -> npt.NDArray[np.bool_]:
    """Tell which members begin inside of the bytes of another: no honest writer does so, but decompression bombs do.

    D. Fifield, A better zip bomb, WOOT 2019, sections 3 and 4.
    """
    start, offset, length = (members.numbers(column) for column in ("start", "offset", "length"))
    found = np.zeros(len(members), dtype=bool)
    rows = np.flatnonzero(offset >= 0)
    order = rows[np.argsort(start[rows], kind="stable")]
    reach = np.maximum.accumulate(offset[order] + length[order])
    found[order[1:]] = start[order[1:]] < reach[:-1]
    return found


def _find_directory(read: Read, size: int, name: str) -> _Directory:
    tail_at = max(0, size - _END.size - LONGEST_COMMENT)
    tail = read(size - tail_at, tail_at)
    place = _find_end(tail)
    if place is None:
        cut = "it ends early (truncated): its directory, which lies at its end, is missing"
        why = cut if read(4, 0) == b"PK\x03\x04" else "it has no directory at its end"
        raise SourceError(f"{name} is no whole zip archive: {why}", "copy or download it again")
    end_at = tail_at + place
    _, disk, first_disk, _, _, length, offset, _ = _END.unpack_from(tail, place)
    limit = end_at
    # The record of 64-bit sizes lies before, with a locator of 20 bytes behind it.
    wide_at = end_at - 20 - _END_64.size
    if wide_at >= 0 and read(4, end_at - 20) == b"PK\x06\x07" and (wide := read(_END_64.size, wide_at))[:4] == b"PK\x06\x06":
        *_, disk, first_disk, _, _, length, offset = _END_64.unpack(wide)
        limit = wide_at
    if disk or first_disk:
        raise SourceError(f"{name} is one part of a zip archive in several files", "join the parts first (zip -s 0)")
    shift = limit - length - offset
    if shift < 0:
        raise SourceError(
            f"{name} is no whole zip archive: its directory does not lie where it says", "copy or download it again"
        )
    if shift and read(4, offset + shift) != b"PK\x01\x02" and read(4, offset) == b"PK\x01\x02":
        shift = 0
    return _Directory(offset + shift, offset + shift + length, shift)


def _find_end(tail: bytes) -> int | None:
    """Find the end record: the last one whose comment reaches just to the end, else the last one."""
    last: int | None = None
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0:
        if place + _END.size <= len(tail):
            last = place if last is None else last
            if place + _END.size + _END.unpack_from(tail, place)[7] == len(tail):
                return place
        place = tail.rfind(b"PK\x05\x06", 0, place)
    return last


def _entries(read: Read, where: _Directory) -> Iterator[tuple[_Entry, int]]:
    """Read the directory, entry by entry, each with where the next one begins; stop at the first that is none."""
    at, window, window_at = where.start, b"", where.start
    while at + _ENTRY.size <= where.end:
        # An entry has at most 46 + 3 x 65535 bytes.
        if at + (1 << 18) > window_at + len(window) and window_at + len(window) < where.end:
            window, window_at = read(min(WINDOW, where.end - at), at), at
        place = at - window_at
        if place + _ENTRY.size > len(window):
            return
        told = _ENTRY.unpack_from(window, place)
        name_length, extra_length, comment_length = told[12:15]
        after = place + _ENTRY.size + name_length + extra_length + comment_length
        if told[0] != b"PK\x01\x02" or after > len(window):
            return
        extra_at = place + _ENTRY.size + name_length
        raw = window[place + _ENTRY.size : extra_at]
        at = window_at + after
        yield _entry(told, raw, window[extra_at : extra_at + extra_length]), at


def _entry(told: tuple[int, ...], raw: bytes, extra: bytes) -> _Entry:
    host, flags, method, packed, size, start = told[2], told[5], told[6], told[10], told[11], told[18]
    wide = _extra(extra, 0x0001)
    values = []
    for value in (size, packed, start):
        if value == UNKNOWN_32 and len(wide) >= 8:
            values.append(int.from_bytes(wide[:8], "little"))
            wide = wide[8:]
        else:
            values.append(value)
    mode = told[17] >> 16 if host in UNIX_HOSTS else 0
    return _Entry(host, flags, method, values[1], values[0], mode, values[2], raw, extra)


def _extra(extra: bytes, wanted: int) -> bytes:
    """Give one field of the extra fields; empty where it is not there."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == wanted:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return b""


def _name(entry: _Entry) -> bytes:
    """Give the name as UTF-8 where the archive says how it is written; names of Unix systems are bytes and stay so."""
    raw = entry.raw_name
    if entry.flags & 0x800:
        name = raw
    else:
        told = _extra(entry.extra, 0x7075)
        if len(told) > 5 and told[0] == 1 and int.from_bytes(told[1:5], "little") == zlib.crc32(raw):
            name = told[5:]
        else:
            name = raw if entry.host not in DOS_HOSTS else raw.decode("cp437").encode()
    # Some programs of Windows write its own separator.
    return name.replace(b"\\", b"/") if entry.host in DOS_HOSTS else name


def _member(read: Read, entry: _Entry, where: _Directory) -> Member:
    # A claim of 2^64 would not fit into the index.
    start = min(entry.start + where.shift, 1 << 62)
    raw = _name(entry)
    bad = bad_name(b"/" + raw if _DRIVE.match(raw) else raw, start)
    if bad is not None:
        return bad
    name = clean_name(raw) or b""
    if raw.endswith(b"/"):
        return Member(name, FOLDER, start)
    kind, offset = stat.S_IFMT(entry.mode), 0
    reason = _refusal(entry, kind) or ("has no name" if not name else None)
    if reason is None:
        offset, reason = _data(read, entry, start, where.start)
    if reason is not None:
        return Member(name, BAD, start, reason=reason)
    deflated = entry.method == DEFLATED
    if kind == stat.S_IFLNK:
        target = _link(read(entry.packed, offset), deflated=deflated)
        return Member(name, SYMLINK, start, link=target) if target else Member(name, BAD, start, reason="a broken link")
    return Member(name, FILE, start, offset, entry.packed, entry.size, deflated)


def _refusal(entry: _Entry, kind: int) -> str | None:
    """Say why a member cannot be read in place."""
    if entry.flags & 0x2041:
        return "is encrypted; unpack the archive with its password and give the folder"
    if entry.method not in (STORED, DEFLATED):
        method = METHODS.get(entry.method, f"method {entry.method}")
        return f"is packed by {method}, which cannot be read in place; unpack the archive and give the folder"
    if entry.method == STORED and entry.packed != entry.size:
        return "its sizes in the archive contradict each other"
    if kind not in (0, stat.S_IFREG, stat.S_IFLNK):
        return NO_FILE
    if kind == stat.S_IFLNK and max(entry.packed, entry.size) > WINDOW:
        return "a link with an impossible target"
    return too_large(entry.packed, entry.size)


def _data(read: Read, entry: _Entry, start: int, limit: int) -> tuple[int, str | None]:
    """Find where the bytes of a member begin: behind its own header, which must name it as the directory does."""
    head = read(_LOCAL.size + len(entry.raw_name), start) if start < limit else b""
    if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
        return 0, "the archive is damaged where it should lie"
    name_length, extra_length = _LOCAL.unpack_from(head)[9:11]
    if name_length != len(entry.raw_name) or head[_LOCAL.size :] != entry.raw_name:
        return 0, "the archive gives it two different names"
    offset = start + _LOCAL.size + name_length + extra_length
    return offset, "the archive ends before it does (truncated)" if offset + entry.packed > limit else None


def _link(packed: bytes, *, deflated: bool) -> bytes:
    if not deflated:
        return packed
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, 4096)
    except zlib.error:
        return b""


__all__ = ["overlapping", "scan_zip"]
