"""Read plain values that came from a browser: anything unexpected reads as None."""

from collections.abc import Mapping


def row_of(value: object) -> int | None:
    """Return a row number (u32), else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32 else None


def command_of(value: object) -> str | None:
    """Return the name of a key command, such as ``x`` or ``ctrl+z``, from ``{"name": ...}``, else None."""
    name = value.get("name") if isinstance(value, Mapping) else None
    return name if isinstance(name, str) and 0 < len(name) <= 32 else None
