"""The Python face of the source form."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

from components.assets import component
from components.kit import received, text_of


class Known(TypedDict):
    """One thing that is known of the source."""

    name: str
    value: str


class Part(TypedDict):
    """A part that a column can play, and the column that plays it; empty = none, or whatever the reader finds."""

    role: str
    label: str
    hint: str
    column: str


class SourceFormData(TypedDict):
    """Everything that the form shows. Without ``columns`` nothing can be chosen, unless their names can be typed (``free``).

    ``failed`` tells that the last reading ended with an error: then all parts are sent again. ``rev`` changes when the source was read anew.
    """

    title: str
    known: Sequence[Known]
    parts: Sequence[Part]
    columns: Sequence[str]
    free: bool
    busy: bool
    failed: bool
    rev: str


def read_roles(value: object, data: SourceFormData) -> Mapping[str, str] | None:
    """Read which column shall play which part; None when it is malformed, or names a part or column that was not offered."""
    if not isinstance(value, Mapping) or not value:
        return None
    known = {part["role"] for part in data["parts"]}
    columns = {*data["columns"], *(part["column"] for part in data["parts"]), ""}
    roles: dict[str, str] = {}
    for role, given in value.items():
        column = text_of(given)
        if role not in known or column is None or not (data["free"] or column in columns):
            return None
        roles[role] = column.strip() if data["free"] else column
    return roles


def source_form(*, key: str, data: SourceFormData, on_change: Callable[[Mapping[str, str]], None]) -> None:
    """Mount the form; ``on_change`` gets the parts that shall be played by another column, empty = let the reader find one."""

    def change() -> None:
        roles = read_roles(received(key, "roles"), data)
        if roles is not None:
            on_change(roles)

    component("dataset-explorer-source-form", "components/source_form/index.js")(key=key, data=data, on_roles_change=change)


def example() -> SourceFormData:
    """Return data that show every part."""
    return {
        "title": "Source",
        "known": [{"name": "Format", "value": "CSV"}, {"name": "Rows", "value": "1,076"}],
        "parts": [
            {"role": "text", "label": "Text", "hint": "what a row says", "column": "text"},
            {"role": "label", "label": "Label", "hint": "its class", "column": "label"},
            {"role": "id", "label": "Id", "hint": "its name", "column": ""},
        ],
        "columns": ["id", "text", "label"],
        "free": False,
        "busy": False,
        "failed": False,
        "rev": "",
    }
