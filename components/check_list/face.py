"""The Python face of the list of checks."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from components.assets import component
from components.kit import received, text_of


class CheckItem(TypedDict):
    """One check: how many findings wait, how many were decided; ``note`` instead of numbers (skipped, being computed)."""

    name: str
    title: str
    waiting: int
    decided: int
    note: str


class CheckListData(TypedDict):
    """Everything that the list shows."""

    heading: str
    checks: Sequence[CheckItem]
    current: str
    empty: str


def check_list(*, key: str, data: CheckListData, on_check: Callable[[str], None], height: str = "calc(100vh - 107px)") -> None:
    """Mount the list; ``on_check`` gets the name of the chosen check."""

    def check() -> None:
        name = text_of(received(key, "check"))
        if name is not None and name in {item["name"] for item in data["checks"]}:
            on_check(name)

    component("dataset-explorer-check-list", "components/check_list/index.js")(
        key=key, data={**data, "height": height}, on_check_change=check
    )


def example() -> CheckListData:
    """Return data that show every part."""
    return {
        "heading": "Checks",
        "checks": [
            {"name": "label_issue", "title": "Label issues", "waiting": 31, "decided": 2, "note": ""},
            {"name": "outlier", "title": "Outliers", "waiting": 0, "decided": 8, "note": ""},
            {"name": "leak", "title": "Leaks", "waiting": 0, "decided": 0, "note": "skipped: needs splits"},
        ],
        "current": "label_issue",
        "empty": "",
    }
