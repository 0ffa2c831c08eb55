"""Keep the binary frames that pages refer to (positions, colors, states, selections) until browsers have fetched them."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

LIMIT = 256 * 2**20


class Blobs:
    """Bytes by (kind, hash of the bytes), least recently used ones dropped above ``limit`` bytes.

    The hash is the revision in the URL, so that an answer may be cached forever, equal frames of several tabs are one, and
    nothing but what a page has published can be asked for.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._size = 0
        self._held: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._made: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def publish(self, kind: str, body: bytes) -> str:
        """Hold the bytes and return their revision."""
        rev = hashlib.blake2b(body, digest_size=10).hexdigest()
        with self._lock:
            name = (kind, rev)
            if name in self._held:
                self._held.move_to_end(name)
                return rev
            self._held[name] = body
            self._size += len(body)
            while self._size > self._limit and len(self._held) > 1:
                _, dropped = self._held.popitem(last=False)
                self._size -= len(dropped)
        return rev

    def made(self, kind: str, memo: str, make: Callable[[], bytes]) -> str:
        """Return the revision of what ``make`` gives, calling it only once per ``memo``."""
        with self._lock:
            rev = self._made.get((kind, memo))
            if rev is not None and (kind, rev) in self._held:
                self._held.move_to_end((kind, rev))
                return rev
        rev = self.publish(kind, make())
        with self._lock:
            self._made[(kind, memo)] = rev
            while len(self._made) > 1000:
                self._made.popitem(last=False)
        return rev

    def find(self, kind: str, rev: str) -> bytes | None:
        """Return the bytes; None when they were never published or have been dropped."""
        with self._lock:
            body = self._held.get((kind, rev))
            if body is not None:
                self._held.move_to_end((kind, rev))
            return body
