"""The Python face of the list of clusters."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypedDict

from components.assets import component
from components.kit import field_of, number_of, received, text_of
from components.list_header import OrderChoice
from components.palette import categorical
from components.side_panel import Granularity
from components.wire import command_of

MAX_NAME = 200


class ClusterEntry(TypedDict):
    """One cluster; no two have the same ``id``.

    ``share`` and ``note`` are words, ``own`` marks a name that a person gave. ``pictures`` are rows, the first (at most 8)
    are shown; where there are none, or no ``thumb``, the first two ``texts`` stand there.
    """

    id: int
    name: str
    color: str
    count: int
    share: str
    note: str
    own: bool
    pictures: Sequence[int]
    texts: Sequence[str]


class ClusterListData(TypedDict):
    """Everything that the list shows, in order.

    ``thumb`` holds ``{row}``; None = no pictures. Another ``rev`` draws every entry anew; another ``ds`` also empties the
    filter. ``granularity`` None and fewer than two ``orders`` are no choice. ``empty`` says why there is nothing.
    """

    ds: str
    rev: int
    entries: Sequence[ClusterEntry]
    title: str
    detail: str
    current: int | None
    marked: Sequence[int]
    thumb: str | None
    orders: Sequence[OrderChoice]
    order: str
    granularity: Granularity | None
    empty: str


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What to call: each runs as a Streamlit callback, before the rerun, with ids of ``entries`` only.

    ``on_pick`` gets the current cluster and all marked ones; ``on_rename`` a name of 1 to 200 characters; ``on_command``
    gets x, t, l, k, a, m, s, ctrl+z or ctrl+shift+z (also for Ctrl+Y).
    """

    on_pick: Callable[[int | None, tuple[int, ...]], None]
    on_open: Callable[[int], None]
    on_rename: Callable[[int, str], None]
    on_command: Callable[[str], None]
    on_layer: Callable[[int], None]
    on_order: Callable[[str], None]


def read_id(value: object, known: AbstractSet[int]) -> int | None:
    """Read the id of a known cluster, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value in known else None


def read_pick(value: object, known: AbstractSet[int]) -> tuple[int | None, tuple[int, ...]] | None:
    """Read the current cluster and the marked ones, each once; unknown ids are dropped. None when it is malformed."""
    rows = value.get("rows") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(rows, list):
        return None
    marked = dict.fromkeys(id_ for row in rows if (id_ := read_id(row, known)) is not None)
    return read_id(value.get("row"), known), tuple(marked)


def read_rename(value: object, known: AbstractSet[int]) -> tuple[int, str] | None:
    """Read a cluster and its new name, trimmed and cut to 200 characters; None when there is no such cluster or no name."""
    id_ = read_id(value.get("id"), known) if isinstance(value, Mapping) else None
    name = (field_of(value, "name") or "").strip()[:MAX_NAME].strip()
    return (id_, name) if id_ is not None and name else None


def cluster_list(*, key: str, data: ClusterListData, handlers: Handlers, height: str) -> None:
    """Mount the list. ``height`` is a CSS length, that of the line above with the list."""
    known = {entry["id"] for entry in data["entries"]}

    def pick() -> None:
        event = read_pick(received(key, "pick"), known)
        if event is not None:
            handlers.on_pick(*event)

    def open_() -> None:
        event = received(key, "open")
        id_ = read_id(event.get("id"), known) if isinstance(event, Mapping) else None
        if id_ is not None:
            handlers.on_open(id_)

    def rename() -> None:
        event = read_rename(received(key, "rename"), known)
        if event is not None:
            handlers.on_rename(*event)

    def command() -> None:
        name = command_of(received(key, "command"))
        if name is not None:
            handlers.on_command(name)

    def layer() -> None:
        value = number_of({"v": received(key, "layer")}, "v")
        if value is not None and data["granularity"] and 0 <= value < data["granularity"]["layers"]:
            handlers.on_layer(int(value))

    def order() -> None:
        value = text_of(received(key, "order"))
        if value is not None and value in {choice["value"] for choice in data["orders"]}:
            handlers.on_order(value)

    component("dataset-explorer-cluster-list", "components/cluster_list/index.js")(
        key=key,
        data={**data, "height": height},
        on_pick_change=pick,
        on_open_change=open_,
        on_rename_change=rename,
        on_command_change=command,
        on_layer_change=layer,
        on_order_change=order,
    )


def example() -> ClusterListData:
    """Return data that show every part."""
    names = ["airplane", "grand piano", "crab", "sunflower and daisy", "a long name that does not fit into its column at all"]
    notes = ["83 % airplane · 4 flagged", "all grand piano", "61 % crab", "", "1 flagged"]
    counts = [51_938, 812, 80, 41, 7]
    entries: list[ClusterEntry] = [
        {
            "id": place,
            "name": name,
            "color": color,
            "count": count,
            "share": f"{100 * count / sum(counts):.1f} %",
            "note": note,
            "own": place == 1,
            "pictures": [],
            "texts": [f"an excerpt of a text about {name}", f"another text about {name}, a little longer than the first"],
        }
        for place, (name, note, count, color) in enumerate(zip(names, notes, counts, categorical(5), strict=True))
    ]
    return {
        "ds": "example",
        "rev": 0,
        "entries": entries,
        "title": "5 clusters",
        "detail": "1.3 % in none",
        "current": 0,
        "marked": [],
        "thumb": None,
        "orders": [{"value": "size", "label": "size"}, {"value": "name", "label": "name"}],
        "order": "size",
        "granularity": {"layers": 4, "value": 1, "text": "5 clusters, 1.3 % in none"},
        "empty": "",
    }
