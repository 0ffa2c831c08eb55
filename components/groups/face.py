"""The Python face of the groups."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from components.assets import component
from components.kit import received, row_in


class Run(TypedDict):
    """A few words of a text; ``changed`` = the text that is suggested to be kept lacks them."""

    text: str
    changed: bool


class Member(TypedDict):
    """One item of a group; ``best`` marks the one that is suggested to be kept. ``runs``: the words of a text."""

    row: int
    title: str
    meta: str
    best: bool
    runs: NotRequired[Sequence[Run]]


class Group(TypedDict):
    """Items that are alike, with why."""

    id: int
    note: str
    members: Sequence[Member]


class GroupsData(TypedDict):
    """Everything that is shown. ``thumb`` holds ``{row}``; None = no pictures."""

    groups: Sequence[Group]
    current: int | None
    thumb: str | None
    empty: str
    more: str


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What to call: with the row to look at; the row that stays alone; a row of a group that stays whole."""

    on_look: Callable[[int], None]
    on_only: Callable[[int], None]
    on_all: Callable[[int], None]


def groups(*, key: str, data: GroupsData, handlers: Handlers, height: str) -> None:
    """Mount the groups."""

    def call(name: str, handler: Callable[[int], None]) -> Callable[[], None]:
        def run() -> None:
            row = row_in(received(key, name))
            if row is not None:
                handler(row)

        return run

    component("dataset-explorer-groups", "components/groups/index.js")(
        key=key,
        data={**data, "height": height},
        on_look_change=call("look", handlers.on_look),
        on_only_change=call("only", handlers.on_only),
        on_all_change=call("all", handlers.on_all),
    )


def example() -> GroupsData:
    """Return data that show every part."""
    members: list[Member] = [
        {"row": 1, "title": "crab_01.jpg", "meta": "300 \N{MULTIPLICATION SIGN} 214 · 12 kB", "best": True},
        {"row": 2, "title": "crab_02.jpg", "meta": "150 \N{MULTIPLICATION SIGN} 107 · 4 kB", "best": False},
    ]
    return {"groups": [{"id": 0, "note": "2 alike", "members": members}], "current": 1, "thumb": None, "empty": "", "more": ""}
