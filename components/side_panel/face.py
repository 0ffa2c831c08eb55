"""The Python face of the side panel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from components.assets import component
from components.kit import field_of, number_of, received, text_of


class Search(TypedDict):
    """A search by words. ``example`` and ``note`` say what can be asked and what cannot be known, ``notes`` what was understood.

    ``state`` is empty while nothing is searched for. ``bins`` count the rows by how well they fit, the best last; ``found`` are those
    from the bin ``place`` on, ``moved`` tells whether the person put the cut-off there.
    """

    example: str
    note: str
    query: str
    state: Literal["", "busy", "done", "failed"]
    found: int
    bins: Sequence[int]
    place: int
    moved: bool
    notes: Sequence[str]
    doing: str
    error: str
    hint: str


class EncoderPick(TypedDict):
    """One encoder that the map can be made from; ``note`` says what speaks against it."""

    name: str
    label: str
    current: bool
    usable: bool
    note: str


class MapChoice(TypedDict):
    """One map; ``note`` says why it cannot be chosen yet."""

    name: str
    label: str
    ready: bool
    note: str


class ColorChoice(TypedDict):
    """One column to color by."""

    value: str
    label: str
    group: str


class Granularity(TypedDict):
    """The layers of a clustering, 0 the coarsest."""

    layers: int
    value: int
    text: str


class LegendItem(TypedDict):
    """One entry; ``code`` -1 stands for rows without a value."""

    code: int
    text: str
    count: int
    color: str
    state: Literal["on", "solo", "off"]


class Legend(TypedDict):
    """Categories, or a color scale for numbers."""

    kind: Literal["category", "number"]
    title: str
    items: Sequence[LegendItem]
    palette: Sequence[str]
    range: Sequence[float]


class Histogram(TypedDict):
    """How many rows have which value; bins from ``low`` to ``high``, those from ``threshold`` on are accented."""

    title: str
    bins: Sequence[int]
    low: float
    high: float
    threshold: float | None
    note: str


class SidePanelData(TypedDict):
    """Everything that the panel shows. ``facets`` are the quick filters that can be added, ``chosen`` those that hold.

    ``caution`` says what not to read out of the map that is shown. ``search`` None = the data set cannot be searched by words; fewer than two ``encoders`` are no choice.
    """

    search: Search | None
    encoders: Sequence[EncoderPick]
    maps: Sequence[MapChoice]
    map: str
    caution: str
    colors: Sequence[ColorChoice]
    color: str
    granularity: Granularity | None
    legend: Legend | None
    text: str
    where: str
    where_error: str
    where_hint: str
    where_example: str
    facets: Sequence[str]
    chosen: Sequence[str]
    shown: str
    histogram: Histogram | None


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What to call: each runs as a Streamlit callback, before the rerun. ``on_cut`` gets a bin, or None for the search's own cut-off."""

    on_search: Callable[[str], None]
    on_cut: Callable[[int | None], None]
    on_encoder: Callable[[str], None]
    on_map: Callable[[str], None]
    on_color: Callable[[str], None]
    on_layer: Callable[[int], None]
    on_legend: Callable[[int, str], None]
    on_text: Callable[[str], None]
    on_where: Callable[[str], None]
    on_facet: Callable[[str], None]


def side_panel(*, key: str, data: SidePanelData, handlers: Handlers, height: str = "calc(100vh - 107px)") -> None:
    """Mount the panel. ``on_legend`` gets a code and ``solo``, ``add``, ``hide`` or ``reset``; ``on_facet`` toggles one."""

    def text(name: str, handler: Callable[[str], None]) -> Callable[[], None]:
        def call() -> None:
            value = text_of(received(key, name))
            if value is not None:
                handler(value)

        return call

    def layer() -> None:
        value = number_of({"v": received(key, "layer")}, "v")
        if value is not None:
            handlers.on_layer(int(value))

    def cut() -> None:
        place = number_of(received(key, "cut"), "place")
        if place is not None:
            handlers.on_cut(int(place) if place >= 0 else None)

    def legend() -> None:
        event = received(key, "legend")
        code, act = number_of(event, "code"), field_of(event, "act")
        if code is not None and act in ("solo", "add", "hide", "reset"):
            handlers.on_legend(int(code), act)

    component("dataset-explorer-side-panel", "components/side_panel/index.js")(
        key=key,
        data={**data, "height": height},
        on_search_change=text("search", handlers.on_search),
        on_cut_change=cut,
        on_encoder_change=text("encoder", handlers.on_encoder),
        on_map_change=text("map", handlers.on_map),
        on_color_change=text("color", handlers.on_color),
        on_layer_change=layer,
        on_legend_change=legend,
        on_text_change=text("text", handlers.on_text),
        on_where_change=text("where", handlers.on_where),
        on_facet_change=text("facet", handlers.on_facet),
    )


def example() -> SidePanelData:
    """Return data that show every part."""
    names = ["aircraft with two wings and more", "pizza", "umbrella", "starfish", "dolphin", "kangaroo", "chair"]
    counts = [1_000_000, 51_938, 51_200, 9_041, 812, 80, 7]
    colors = ["#f58518", "#c9a227", "#9d755d", "#d67195", "#e45756", "#8c6bb1", "#4c78a8"]
    return {
        "search": {
            "example": "boat, dog, musical instrument",
            "note": "Knows things and animals by their names; not colors, actions or counts.",
            "query": "kangaroo",
            "state": "done",
            "found": 43,
            "bins": [2, 9, 30, 90, 160, 140, 110, 80, 60, 40, 22, 14, 8, 9, 7, 5, 6, 4, 3, 1],
            "place": 12,
            "moved": False,
            "notes": ["Knows things and animals by their names; not colors, actions or counts."],
            "doing": "",
            "error": "",
            "hint": "",
        },
        "encoders": [
            {"name": "clip", "label": "CLIP", "current": True, "usable": True, "note": ""},
            {"name": "pixels", "label": "Raw pixels", "current": False, "usable": True, "note": "not computed yet"},
        ],
        "maps": [
            {"name": "umap", "label": "UMAP", "ready": True, "note": ""},
            {"name": "tsne", "label": "t-SNE", "ready": False, "note": "t-SNE is being computed"},
            {"name": "pca", "label": "PCA", "ready": True, "note": ""},
        ],
        "map": "umap",
        "caution": "Distances between islands mean little here. 12 % of the rows lie apart from rows that they resemble.",
        "colors": [
            {"value": "cluster", "label": "Cluster", "group": "Structure"},
            {"value": "severity:outlier", "label": "Outlier", "group": "Severity"},
        ],
        "color": "cluster",
        "granularity": {"layers": 3, "value": 1, "text": "19 clusters, 0.1 % in none"},
        "legend": {
            "kind": "category",
            "title": "Legend",
            "items": [
                {"code": code, "text": name, "count": count, "color": color, "state": "on"}
                for code, (name, count, color) in enumerate(zip(names, counts, colors, strict=True))
            ],
            "palette": [],
            "range": [0, 1],
        },
        "text": "",
        "where": "",
        "where_error": "",
        "where_hint": "",
        "where_example": "label = 'dolphin'",
        "facets": ["flagged", "decided", "split: train"],
        "chosen": ["split: train"],
        "shown": "640 of 800 shown",
        "histogram": {
            "title": "Label issue severity",
            "bins": [1, 4, 9, 20, 31, 30, 22, 14, 9, 6, 5, 3, 2, 2, 1, 3, 2],
            "low": 0,
            "high": 1,
            "threshold": 0.6,
            "note": "",
        },
    }
