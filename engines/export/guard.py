"""Cells of CSV files that no spreadsheet takes for a formula, without losing what they held."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

FORMULA = tuple("=+-@\t\r\n\uff0b\uff0d\uff1d\uff20")
MARK = "'"
RULE = "a text whose first character (apostrophes aside) is one of = + - @ tab or a line break got one ' in front; take one ' away to read it"


def needs_guard(text: str) -> bool:
    """Tell whether a spreadsheet could run a text, or whether it looks like a guarded one."""
    return text.lstrip(MARK).startswith(FORMULA)


def guard(text: str) -> str:
    """Put an apostrophe before a text that needs it; ``unguard`` gives the text back."""
    return MARK + text if needs_guard(text) else text


def unguard(text: str) -> str:
    """Take the apostrophe of ``guard`` away."""
    return text[1:] if text.startswith(MARK) and needs_guard(text) else text


def cell(value: Any) -> str:
    """Write a plain value as the text of a cell: null is empty, lists and objects are JSON, numbers are not guarded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)


def sha256_of(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


__all__ = ["RULE", "cell", "guard", "needs_guard", "sha256_of", "unguard"]
