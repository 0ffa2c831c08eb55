"""Stage read: which rows does the source hold, and where is the media of each? No picture is opened here."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from engines.errors import SourceError
from engines.protocols import Progress, Reader, Reading, SourceOptions, no_progress
from engines.read.names import PICTURE_SUFFIXES, suffix_of
from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="read",
    table={
        "folder": Entry(
            "engines.read.folder:FolderReader", "a folder of pictures; sub-folders, splits and metadata tables are understood"
        ),
        "vectors": Entry("engines.read.vectors:VectorReader", "ready-made vectors in an .npy or .npz file"),
    },
)


def read(source: Path, options: SourceOptions | None = None, *, scratch: Path, progress: Progress = no_progress) -> Reading:
    """Read a source with the first reader that takes it; vectors come along where the source itself holds them.

    Raises:
        SourceError: when nothing is there, no reader takes it, or it holds no usable row.
    """
    for name in ENGINES.names():
        kind: type[Reader] = ENGINES.load(name)
        if kind.reads(source):
            return kind()(source, options or SourceOptions(), scratch=scratch, progress=progress)
    raise _refusal(source)


def read_several(sources: Sequence[Path], options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:
    """Read several sources as one data set with a column ``source``.

    Raises:
        SourceError: when one of them cannot be read, or their kinds differ.
    """
    from engines.read.several import join_sources

    readings = [read(source, options, scratch=scratch, progress=progress) for source in sources]
    return join_sources(sources, readings, options)


def _refusal(source: Path) -> SourceError:
    """Say why no reader takes the source."""
    supported = "give a folder of pictures, or an .npy or .npz file of vectors"
    try:
        source.stat()
    except OSError as error:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return SourceError(f"{source} cannot be read: {error.strerror or error}")
        near = _near(source)
        return SourceError(f"{source} does not exist", f"did you mean {near}?" if near else supported)
    if suffix_of(os.fsencode(source.name)) in PICTURE_SUFFIXES:
        return SourceError(f"{source} is one picture", f"give the folder that holds it: {source.parent}")
    return SourceError(f"{source} is a kind of file that cannot be read as a data set", supported)


def _near(source: Path) -> Path | None:
    """Find what lies beside a wrong path and has nearly its name."""
    try:
        names = [entry.name for entry in source.parent.iterdir()]
    except OSError:
        return None
    found = difflib.get_close_matches(source.name, names, n=1)
    return source.parent / found[0] if found else None


__all__ = ["ENGINES", "read", "read_several"]
