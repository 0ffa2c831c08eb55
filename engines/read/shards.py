"""Find the shards of a WebDataset, tell them from tar files of a folder, and index them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from engines.errors import SourceError
from engines.protocols import Progress, no_progress, part
from engines.read.archive import open_archive
from engines.read.layout import split_in_names
from engines.read.members import FOLDER, Member
from engines.read.names import PICTURE_SUFFIXES, escape, is_junk, suffix_of
from engines.read.rejects import Rejects
from engines.read.samples import Shard, are_samples, group, is_field
from engines.read.tar_index import Read, scan_tar
from engines.read.unpack import compression, first_bytes

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst")
SNIFFED = 64
SNIFFED_BYTES = 16 << 20
MOST_ENTRIES = 5_000
VARIANT = "samples"


def is_tar(path: Path) -> bool:
    """Tell by the suffix whether a file is a tar file, compressed or not."""
    return path.name.lower().endswith(SUFFIXES)


def holds_samples(path: Path) -> bool:
    """Tell by its first members whether a tar file is a shard; never raises. See ``samples.are_samples`` for the rule."""
    try:
        with path.open("rb", buffering=0) as handle:
            head = os.pread(handle.fileno(), 8, 0)
            codec = compression(head)
            if codec is None:
                size = os.fstat(handle.fileno()).st_size
                return are_samples(_first_names(lambda count, at: os.pread(handle.fileno(), count, at), size))
        data = first_bytes(path, codec, SNIFFED_BYTES)
        return are_samples(_first_names(lambda count, at: data[at : at + count], len(data)))
    except (OSError, SourceError):
        return False


class _Enough(Exception):
    """So many members tell it."""


def _first_names(read: Read, size: int) -> list[bytes]:
    names: list[bytes] = []

    def take(member: Member) -> None:
        if member.kind != FOLDER:
            names.append(member.name)
        if len(names) >= SNIFFED:
            raise _Enough

    with suppress(_Enough):
        scan_tar(read, size, take, no_progress, name="it")
    return names


def tars_below(folder: Path, most: int | None = None) -> list[Path]:
    """List the tar files below a folder in the order of their paths; none where there are pictures too.

    ``most``: look at so many files only.
    """
    found: list[Path] = []
    for count, path in enumerate(_files(folder)):
        if most is not None and count >= most:
            break
        if is_tar(path):
            found.append(path)
        elif suffix_of(os.fsencode(path.name)) in PICTURE_SUFFIXES:
            return []
    return sorted(found)


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not is_junk(os.fsencode(name)))
        for name in sorted(names):
            if not name.startswith(".") and not is_junk(os.fsencode(name)):
                yield Path(root) / name


def open_shards(paths: Sequence[Path], root: Path, rejects: Rejects, *, scratch: Path, progress: Progress) -> list[Shard]:
    """Index every shard; one that cannot be read is a reject, and so is what lies behind a break.

    Raises:
        SourceError: when not one of them can be read.
    """
    shards: list[Shard] = []
    fault: SourceError | None = None
    for number, path in enumerate(paths):
        step = part(progress, number / len(paths), (number + 1) / len(paths))
        name = escape(os.fsencode(os.path.relpath(path.absolute(), root.absolute())))
        try:
            container, members, _ = open_archive(path.resolve(), scratch=scratch, progress=step, variant=VARIANT, keep=is_field)
        except SourceError as error:
            fault = fault or error
            rejects.add(None, f"{name} is not used: {error.message}", path=name)
            continue
        step(1.0, f"looking through {name} · {len(members):,} members")
        if members.note:
            rejects.add(None, members.note, path=name)
        shards.append(group(Shard(container=container, name=name, split=split_in_names(name), members=members)))
    if not shards and fault is not None:
        raise fault
    return shards


__all__ = ["SUFFIXES", "holds_samples", "is_tar", "open_shards", "tars_below"]
