"""The Python face of the panel of clusters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from components.assets import component
from components.kit import field_of, received

ACTIONS = ("show", "rename", "merge", "split", "apply", "swap", "cancel")
NAMING = ("rename", "merge", "apply")
LONGEST = 200


class Bar(TypedDict):
    """How much of a cluster one thing makes up: ``share`` 0..1."""

    text: str
    count: str
    share: float


class Half(TypedDict):
    """One of the two parts that a cluster is about to be split into: what stays, with some of its pictures (row numbers) or texts, and what leaves.

    What leaves is headed last, since all its items are shown below the panel.
    """

    title: str
    note: str
    pictures: Sequence[int]
    texts: Sequence[str]


class ClusterPanelData(TypedDict):
    """Everything that is shown.

    ``mode``: ``one`` cluster, ``several`` that can be merged, ``split`` (two ``halves``), ``none`` (``empty`` says why). ``name`` is what the
    field for a name begins with; a higher ``naming`` puts the person into it. ``thumb`` holds ``{row}``; None = no pictures. ``cannot_split`` is empty, or says why there is nothing to split.
    """

    mode: Literal["one", "several", "split", "none"]
    title: str
    note: str
    own: bool
    bars: Sequence[Bar]
    halves: Sequence[Half]
    name: str
    naming: int
    cannot_split: str
    thumb: str | None
    empty: str


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What to call with the name of an action and, for rename, merge and apply, the name that was typed."""

    on_act: Callable[[str, str], None]


def cluster_panel(*, key: str, data: ClusterPanelData, handlers: Handlers) -> None:
    """Mount the panel. It listens to the keys of the whole page: r, m, s, and Escape while a cluster is about to be split."""

    def act() -> None:
        event = received(key, "act")
        name, value = field_of(event, "name"), (field_of(event, "value", LONGEST) or "").strip()
        if name in ACTIONS and (name not in NAMING or value):
            handlers.on_act(name, value if name in NAMING else "")

    component("dataset-explorer-cluster-panel", "components/cluster_panel/index.js")(key=key, data=data, on_act_change=act)


def example() -> ClusterPanelData:
    """Return data that show every part."""
    halves: list[Half] = [
        {"title": "Stays in elephant", "note": "62 items", "pictures": [1, 2, 3], "texts": []},
        {"title": "Becomes a cluster of its own", "note": "20 items", "pictures": [4, 5], "texts": []},
    ]
    return {
        "mode": "split",
        "title": "elephant",
        "note": "82 items · 1.2 % of all",
        "own": False,
        "bars": [{"text": "elephant", "count": "61", "share": 0.74}, {"text": "no label", "count": "21", "share": 0.26}],
        "halves": halves,
        "name": "elephant 2",
        "naming": 0,
        "cannot_split": "",
        "thumb": None,
        "empty": "",
    }
