"""Names of files and folders that every system takes, and that no two things share on any of them."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
"""Bytes of a name in UTF-8; file systems take 255, some encrypted ones fewer."""
DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"}
    | {f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"}
)
SYSTEM = frozenset(
    # Left by systems and therefore passed over by readers.
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found"}
)
# The characters of a formula in a spreadsheet, of an option on a command line, of a hidden file, of a home folder.
RISKY_FIRST = "-=+@.~\uff0b\uff0d\uff1d\uff20"
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u2028\u2029\ufffe\uffff]')
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_RAW = re.compile(r"[\ud800-\udfff]")


def safe_name(text: str) -> str:
    """Give a name like ``text`` that is a plain file or folder name on Linux, macOS and Windows.

    Bytes that were no text (surrogate escapes) become ``_xNN``; forbidden characters ``_``; names of devices and names that start
    like an option, a formula or a hidden file get ``_`` in front; long names are cut before their suffix. Already safe names stay.
    """
    name = unicodedata.normalize("NFC", _RAW.sub(lambda found: f"_x{ord(found[0]) & 0xFF:02x}", text))
    name = FORBIDDEN.sub("_", name).strip(" ").rstrip(". ")
    if not name:
        return "_"
    stem = name.split(".")[0].rstrip(" ").upper()
    if name[0] in RISKY_FIRST or stem in DEVICES or name.lower() in SYSTEM:
        name = "_" + name
    if name.endswith("~"):
        name += "_"
    return cut(name, LONGEST)


def cut(name: str, longest: int) -> str:
    """Cut a name to so many bytes in UTF-8, at a whole character, before its suffix."""
    if len(name.encode("utf-8")) <= longest:
        return name
    stem, suffix = split_suffix(name)
    room = longest - len(suffix.encode("utf-8"))
    return stem.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(". ") + suffix


def split_suffix(name: str) -> tuple[str, str]:
    """Split a name into stem and suffix (with its dot; empty without one)."""
    found = _SUFFIX.search(name)
    return (name[: found.start()], found[0]) if found and found.start() else (name, "")


def same_name_key(name: str) -> str:
    """Give what two names share when some system takes them for the same: case and Unicode composition do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class NameBook:
    """Hand out names that differ within their folder on every system, in the order in which they are asked for."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()
        self._next: dict[tuple[str, str], int] = {}

    def reserve(self, folder: str, name: str) -> None:
        """Keep a name from being handed out."""
        self._taken.add((folder, same_name_key(name)))

    def take(self, folder: str, wanted: str) -> str:
        """Give a safe name like ``wanted``: itself, or with ``-2``, ``-3`` before its suffix where it is taken."""
        name = safe_name(wanted)
        key = (folder, same_name_key(name))
        if key in self._taken:
            stem, suffix = split_suffix(name)
            number = self._next.get(key, 2)
            while True:
                tail = f"-{number}{suffix}"
                name = cut(stem, LONGEST - len(tail.encode("utf-8"))) + tail
                number += 1
                if (folder, same_name_key(name)) not in self._taken:
                    break
            self._next[key] = number
        self._taken.add((folder, same_name_key(name)))
        return name


__all__ = ["LONGEST", "NameBook", "safe_name", "same_name_key", "split_suffix"]
