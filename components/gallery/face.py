"""The Python face of the gallery component."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NotRequired, TypedDict

from components.assets import component
from components.kit import received as arrived
from components.wire import command_of, row_of

MAX_ROWS = 10_000


class Badge(TypedDict):
    """A few letters over the lower edge of a picture."""

    text: str
    tone: Literal["warn", "info", "muted"]


class GalleryData(TypedDict):
    """Everything that the gallery shows, in order.

    ``rows`` holds at most 10,000; a longer list comes from ``url`` (u32 a row) instead. ``thumb`` (None: cards) and
    ``info`` hold ``{row}``; ``info`` answers with what a card shows (``title``, ``text`` or ``pairs``, ``label``, ``lines``) where
    ``captions`` has nothing, and is asked again when ``rev`` changes; ``cards`` holds such answers for the first rows. ``label`` False leaves the label off the cards. ``empty``
    says why there is nothing.
    """

    ds: str
    rows: Sequence[int]
    total: int
    url: str | None
    thumb: str | None
    badges: Mapping[int, Sequence[Badge]]
    current: int | None
    marked: Sequence[int]
    captions: Mapping[int, str] | None
    empty: str
    sizes: Literal["small", "medium", "large"]
    info: NotRequired[str | None]
    rev: NotRequired[int]
    cards: NotRequired[Mapping[int, Mapping[str, Any]]]
    label: NotRequired[bool]


@dataclass(frozen=True, kw_only=True)
class Pick:
    """The item that the person moved to and all marked rows; ``all`` stands for every row where that is over 10,000."""

    row: int | None
    rows: tuple[int, ...]
    all: bool


def read_pick(value: object) -> Pick | None:
    """Read a pick; None when it is malformed."""
    if not isinstance(value, Mapping):
        return None
    marked = value.get("rows")
    if not isinstance(marked, list) or len(marked) > MAX_ROWS:
        return None
    rows = tuple(row for row in map(row_of, marked) if row is not None)
    if len(rows) != len(marked):
        return None
    return Pick(row=row_of(value.get("row")), rows=rows, all=value.get("all") is True)


def read_open(value: object) -> int | None:
    """Read the row to open; None when it is malformed."""
    return row_of(value.get("row")) if isinstance(value, Mapping) else None


def gallery(
    *,
    key: str,
    data: GalleryData,
    height: str = "21rem",
    on_pick: Callable[[Pick], None] | None = None,
    on_open: Callable[[int], None] | None = None,
    on_command: Callable[[str], None] | None = None,
) -> None:
    """Mount the gallery.

    ``height`` is a CSS length, the most that the scrolling grid takes. Each handler runs as a Streamlit callback, before
    the rerun, with one checked event. ``on_command`` gets t, l, x, k, a, ctrl+z or ctrl+shift+z.
    """
    received = partial(arrived, key)

    def pick() -> None:
        event = read_pick(received("pick"))
        if event is not None and on_pick is not None:
            on_pick(event)

    def open_() -> None:
        row = read_open(received("open"))
        if row is not None and on_open is not None:
            on_open(row)

    def command() -> None:
        name = command_of(received("command"))
        if name is not None and on_command is not None:
            on_command(name)

    component("dataset-explorer-gallery", "components/gallery/index.js")(
        key=key,
        data={**data, "height": height},
        on_pick_change=pick,
        on_open_change=open_,
        on_command_change=command,
    )
