"""The Python face of the report."""

from collections.abc import Callable, Sequence
from typing import Literal, NotRequired, TypedDict

from components.assets import component
from components.kit import received, text_of


class Fact(TypedDict):
    """A figure with its word."""

    value: str
    label: str
    tone: Literal["accent", ""]


class Action(TypedDict):
    """A button at the end of a line; ``hint`` says more, ``usable`` False keeps it from being pressed."""

    name: str
    label: str
    hint: str
    usable: bool


class Row(TypedDict):
    """One line of a table; at its end a button or a few words (``mark``)."""

    cells: Sequence[str]
    tone: Literal["quiet", "current", ""]
    action: NotRequired[Action]
    mark: NotRequired[str]


class Table(TypedDict):
    """A table; ``align`` holds l or r per column; empty column heads are left out. ``note`` stands below it, a paragraph a line."""

    title: str
    columns: Sequence[str]
    align: str
    rows: Sequence[Row]
    empty: str
    note: NotRequired[str]


class ReportData(TypedDict):
    """Everything that is shown: title, lead, figures, tables, or how something ended (``done`` with ``path``, ``failed`` with ``hint``)."""

    title: str
    lead: str
    facts: Sequence[Fact]
    tables: Sequence[Table]
    done: NotRequired[str]
    path: NotRequired[str]
    failed: NotRequired[str]
    hint: NotRequired[str]


def report(*, key: str, data: ReportData, on_action: Callable[[str], None] | None = None) -> None:
    """Mount the report. All texts are shown as they are, whatever they hold. ``on_action`` gets the name of a row's action."""

    def act() -> None:
        name = text_of(received(key, "act"))
        known = {row["action"]["name"] for table in data["tables"] for row in table["rows"] if "action" in row}
        if on_action is not None and name in known and name is not None:
            on_action(name)

    component("dataset-explorer-report", "components/report/index.js")(key=key, data=data, on_act_change=act)


def example() -> ReportData:
    """Return data that show every part."""
    rows: list[Row] = [
        {
            "cells": ["Near duplicates", "12"],
            "tone": "",
            "action": {"name": "look", "label": "Look", "hint": "", "usable": True},
        },
        {"cells": ["By hand", "3"], "tone": "quiet", "mark": "your own"},
    ]
    return {
        "title": "What leaves",
        "lead": "Written to a new folder.",
        "facts": [{"value": "785", "label": "leave", "tone": "accent"}, {"value": "15", "label": "stay behind", "tone": ""}],
        "tables": [{"title": "Stay behind because", "columns": ["Why", "Items"], "align": "lr", "rows": rows, "empty": ""}],
        "done": "Written to",
        "path": "/home/me/photos-clean",
    }
