"""Find the files that a pattern means: ``*``, ``?``, ``[...]``, ``**`` for any folders, and braces ``{a,b}`` and ``{000..117}``."""

from __future__ import annotations

import fnmatch
import itertools
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from engines.errors import SourceError
from engines.protocols import Progress

MOST_PATTERNS = 100_000
REPORT = 4096
_MAGIC = re.compile(r"[*?\[]")
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})$")


def is_pattern(text: str) -> bool:
    """Tell whether a path is a pattern by its signs, whatever lies there."""
    return bool(_MAGIC.search(text)) or any(_choices(match.group(1)) for match in _BRACES.finditer(text))


def fixed_part(pattern: Path) -> Path:
    """Give the folder that a pattern starts from: its parts before the first one with a sign; never its last part."""
    parts = pattern.parts[:-1]
    fixed = list(itertools.takewhile(lambda part: not is_pattern(part), parts))
    return Path(*fixed) if fixed else Path()


def matches(pattern: Path, progress: Progress) -> Iterator[str]:
    """Give the paths that a pattern means, in order and once each; hidden ones only where it names the dot.

    Braces are written out first. Links are followed; ``**`` enters each folder once, and at the end it means the folder itself.

    Raises:
        SourceError: when braces stand for too many patterns.
    """
    seen: set[str] = set()
    for written in written_out(str(pattern)):
        parts = Path(written).parts
        anchor = Path(written).anchor
        for found in _below(anchor, parts[1:] if anchor else parts):
            path = found.removeprefix("./")
            if path not in seen:
                seen.add(path)
                yield path
            if len(seen) % REPORT == 0:
                progress(0.2, f"looking for {pattern} · {len(seen):,} found")


def files_below(folder: str) -> Iterator[str]:
    """Give all files below a folder that are not hidden, each folder once; real folders before linked ones."""
    for inner in _folders(folder):
        yield from (entry.path for entry in _entries(inner) if not entry.name.startswith(".") and not entry.is_dir())


def written_out(text: str) -> list[str]:
    """Write the braces of a pattern out; a brace without a comma or two dots stands for itself.

    Raises:
        SourceError: when that gives more than ``MOST_PATTERNS``.
    """
    waiting, done = [text], []
    while waiting:
        one = waiting.pop()
        found = next(((match, choices) for match in _BRACES.finditer(one) if (choices := _choices(match.group(1)))), None)
        if found is None:
            done.append(one)
        else:
            match, choices = found
            waiting.extend(one[: match.start()] + choice + one[match.end() :] for choice in reversed(choices))
        if len(waiting) + len(done) > MOST_PATTERNS:
            raise SourceError(f"{text} stands for more than {MOST_PATTERNS:,} paths", "use * in place of braces")
    return list(dict.fromkeys(done))


def _choices(inside: str) -> list[str]:
    match = _RANGE.match(inside)
    if match is None:
        return inside.split(",") if "," in inside else []
    low, high = match.groups()
    first, last = int(low), int(high)
    step = 1 if last >= first else -1
    if abs(last - first) > MOST_PATTERNS:
        raise SourceError(f"{{{inside}}} stands for more than {MOST_PATTERNS:,} paths", "use * in place of braces")
    padded = any(len(number.lstrip("-")) > 1 and number.lstrip("-").startswith("0") for number in (low, high))
    width = max(len(low), len(high)) if padded else 0
    return [f"{number:0{width}d}" if width else str(number) for number in range(first, last + step, step)]


def _below(folder: str, parts: tuple[str, ...]) -> Iterator[str]:
    """Give what the rest of a pattern means below a folder; an empty text is the current one."""
    if not parts:
        yield folder
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        for inner in _folders(folder) if rest else (folder,):
            yield from _below(inner, rest)
    elif not _MAGIC.search(part):
        here = os.path.join(folder, part)  # noqa: PTH118  # there may be a million of them, and a Path is ten times as large
        if os.path.lexists(here):
            yield from _below(here, rest)
    else:
        wanted = re.compile(fnmatch.translate(part), re.DOTALL)
        for entry in _entries(folder):
            hidden = entry.name.startswith(".") and not part.startswith(".")
            if not hidden and wanted.match(entry.name) and (not rest or entry.is_dir()):
                yield from _below(entry.path, rest)


def _folders(top: str) -> Iterator[str]:
    """Give a folder and all below it that are not hidden, each once: real ones first, so that no link hides the real place."""
    visited: set[tuple[int, int]] = set()
    waiting, linked = [top], list[str]()
    while waiting or linked:
        folder = waiting.pop() if waiting else linked.pop()
        try:
            info = os.stat(folder or ".")  # noqa: PTH116  # see _below
        except OSError:
            continue
        if not stat.S_ISDIR(info.st_mode) or (info.st_dev, info.st_ino) in visited:
            continue
        visited.add((info.st_dev, info.st_ino))
        yield folder
        for entry in reversed(_entries(folder)):
            if not entry.name.startswith(".") and entry.is_dir():
                (linked if entry.is_symlink() else waiting).append(entry.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """List a folder by names; paths begin with it, those in the current folder (an empty text) with nothing."""
    try:
        with os.scandir(folder or None) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
    return found


__all__ = ["files_below", "fixed_part", "is_pattern", "matches", "written_out"]
