"""Thumbnails and pictures of rows as bytes for the browser: always re-encoded, only ever of files that belong to the data set."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from engines.artifacts import Dataset, PictureFacts
from engines.embed.decode import Unusable, decode
from engines.embed.facts import THUMB_SIDE
from engines.embed.rowcache import RowCache
from engines.media import MediaFiles, Unreadable


class Media:
    """Serve the media of one data set by row number; None where there is nothing to show (a file that disappeared, vectors)."""

    def __init__(self, dataset: Dataset, facts: PictureFacts | None, cache_path: Path) -> None:
        self.dataset = dataset
        self._contents: list[str] = [] if facts is None else facts.facts.column("content_hash").to_pylist()
        self._files = MediaFiles(dataset)
        self._cache = RowCache(cache_path)

    def thumb(self, row: int) -> bytes | None:
        """Give the thumbnail (JPEG, at most 192 pixels) that was made while embedding."""
        if not 0 <= row < len(self._contents):
            return None
        # The cache may be emptied at any time; then the file itself is asked.
        return self._cache.thumb(self._contents[row]) or self.picture(row, THUMB_SIDE)

    def picture(self, row: int, side: int) -> bytes | None:
        """Decode the row's file and give it as JPEG of at most ``side`` pixels; None when it has gone or is broken."""
        if not 0 <= row < len(self.dataset):
            return None
        try:
            picture = decode(self._files.read(row), side).rgb
        except (Unreadable, Unusable):
            return None
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=90)
        return stream.getvalue()
