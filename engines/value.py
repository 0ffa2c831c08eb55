"""What every value that flows has in common: frozen, checked when made, arrays read-only, split into storable parts."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa


class InvalidValue(ValueError):
    """Report a value whose invariants do not hold: a bug in the engine that made it, never the person's mistake."""


def require(condition: bool | np.bool_, message: str) -> None:
    """Raise ``InvalidValue`` unless the condition holds."""
    if not condition:
        raise InvalidValue(message)


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A value with a key whose fields are arrays, Arrow tables and plain values, so that a store can keep it."""

    kind_name: ClassVar[str]
    key: str

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray) and value.flags.writeable:
                view = value.view()
                view.flags.writeable = False
                object.__setattr__(self, item.name, view)
        self.check()

    def check(self) -> None:
        """Check the invariants; runs once, when the value is made, not when it is loaded."""

    def with_key(self, key: str) -> Self:
        """Give the same value under another key, without checking it again."""
        made = copy.copy(self)
        object.__setattr__(made, "key", key)
        return made

    def parts(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]], dict[str, pa.Table]]:
        """Split into plain values, arrays and tables, by field name."""
        plain: dict[str, Any] = {}
        arrays: dict[str, npt.NDArray[Any]] = {}
        tables: dict[str, pa.Table] = {}
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                arrays[item.name] = value
            elif isinstance(value, pa.Table):
                tables[item.name] = value
            else:
                plain[item.name] = value
        return plain, arrays, tables

    @classmethod
    def restore(cls, plain: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], tables: Mapping[str, pa.Table]) -> Self:
        """Put stored parts together again without running the checks."""
        made = object.__new__(cls)
        for item in dataclasses.fields(cls):
            source = next((parts for parts in (arrays, tables, plain) if item.name in parts), None)
            require(source is not None, f"{cls.__name__} lacks {item.name}")
            assert source is not None
            object.__setattr__(made, item.name, source[item.name])
        return made
