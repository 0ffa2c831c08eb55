"""Thumbnails and pictures of rows as bytes for the browser: always re-encoded, only ever of files that belong to the data set."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

from engines.artifacts import Dataset, PictureFacts
from engines.embed.decode import DecodeError, open_picture
from engines.embed.rowcache import RowCache


class Media:
    """Serve the media of one data set by row number; None where there is nothing to show (a file that disappeared, vectors)."""

    def __init__(self, dataset: Dataset, facts: PictureFacts | None, cache_path: Path) -> None:
        self.dataset = dataset
        self._facts = facts
        self._cache_path = cache_path
        self._local = threading.local()

    def thumb(self, row: int) -> bytes | None:
        """Give the thumbnail (JPEG, at most 192 pixels) that was made while embedding."""
        if self._facts is None or not 0 <= row < len(self._facts):
            return None
        content = self._facts.facts.column("content_hash")[row].as_py()
        return self._cache().thumb(content)

    def picture(self, row: int, side: int) -> bytes | None:
        """Decode the row's file and give it as JPEG of at most ``side`` pixels; None when it has gone or is broken."""
        if self._facts is None or not 0 <= row < len(self.dataset):
            return None
        media = self.dataset.media_of(row)
        if not isinstance(media, bytes):
            return None
        path = os.path.join(os.fsencode(self.dataset.root), media)  # noqa: PTH118 - bytes: names need not be text
        try:
            picture = open_picture(path, side)
        except (OSError, DecodeError):
            return None
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=88)
        return stream.getvalue()

    def _cache(self) -> RowCache:
        cache: RowCache | None = getattr(self._local, "cache", None)
        if cache is None:
            cache = self._local.cache = RowCache(self._cache_path)
        return cache
