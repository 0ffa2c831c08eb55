"""Read a folder of pictures: what lies where, and what the tables beside the pictures say about them."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions
from engines.read.pictures import picture_dataset
from engines.read.walk import list_folder


@engine
class FolderReader:
    """Read a folder of pictures without opening one; what becomes label, split and id says ``pictures.picture_dataset``."""

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take every folder."""
        return source.is_dir()

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:  # noqa: ARG002  # nothing slow to find again
        """Read the rows; see ``Reader``."""
        listing = list_folder(source, progress)
        return Reading(dataset=picture_dataset(source, listing, options, {"reader": "folder", "format": "folder"}))
