"""The Python face of the map component."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NotRequired, TypedDict

from components.assets import component
from components.kit import received as arrived
from components.map.events import Click, ClusterClick, Lasso, read_click, read_cluster, read_lasso
from components.map.labels import MapLabel
from components.wire import command_of


class PointsSource(TypedDict):
    """Where positions come from: their URL, the key that a lasso names, and what to call them ("UMAP")."""

    url: str
    name: str
    label: str


class ColorSource(TypedDict):
    """Where colors come from: codes into ``palette`` (u16 a row) or numbers (f32 a row) over ``range``."""

    url: str
    kind: Literal["category", "number"]
    palette: Sequence[str]
    missing: str
    range: NotRequired[Sequence[float]]


class StateSource(TypedDict):
    """Where the state byte of every row comes from (1 selected, 2 hidden, 4 excluded, 8 flagged)."""

    url: str


class Busy(TypedDict):
    """What is being computed; ``fraction`` None = not known."""

    text: str
    fraction: float | None


class MapData(TypedDict):
    """Everything that the map shows. All URLs are root-relative; a changed URL is a changed value.

    ``thumb`` and ``info`` hold ``{row}``. ``empty`` says why there is no point to see. Positions with the same number of
    rows as before move over in 400 ms; colors and states are swapped in place, the view stays.
    """

    ds: str
    n: int
    points: PointsSource | None
    color: ColorSource | None
    state: StateSource | None
    labels: Sequence[MapLabel]
    thumb: str | None
    info: str | None
    caption: str
    empty: str | None
    busy: Busy | None
    selected_count: int


def map_view(
    *,
    key: str,
    data: MapData,
    height: str = "calc(100vh - 9rem)",
    on_lasso: Callable[[Lasso], None] | None = None,
    on_click: Callable[[Click], None] | None = None,
    on_cluster: Callable[[ClusterClick], None] | None = None,
    on_command: Callable[[str], None] | None = None,
) -> None:
    """Mount the map.

    ``height`` is a CSS length. Each handler runs as a Streamlit callback, before the rerun, with one checked event;
    malformed events are dropped. ``on_command`` gets the name of a key that the page answers: t, l, x, k, a, /, ctrl+z, ctrl+shift+z.
    """
    received = partial(arrived, key)

    def lasso() -> None:
        event = read_lasso(received("lasso"))
        if event is not None and on_lasso is not None:
            on_lasso(event)

    def click() -> None:
        event = read_click(received("click"))
        if event is not None and on_click is not None:
            on_click(event)

    def cluster() -> None:
        event = read_cluster(received("cluster"))
        if event is not None and on_cluster is not None:
            on_cluster(event)

    def command() -> None:
        name = command_of(received("command"))
        if name is not None and on_command is not None:
            on_command(name)

    component("dataset-explorer-map", "components/map/index.js")(
        key=key,
        data={**data, "height": height},
        on_lasso_change=lasso,
        on_click_change=click,
        on_cluster_change=cluster,
        on_command_change=command,
    )
