"""What our components share on the Python side: reading what came from the browser."""

from collections.abc import Mapping

import streamlit as st

from components.wire import row_of


def received(key: str, name: str) -> object:
    """Return the value of a trigger of a mounted component in this run; None when it did not fire."""
    return getattr(st.session_state.get(key), name, None)


def text_of(value: object, limit: int = 2_000) -> str | None:
    """Return a text of at most ``limit`` characters, else None."""
    return value if isinstance(value, str) and len(value) <= limit else None


def field_of(value: object, name: str, limit: int = 2_000) -> str | None:
    """Return a text inside an event, else None."""
    return text_of(value.get(name), limit) if isinstance(value, Mapping) else None


def number_of(value: object, name: str) -> float | None:
    """Return a finite number inside an event, else None."""
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, int | float) or isinstance(found, bool):
        return None
    return float(found) if abs(found) < 1e300 else None


def row_in(value: object, name: str = "row") -> int | None:
    """Return a row number inside an event, else None."""
    return row_of(value.get(name)) if isinstance(value, Mapping) else None


__all__ = ["field_of", "number_of", "received", "row_in", "text_of"]
