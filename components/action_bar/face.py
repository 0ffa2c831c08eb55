"""The Python face of the action bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from components.assets import component
from components.kit import field_of, received

NAMING = ("tag", "relabel", "cluster")
ACTIONS = (*NAMING, "exclude", "restore", "keep", "accept", "clear", "undo", "redo", "export")


class Notice(TypedDict):
    """A line of words that is shown once for a few seconds, whenever ``number`` changes."""

    text: str
    tone: Literal["info", "warn", ""]
    number: int


class ActionBarData(TypedDict):
    """Everything that the bar shows. ``count`` = how many items the actions mean; ``what`` says which in words.

    ``clusters`` are the names that are known; None = there are no clusters to put items into.
    """

    count: int
    what: str
    target: str
    detail: str
    can_clear: bool
    can_keep: bool
    can_accept: bool
    restore: bool
    tags: Sequence[str]
    labels: Sequence[str]
    clusters: Sequence[str] | None
    undo: str | None
    redo: str | None
    export: str | None
    notice: Notice


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What to call with the name of an action and, for tag, relabel and cluster, the value that was typed."""

    on_act: Callable[[str, str], None]


def action_bar(*, key: str, data: ActionBarData, handlers: Handlers) -> None:
    """Mount the bar. It listens to the keys of the whole page: t, l, c, x, k, a, Escape, Ctrl+Z, Ctrl+Shift+Z."""

    def act() -> None:
        event = received(key, "act")
        name, value = field_of(event, "name"), field_of(event, "value", 500) or ""
        if name in ACTIONS and (name not in NAMING or value.strip()):
            handlers.on_act(name, value.strip())

    component("dataset-explorer-action-bar", "components/action_bar/index.js")(key=key, data=data, on_act_change=act)


def example() -> ActionBarData:
    """Return data that show every part."""
    return {
        "count": 111,
        "what": "111 selected",
        "target": "111 items",
        "detail": "elephant 38 · kangaroo 1",
        "can_clear": True,
        "can_keep": True,
        "can_accept": True,
        "restore": False,
        "tags": ["blurred"],
        "labels": ["elephant", "kangaroo"],
        "clusters": ["big animals", "small animals"],
        "undo": "Excluded 12 near duplicates",
        "redo": "",
        "export": "Export 771 items",
        "notice": {"text": "", "tone": "", "number": 0},
    }
