"""Read WebDataset tar files: samples by key, pictures in place, labels, captions and columns from the members beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from engines.artifacts import Dataset
from engines.errors import SourceError
from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions, part
from engines.read.rejects import Rejects
from engines.read.sample_blocks import Blocks
from engines.read.sample_rows import SampleRows
from engines.read.samples import CAPTIONS, Shard, is_picture, pictures
from engines.read.shards import MOST_ENTRIES, holds_samples, is_tar, open_shards, tars_below


@engine
class WebDatasetReader:
    """Read one ``.tar`` of samples, or a folder of them, without unpacking.

    A tar file holds samples when at least half of the keys among its first 64 members have two members, one of them ``.cls``, ``.txt``,
    ``.json`` or the like, and it holds no ``metadata.csv``; every other tar file is one of a folder. A sample's media is its picture; of
    several the one whose extension most samples have, or that ``--image`` names. The label is ``.cls`` or the key ``label`` of ``.json``;
    ``.txt`` (or the keys ``caption``, ``text``) is the caption; the other keys are own columns. Where no sample has a picture, ``.txt``
    is the media: a data set of texts. Numbers of classes get the names in ``classes.json`` (a list), ``classnames.txt`` or
    ``classes.txt`` beside the shards. The split is the key ``split``, else what file or folder of the shard are called like.

    The id is the key. Where a key occurs in more than one shard, every id is ``shard/key``, the shard without ``.tar``; ``--id`` names a
    key of ``.json`` in its place. Rows are in the order of ids. What lies in a shard is remembered in ``scratch``.
    """

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take tar files that begin with samples, and folders that hold such and no pictures."""
        try:
            if source.is_file():
                return is_tar(source) and holds_samples(source)
            found = tars_below(source, MOST_ENTRIES) if source.is_dir() else []
            return bool(found) and holds_samples(found[0])
        except OSError:
            return False

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:
        """Read the rows; see ``Reader``."""
        paths = tars_below(source) if source.is_dir() else [source]
        root = source if source.is_dir() else source.parent
        return Reading(dataset=read_shards(source, paths, root, options, scratch=scratch, progress=progress))


def read_shards(
    source: Path, paths: Sequence[Path], root: Path, options: SourceOptions, *, scratch: Path, progress: Progress
) -> Dataset:
    """Read these shards as one data set; their names count from ``root``.

    Raises:
        SourceError: when not one shard can be read, no sample has a picture or a text, or an option names what no sample has.
    """
    rejects = Rejects()
    shards = open_shards(paths, root, rejects, scratch=scratch, progress=part(progress, 0.0, 0.7))
    ranked = _ranked(source, shards, options)
    blocks = Blocks(ranked=ranked, rejects=rejects)
    for number, shard in enumerate(shards):
        progress(0.7 + 0.3 * number / len(shards), f"reading the labels of {shard.name}")
        if ranked:
            chosen, reasons = pictures(shard, ranked)
        else:
            chosen, reasons = np.full(len(shard.keys), -1, dtype=np.int64), {}
        blocks.add(shard, chosen, reasons)
    progress(1.0, "labels read")
    return SampleRows(source=source, root=root.resolve(), shards=shards, blocks=blocks, options=options).dataset()


def _ranked(source: Path, shards: Sequence[Shard], options: SourceOptions) -> list[str]:
    """Give the extensions of pictures, the one that most samples have first; none where the samples are texts.

    Raises:
        SourceError: when there are neither pictures nor texts, or no member has the extension that ``--image`` names.
    """
    counts: Counter[str] = Counter()
    for shard in shards:
        for number, count in enumerate(np.bincount(shard.extension, minlength=len(shard.extensions)).tolist()):
            counts[shard.extensions[number]] += count
    common = ", ".join(f"{count:,} .{name}" for name, count in counts.most_common(6)) or "no samples"
    if options.image is not None:
        wanted = options.image.lower().removeprefix(".")
        if wanted not in counts:
            raise SourceError(f"--image: no sample has a member .{wanted}", f"there are: {common}")
        return [wanted]
    found = sorted((name for name in counts if is_picture(name)), key=lambda name: (-counts[name], name))
    if not found and not any(name in counts for name in CAPTIONS):
        raise SourceError(f"no sample in {source} has a picture or a text", f"what they hold: {common}")
    return found


__all__ = ["WebDatasetReader", "read_shards"]
