"""Keys of values: what a value was computed from, so that a result is never stale and never computed twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import metadata
from typing import Any

from engines.parameters import values

KEY_LENGTH = 24


def digest(*parts: bytes | str) -> str:
    """Hash parts (BLAKE2b, each preceded by its length so that no two lists of parts collide) to 24 hex digits."""
    return Digest(*parts).key


class Digest:
    """What ``digest`` does, part after part; a long part may come in pieces."""

    def __init__(self, *parts: bytes | str) -> None:
        self._state = hashlib.blake2b(digest_size=KEY_LENGTH // 2)
        for part in parts:
            raw = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
            self.begin(len(raw))
            self.feed(raw)

    def begin(self, length: int) -> None:
        """Begin a part of so many bytes, which are fed next."""
        self._state.update(length.to_bytes(8, "little"))

    def feed(self, piece: bytes | memoryview) -> None:
        """Add bytes to the part that was begun; memory of an array must be contiguous."""
        self._state.update(piece)

    @property
    def key(self) -> str:
        """Give 24 hex digits."""
        return self._state.hexdigest()


def chain(stage: str, engine: Any, inputs: Iterable[str], *, name: str = "", extra: Mapping[str, Any] | None = None) -> str:
    """Key of what ``engine`` makes of inputs with the given keys.

    The engine's version, its parameters that can change the result and the versions of the packages that it names enter;
    threads, batch size and device do not. An engine that reads a model from a folder has a ``content_key``, which enters in place of its name.
    """
    packages = {package: package_version(package) for package in sorted(getattr(engine, "packages", ()))}
    content = getattr(engine, "content_key", "")
    body = {
        "stage": stage,
        # A model is known by what is in its files; where they lie must not matter.
        "engine": type(engine).__name__ if content else name or type(engine).__name__,
        "version": getattr(engine, "version", 1),
        "parameters": values(engine, only_key=True),
        "packages": packages,
        "inputs": list(inputs),
        "extra": dict(extra or {}),
    }
    if content:
        body["content"] = content
    return digest(json.dumps(body, sort_keys=True, default=str))


@lru_cache(maxsize=256)
def package_version(distribution: str) -> str:
    """Give the installed version of a distribution, or ``"missing"``."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "missing"
