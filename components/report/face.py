"""The Python face of the report."""

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

from components.assets import component


class Fact(TypedDict):
    """A figure with its word."""

    value: str
    label: str
    tone: Literal["accent", ""]


class Row(TypedDict):
    """One line of a table."""

    cells: Sequence[str]
    tone: Literal["quiet", ""]


class Table(TypedDict):
    """A table; ``align`` holds l or r per column; empty column heads are left out."""

    title: str
    columns: Sequence[str]
    align: str
    rows: Sequence[Row]
    empty: str


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


def report(*, key: str, data: ReportData) -> None:
    """Mount the report. All texts are shown as they are, whatever they hold."""
    component("dataset-explorer-report", "components/report/index.js")(key=key, data=data)


def example() -> ReportData:
    """Return data that show every part."""
    rows: list[Row] = [{"cells": ["Near duplicates", "12"], "tone": ""}, {"cells": ["By hand", "3"], "tone": "quiet"}]
    return {
        "title": "What leaves",
        "lead": "Written to a new folder.",
        "facts": [{"value": "785", "label": "leave", "tone": "accent"}, {"value": "15", "label": "stay behind", "tone": ""}],
        "tables": [{"title": "Stay behind because", "columns": ["Why", "Items"], "align": "lr", "rows": rows, "empty": ""}],
        "done": "Written to",
        "path": "/home/me/photos-clean",
    }
