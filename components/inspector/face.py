"""The Python face of the inspector."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from components.assets import component
from components.kit import field_of, received, row_in


class Pair(TypedDict):
    """A named value, with a faint addition."""

    name: str
    value: str
    note: str


class Run(TypedDict):
    """A few words of a text; ``changed`` = the text beside it lacks them."""

    text: str
    changed: bool


class Alike(TypedDict):
    """A row without picture that is like the one shown; ``runs`` is empty where it is no text."""

    row: int
    title: str
    label: str
    runs: Sequence[Run]


class Finding(TypedDict):
    """Why an item is flagged. ``accept`` is the word on the button that takes the suggestion; None = there is none.

    ``rows`` are alike; where there are no pictures, ``alike`` tells more about them.
    """

    check: str
    title: str
    suggestion: str | None
    verb: str
    reason: str
    accept: str | None
    state: Literal["open", "kept", "done"]
    rows: Sequence[int]
    alike: Sequence[Alike]


class Neighbor(TypedDict):
    """A near item; ``agrees`` None = one of the two has no label. ``text`` None = it is no text."""

    row: int
    title: str
    text: str | None
    label: str
    similarity: str
    agrees: bool | None


class InspectorData(TypedDict):
    """Everything that the inspector shows; ``row`` None shows ``empty`` instead. ``thumb`` holds ``{row}``; None = no pictures.

    ``text`` is a text or its beginning, with ``text_url`` where all of it is to be had; None = the row is no text. ``columns``: the
    facts are the columns of a table. ``open`` asks for the large picture whenever it changes to another number above 0.
    """

    row: int | None
    empty: str
    title: str
    id: str
    meta: str
    thumb: str | None
    image: str | None
    text: str | None
    text_url: str | None
    columns: bool
    facts: Sequence[Pair]
    decision: str
    excluded: bool
    tags: Sequence[str]
    findings: Sequence[Finding]
    neighbors: Sequence[Neighbor]
    neighbors_note: str
    keys: bool
    open: int


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What to call: ``on_act`` gets accept, keep, exclude or restore, the row and the check; ``on_go`` a row to show."""

    on_act: Callable[[str, int, str], None]
    on_go: Callable[[int], None]
    on_untag: Callable[[int, str], None]


def inspector(*, key: str, data: InspectorData, handlers: Handlers) -> None:
    """Mount the inspector."""

    def act() -> None:
        event = received(key, "act")
        name, row, check = field_of(event, "name"), row_in(event), field_of(event, "check") or ""
        if row is not None and name in ("accept", "keep", "exclude", "restore"):
            handlers.on_act(name, row, check)

    def go() -> None:
        row = row_in(received(key, "go"))
        if row is not None:
            handlers.on_go(row)

    def untag() -> None:
        event = received(key, "untag")
        row, tag = row_in(event), field_of(event, "tag")
        if row is not None and tag:
            handlers.on_untag(row, tag)

    component("dataset-explorer-inspector", "components/inspector/index.js")(
        key=key, data=data, on_act_change=act, on_go_change=go, on_untag_change=untag
    )


def example() -> InspectorData:
    """Return data that show every part."""
    return {
        "row": 8,
        "empty": "",
        "title": "kangaroo_008.jpg",
        "id": "elephant/kangaroo_008.jpg",
        "meta": "300 \N{MULTIPLICATION SIGN} 214 · 12 kB · train",
        "thumb": None,
        "image": None,
        "text": None,
        "text_url": None,
        "columns": False,
        "facts": [
            {"name": "Label", "value": "elephant", "note": ""},
            {"name": "Cluster", "value": "elephant", "note": "strength 0.41"},
        ],
        "decision": "No decision yet",
        "excluded": False,
        "tags": ["blurred"],
        "findings": [
            {
                "check": "label_issue",
                "title": "Label issue 0.93",
                "verb": "suggested",
                "suggestion": "kangaroo",
                "reason": "14 of its 15 nearest neighbors are labeled kangaroo; none shares the given label.",
                "accept": "Accept",
                "state": "open",
                "rows": [],
                "alike": [],
            }
        ],
        "neighbors": [
            {"row": 3, "title": "kangaroo_003.jpg", "text": None, "label": "kangaroo", "similarity": ".91", "agrees": False}
        ],
        "neighbors_note": "",
        "keys": True,
        "open": 0,
    }
