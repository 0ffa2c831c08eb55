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
        "pattern": Entry("engines.read.pattern:PatternReader", "a pattern of paths: photos/**/*.jpg, shards-{000..009}.tar"),
        "hugging_face": Entry(
            "engines.read.hugging_face:HuggingFaceReader",
            "a data set that the library datasets saved, or hf:owner/name where the machine is online",
        ),
        "vectors": Entry("engines.read.vectors:VectorReader", "ready-made vectors in an .npy, .npz or .safetensors file"),
        "coco": Entry("engines.read.coco:CocoReader", "COCO annotations with their pictures; a picture is a row"),
        "yolo": Entry("engines.read.yolo:YoloReader", "a YOLO data set with its pictures; a picture is a row"),
        "webdataset": Entry("engines.read.webdataset:WebDatasetReader", "WebDataset shards, one tar or a folder of them"),
        "archive": Entry(
            "engines.read.archive:ArchiveReader", "a zip or tar file of a folder of pictures; nothing is unpacked"
        ),
        "table": Entry(
            "engines.read.table:TableReader",
            "CSV, TSV, JSON, JSON Lines, Parquet, Arrow and Feather tables of pictures, texts, numbers or vectors",
        ),
        "path_list": Entry("engines.read.path_list:PathListReader", "a .txt file that lists paths of pictures"),
        "texts": Entry("engines.read.texts:TextReader", "texts: one per line of a .txt file, or a folder of .txt files"),
        "folder": Entry(
            "engines.read.folder:FolderReader", "a folder of pictures; sub-folders, splits and metadata tables are understood"
        ),
    },
)
"""Asked in this order: who looks closest comes first, and a folder that is nothing else is one of pictures."""


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
    supported = (
        "give a folder or archive of pictures, a table (.csv, .jsonl, .parquet, .arrow), WebDataset, COCO or YOLO, a .txt of texts, "
        "or vectors (.npy, .npz, .safetensors)"
    )
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
