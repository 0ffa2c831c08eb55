"""How an engine states its parameters once: a frozen dataclass whose fields serve the form, the flags, the key and the record."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, dataclass_transform

from engines.errors import ParameterError

T = TypeVar("T")


@dataclass(frozen=True)
class Range:
    """Bound a number: ``low <= value <= high``; ``None`` leaves a side open."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Doc:
    """Say in one line what a parameter does, for the form in the app and ``--help``."""

    text: str


@dataclass(frozen=True)
class Parameter:
    """Describe one field of an engine."""

    name: str
    type: Any
    default: Any
    range: Range
    choices: tuple[Any, ...]
    doc: str
    changes_result: bool


def speed_only(default: T) -> T:
    """Declare a field that cannot change the result (threads, batch, device); it stays out of the key."""
    return dataclasses.field(default=default, metadata={"speed_only": True})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field, speed_only))
def engine(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen keyword-only dataclass that checks its fields when it is made.

    Class variables that the pipeline reads: ``version`` (int, raise it when results change), ``packages`` (names of the
    distributions whose versions enter the key) and ``isolated`` (True = run it in a worker process).

    Raises:
        ParameterError: when a value lies outside of its ``Range``, is no choice of its ``Literal`` or has a wrong type.
    """
    inner = getattr(cls, "__post_init__", None)

    def __post_init__(self: Any) -> None:
        for parameter in parameters(type(self)):
            _check(type(self).__name__, parameter, getattr(self, parameter.name))
        if inner is not None:
            inner(self)

    cls.__post_init__ = __post_init__  # type: ignore[attr-defined]  # dataclass calls it by this name
    for name, default in (("version", 1), ("packages", ()), ("isolated", False)):
        if not hasattr(cls, name):
            setattr(cls, name, default)
    return dataclass(frozen=True, kw_only=True)(cls)


def parameters(cls: type[Any]) -> list[Parameter]:
    """List the parameters of an engine class in the order in which it declares them."""
    hints = typing.get_type_hints(cls, include_extras=True)
    found = []
    for item in dataclasses.fields(cls):
        hint, bounds, text = hints[item.name], Range(), ""
        if typing.get_origin(hint) is typing.Annotated:
            hint, *extras = typing.get_args(hint)
            bounds = next((extra for extra in extras if isinstance(extra, Range)), bounds)
            text = next((extra.text for extra in extras if isinstance(extra, Doc)), text)
        choices = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
        found.append(
            Parameter(item.name, hint, item.default, bounds, choices, text, not item.metadata.get("speed_only", False))
        )
    return found


def values(instance: Any, *, only_key: bool = False) -> dict[str, Any]:
    """Give the parameters of an engine as plain values; ``only_key`` leaves out what cannot change the result."""
    return {p.name: getattr(instance, p.name) for p in parameters(type(instance)) if p.changes_result or not only_key}


def build(cls: type[T], given: Mapping[str, Any]) -> T:
    """Make an engine from values that may still be text (command line, form, recipe).

    Raises:
        ParameterError: for an unknown name or a value that cannot be read as the field's type.
    """
    known = {parameter.name: parameter for parameter in parameters(cls)}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ParameterError(f"{cls.__name__} has no parameter {', '.join(unknown)}", f"it has: {', '.join(known) or 'none'}")
    return cls(**{name: _convert(cls.__name__, known[name], value) for name, value in given.items()})


_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _options(hint: Any) -> tuple[Any, ...]:
    """Give the members of a union, or the type itself."""
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _convert(owner: str, parameter: Parameter, value: Any) -> Any:
    """Read text as the type of the field; other values pass and are checked when the engine is made."""
    if not isinstance(value, str):
        return value
    kinds = _options(parameter.type)
    if type(None) in kinds and value.lower() in ("none", "null", ""):
        return None
    try:
        if bool in kinds:
            return _BOOLEANS[value.lower()]
        if parameter.choices:
            return next(choice for choice in parameter.choices if str(choice) == value)
        if int in kinds and value.lstrip("+-").isdigit():
            return int(value)
        if float in kinds:
            return float(value)
        if str in kinds:
            return value
        raise ValueError(value)
    except (KeyError, StopIteration, ValueError):
        raise ParameterError(f"{owner}.{parameter.name} cannot be {value!r}", _expected(parameter)) from None


def _check(owner: str, parameter: Parameter, value: Any) -> None:
    kinds = _options(parameter.type)
    if value is None and type(None) in kinds:
        return
    if parameter.choices:
        good = value in parameter.choices
    elif isinstance(value, bool):
        good = bool in kinds
    elif isinstance(value, int):
        good = int in kinds or float in kinds
    else:
        good = any(isinstance(kind, type) and isinstance(value, kind) for kind in kinds) or not all(
            isinstance(kind, type) for kind in kinds
        )
    if good and isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = parameter.range.low, parameter.range.high
        good = math.isfinite(value) and (low is None or value >= low) and (high is None or value <= high)
    if not good:
        raise ParameterError(f"{owner}.{parameter.name} cannot be {value!r}", _expected(parameter))


def _expected(parameter: Parameter) -> str:
    if parameter.choices:
        return "one of: " + ", ".join(map(str, parameter.choices))
    kinds = " or ".join(
        "none" if kind is type(None) else getattr(kind, "__name__", str(kind)) for kind in _options(parameter.type)
    )
    low, high = parameter.range.low, parameter.range.high
    if low is not None and high is not None:
        return f"{kinds} from {low:g} to {high:g}"
    if low is not None:
        return f"{kinds}, at least {low:g}"
    if high is not None:
        return f"{kinds}, at most {high:g}"
    return kinds
