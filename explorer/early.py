"""The thumbnails that are ready while the pictures of a data set are still being read."""

import sqlite3
from contextlib import closing
from pathlib import Path

MOST = 600


def ready(cache: Path) -> int:
    """Count the thumbnails in a row cache, up to ``MOST``; 0 while there is none."""
    found = _ask(cache, "SELECT count(*) FROM (SELECT 1 FROM facts LIMIT ?)", MOST)
    return found if isinstance(found, int) else 0


def thumb(cache: Path, number: int) -> bytes | None:
    """Return the thumbnail (JPEG) that was made as number 0, 1, ...; None where there is none."""
    found = _ask(cache, "SELECT thumb FROM facts ORDER BY rowid LIMIT 1 OFFSET ?", number) if 0 <= number < MOST else None
    return bytes(found) if isinstance(found, bytes) else None


def _ask(cache: Path, query: str, value: int) -> object:
    """Read one value without ever making or changing the file: it belongs to the stage that fills it."""
    if not cache.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{cache.resolve().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            row = connection.execute(query, (value,)).fetchone()
    except sqlite3.Error:
        return None
    return row[0] if row else None
