"""Look for the columns of a table that play a part: what was said about each, the usual names, and the best of several."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from engines.artifacts import Kind
from engines.errors import SourceError
from engines.protocols import SourceOptions
from engines.read.table_profile import Profile

NONE = "-"
"""What a person writes in place of a column where no column plays the part."""


@dataclass(kw_only=True)
class Roles:
    """Which column plays which part; None, or nothing, where no column does. ``why``: by what each was found."""

    image: str | None = None
    text: str | None = None
    label: str | None = None
    one_hot: list[str] = field(default_factory=list)
    label_name: str | None = None
    split: str | None = None
    id: str | None = None
    id_candidate: str | None = None
    caption: str | None = None
    date: str | None = None
    latitude: str | None = None
    longitude: str | None = None
    weight: str | None = None
    vectors: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    why: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Tell what a row of the data set is."""
        if self.image is not None:
            return "pictures"
        if self.text is not None:
            return "texts"
        return "vectors" if self.vectors else "table"

    def record(self) -> dict[str, Any]:
        """Give the parts that columns play as plain values, for ``Dataset.origin``."""
        told = {item.name: getattr(self, item.name) for item in fields(self)}
        told["label"] = self.label or self.one_hot
        hidden = ("why", "one_hot", "features", "id_candidate")
        return {name: value for name, value in told.items() if value and name not in hidden}


@dataclass
class Search:
    """The columns among which roles are looked for; ``found`` grows part by part."""

    source: str
    columns: Mapping[str, Profile]
    options: SourceOptions
    reachable: Callable[[Sequence[Any]], bool]
    found: Roles = field(default_factory=Roles)

    def chosen(self, part: str) -> tuple[bool, str | None]:
        """Tell whether a person said which column plays a part, and which one; ``-`` says none.

        Raises:
            SourceError: when there is no such column; it names the nearest.
        """
        wanted = getattr(self.options, part)
        if wanted is None:
            return False, None
        if wanted in self.columns:
            self.found.why[part] = f"--{part}"
            return True, wanted
        if wanted == NONE:
            return True, None
        raise self.unknown(part, wanted)

    def unknown(self, part: str, wanted: str) -> SourceError:
        """Say that a column is not there."""
        near = difflib.get_close_matches(wanted, self.columns, n=1)
        known = ", ".join(list(self.columns)[:30]) + (", ..." if len(self.columns) > 30 else "")
        hint = (f"did you mean {near[0]!r}? " if near else "") + f"the columns are: {known}"
        return SourceError(f"--{part}: there is no column {wanted!r} in {self.source}", hint)

    def named(self, part: str, names: Sequence[str], fits: Callable[[Profile], bool]) -> str | None:
        """Find the first usual name whose column fits."""
        for name in names:
            for column in self.columns.values():
                if column.plain == name and column.name not in self.taken and fits(column):
                    self.found.why[part] = "by its name"
                    return column.name
        return None

    def best(self, part: str, ranked: Sequence[tuple[Any, Profile]]) -> str | None:
        """Take the best of some candidates.

        Raises:
            SourceError: when two of them are equally good.
        """
        ordered = sorted(ranked, key=lambda pair: pair[0])
        if not ordered:
            return None
        if len(ordered) > 1 and ordered[0][0] == ordered[1][0]:
            names = [candidate.name for rank, candidate in ordered if rank == ordered[0][0]]
            listed = ", ".join(repr(name) for name in names[:6])
            hint = f"choose one with --{part}, for example --{part} {names[0]}; --{part} {NONE} takes none"
            raise SourceError(f"{self.source} has {len(names)} columns that may be the {part}: {listed}", hint)
        self.found.why[part] = "by its name and what it holds"
        return ordered[0][1].name

    @property
    def taken(self) -> set[str]:
        """Name the columns that play a part already."""
        roles = self.found
        single = (roles.image, roles.text, roles.label, roles.label_name, roles.split, roles.id, roles.caption)
        return {name for name in (*single, *roles.one_hot, *roles.vectors) if name is not None}


__all__ = ["NONE", "Roles", "Search"]
