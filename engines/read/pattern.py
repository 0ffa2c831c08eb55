"""Read the files that a pattern means: pictures as the folder they lie in, shards and tables by their own readers."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from engines.errors import SourceError
from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions, part
from engines.read.layout import split_in_names
from engines.read.listing import METADATA, NO_FILE, Listing
from engines.read.names import PICTURE_SUFFIXES, escape, suffix_of
from engines.read.patterns import files_below, fixed_part, is_pattern, matches
from engines.read.pictures import picture_dataset
from engines.read.shards import holds_samples, is_tar
from engines.read.table_block import Part
from engines.read.table_files import KINDS
from engines.read.walk import FolderContents

MOST_SOURCES = 1000
REPORT = 4096


@engine
class PatternReader:
    """Read a pattern such as ``photos/**/*.jpg``, ``shards-{000..117}.tar`` or ``part-*.parquet``.

    Pictures are read as the folder before the first sign (``photos``) would be, without what the pattern leaves out: same ids, labels and
    splits, and the tables beside the pictures count. A folder that fits stands for all files in it. Tar files of samples are one WebDataset, and
    tables one table; anything else is read file by file and joined (``several``).
    """

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take what does not exist and has the signs of a pattern."""
        try:
            return is_pattern(os.fspath(source)) and not os.path.lexists(source)
        except (SourceError, OSError, ValueError):
            return False

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:
        """Read what fits; see ``Reader``."""
        from engines.read import read, read_several

        found = list(matches(source, part(progress, 0.0, 0.2)))
        if not found:
            start = fixed_part(source)
            raise SourceError(
                f"nothing fits {source}", f"it starts from {start}" + ("" if start.is_dir() else ", which is no folder")
            )
        rest = part(progress, 0.2, 1.0)
        files = [path for path in found if os.path.isfile(path)]  # noqa: PTH113  # there may be a million of them
        pictures = any(map(_is_picture, files))
        if len(found) == 1 and not pictures:
            return read(Path(found[0]), options, scratch=scratch, progress=rest)
        if pictures or len(files) < len(found):
            return _pictures(source, found, options, rest)
        paths = [Path(path) for path in sorted(files)]
        if all(map(is_tar, paths)) and holds_samples(paths[0]):
            from engines.read.webdataset import read_shards

            return Reading(dataset=read_shards(source, paths, fixed_part(source), options, scratch=scratch, progress=rest))
        if all(suffix_of(os.fsencode(path.name)) in KINDS for path in paths):
            return _table(source, paths, options, scratch, rest)
        if len(paths) > MOST_SOURCES:
            common = Counter(suffix_of(os.fsencode(path.name)) or "no suffix" for path in paths).most_common(3)
            told = ", ".join(f"{count:,} {suffix}" for suffix, count in common)
            raise SourceError(f"{source} means {len(paths):,} files that are no pictures", f"what fits: {told}")
        return read_several(paths, options, scratch=scratch, progress=rest)


def _is_picture(path: str) -> bool:
    return suffix_of(os.fsencode(path.rpartition("/")[2])) in PICTURE_SUFFIXES


def _table(source: Path, files: Sequence[Path], options: SourceOptions, scratch: Path, progress: Progress) -> Reading:
    """Read tables as one, the split of each by its name."""
    from engines.read.table import read_parts

    root = fixed_part(source)
    parts = [Part(path, split_in_names(os.path.relpath(path.with_suffix(""), root))) for path in files]
    return read_parts(source, parts, root, options, scratch=scratch, progress=progress)


def _pictures(source: Path, found: Sequence[str], options: SourceOptions, progress: Progress) -> Reading:
    """Read the pictures among what fits as the folder that the pattern starts from."""
    root = fixed_part(source)
    contents = FolderContents(root.resolve())
    listing = Listing(contents)
    start = len(os.fsencode(root)) + 1 if root.parts else 0
    seen: set[bytes] = set()
    for number, path in enumerate(_files(found)):
        if number % REPORT == 0:
            progress(0.5, f"reading the files · {len(listing.pictures):,} pictures found")
        name = os.fsencode(path)[start:].lstrip(b"/")
        if name not in seen:
            seen.add(name)
            _one(listing, contents, name, path)
    _add_tables(listing, contents, seen)
    origin = {"reader": "pattern", "format": "folder", "pattern": os.fspath(source)}
    return Reading(dataset=picture_dataset(source, listing, options, origin, whole=False))


def _files(found: Sequence[str]) -> Iterator[str]:
    """Give files, and those in folders."""
    for path in found:
        if os.path.isdir(path):  # noqa: PTH112  # there may be a million of them
            yield from files_below(path)
        else:
            yield path


def _one(listing: Listing, contents: FolderContents, name: bytes, path: str) -> None:
    """Sort one file as the walk of a folder does."""
    if listing.skim(name):
        return
    try:
        info = os.stat(path)  # noqa: PTH116  # see _files
    except OSError as error:
        if os.path.islink(path):  # noqa: PTH114  # see _files
            listing.counts["broken_links"] += 1
        else:
            listing.rejects.add(escape(name), f"cannot be read: {error.strerror or error}")
        return
    if stat.S_ISREG(info.st_mode):
        listing.file(contents.add(name, info))
    else:
        listing.rejects.add(escape(name), NO_FILE)


def _add_tables(listing: Listing, contents: FolderContents, seen: set[bytes]) -> None:
    """Add the tables that lie in the folders of the pictures and above them, up to the root, as a folder would have them."""
    folders = {b""}
    for found in listing.pictures:
        folder = found.path.rpartition(b"/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition(b"/")[0]
    for folder in sorted(folders):
        for table in METADATA:
            name = folder + b"/" + table if folder else table
            path = contents.full(name)
            if name not in seen and path.is_file():
                listing.tables.append(contents.add(name, path.stat()))


__all__ = ["PatternReader"]
