"""Engines of a stage by name: an ordered literal table of lazy targets, open to strangers through entry points."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from typing import Any

from engines.errors import MissingPackage, ParameterError

GROUP = "dataset_explorer"


@dataclass(frozen=True)
class Entry:
    """Point to an engine without importing it.

    ``modules`` are the import names that it needs, ``extra`` the pip extra of this project that brings them. ``modality`` says for which
    kind of data set it is, where that matters (encoders).
    """

    target: str
    summary: str
    modules: tuple[str, ...] = ()
    extra: str | None = None
    modality: str = ""

    def missing(self) -> list[str]:
        """Name the needed modules that are not installed, without importing any of them."""
        return [module for module in self.modules if importlib.util.find_spec(module) is None]

    def install_line(self) -> str:
        """Give the one line that installs what is missing, or an empty text."""
        missing = self.missing()
        if not missing:
            return ""
        return f"pip install 'dataset-explorer[{self.extra}]'" if self.extra else f"pip install {' '.join(missing)}"


@dataclass(frozen=True)
class Registry:
    """Hold the engines of one stage in a fixed order; the first one is the default."""

    stage: str
    table: Mapping[str, Entry]
    _loaded: dict[str, type[Any]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Give own entries first, then those that other distributions add as ``dataset_explorer.<stage>``.

        Raises:
            ParameterError: when a plug-in takes a name that exists already; it never silently wins.
        """
        found = dict(self.table)
        for point in sorted(metadata.entry_points(group=f"{GROUP}.{self.stage}"), key=lambda point: point.name):
            if point.name in found:
                owner = point.dist.name if point.dist else point.value
                raise ParameterError(
                    f"the plug-in {owner} names its {self.stage} engine {point.name!r}, which exists already",
                    f"uninstall {owner} or ask its authors for another name",
                )
            found[point.name] = Entry(point.value, f"plug-in {point.value}")
        return found

    def names(self) -> list[str]:
        """List the names in order."""
        return list(self.entries)

    def default(self) -> str:
        """Name the engine that is used when nobody chooses."""
        return next(iter(self.table))

    def load(self, name: str) -> type[Any]:
        """Import the class of an engine.

        Raises:
            ParameterError: for an unknown name, with the nearest known one.
            MissingPackage: when a package that it needs is not installed, with the line that installs it.
        """
        if name not in self._loaded:
            entry = self.entry(name)
            if entry.missing():
                raise MissingPackage(f"{self.stage} engine {name!r} needs {', '.join(entry.missing())}", entry.install_line())
            module, _, attribute = entry.target.partition(":")
            self._loaded[name] = getattr(importlib.import_module(module), attribute)
        return self._loaded[name]

    def entry(self, name: str) -> Entry:
        """Give the entry of a name; raise ``ParameterError`` for an unknown one, with the nearest known name."""
        if name in self.entries:
            return self.entries[name]
        near = difflib.get_close_matches(str(name), self.entries, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(self.entries)}"
        raise ParameterError(f"no {self.stage} engine is called {name!r}", hint)
