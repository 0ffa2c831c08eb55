"""The Python face of the head of a queue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.assets import component
from components.kit import number_of, received, text_of


class WholeAction(TypedDict):
    """A button for everything that is shown; ``ask`` is what has to be confirmed."""

    name: str
    label: str
    ask: str


class Distribution(TypedDict):
    """How many rows have which severity: 100 bins from 0 to 1, so that a threshold in hundredths is exact."""

    title: str
    bins: Sequence[int]
    low: float
    high: float
    threshold: float
    note: str


class CheckHeaderData(TypedDict):
    """Everything that the head shows. ``default`` is the check's own threshold; ``histogram`` None leaves it out."""

    title: str
    count: str
    text: str
    histogram: Distribution | None
    default: float
    actions: Sequence[WholeAction]


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What to call: ``on_threshold`` gets a number from 0.01 to 1, ``on_whole`` the name of an action."""

    on_threshold: Callable[[float], None]
    on_whole: Callable[[str], None]


def check_header(*, key: str, data: CheckHeaderData, handlers: Handlers) -> None:
    """Mount the head of a queue."""

    def threshold() -> None:
        value = number_of({"v": received(key, "threshold")}, "v")
        if value is not None and 0 < value <= 1:
            handlers.on_threshold(value)

    def whole() -> None:
        name = text_of(received(key, "whole"))
        if name is not None and name in {action["name"] for action in data["actions"]}:
            handlers.on_whole(name)

    component("dataset-explorer-check-header", "components/check_header/index.js")(
        key=key, data=data, on_threshold_change=threshold, on_whole_change=whole
    )


def example() -> CheckHeaderData:
    """Return data that show every part."""
    return {
        "title": "Label issues",
        "count": "31 to decide",
        "text": "The given label does not fit what the item looks like.",
        "histogram": {
            "title": "Severity",
            "bins": [max(0, 40 - abs(20 - place)) if place < 50 else place % 3 for place in range(100)],
            "low": 0,
            "high": 1,
            "threshold": 0.5,
            "note": "",
        },
        "default": 0.5,
        "actions": [{"name": "accept", "label": "Accept all 31", "ask": "Relabel 31 items as suggested?"}],
    }
