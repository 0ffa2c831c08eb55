"""The Python face of the contingency table."""

from collections.abc import Callable, Sequence
from typing import Literal, TypedDict

from components.assets import component
from components.kit import field_of, received


class Grouping(TypedDict):
    """Something that can stand on either side."""

    value: str
    label: str


class Head(TypedDict):
    """The head of a row or column: one group, all others together, or what is in none; ``count`` items in all."""

    text: str
    count: int
    kind: Literal["group", "rest", "none"]


class Line(TypedDict):
    """One row; ``best`` is the column that fits it best (-1 = none), ``fit`` says how well, 0..1."""

    head: Head
    counts: Sequence[int]
    best: int
    fit: float


class ContingencyData(TypedDict):
    """Everything that is shown. ``one`` stands in the rows, ``other`` in the columns; ``partner`` is the fit from which two are partners.

    ``sentence`` says what the table means, ``note`` what is left out of it. Without ``lines`` there is the sentence alone.
    """

    title: str
    groupings: Sequence[Grouping]
    one: str
    other: str
    sentence: str
    columns: Sequence[Head]
    lines: Sequence[Line]
    partner: float
    note: str


def contingency(*, key: str, data: ContingencyData, on_pick: Callable[[str, str], None]) -> None:
    """Mount the table; ``on_pick`` gets what shall stand in the rows and in the columns, two different groupings."""

    def pick() -> None:
        event = received(key, "pick")
        one, other = field_of(event, "one"), field_of(event, "other")
        known = {grouping["value"] for grouping in data["groupings"]}
        if one in known and other in known and one != other:
            on_pick(one, other)

    component("dataset-explorer-contingency", "components/contingency/index.js")(key=key, data=data, on_pick_change=pick)


def example() -> ContingencyData:
    """Return data that show every part."""
    names = ["aircraft", "grand piano", "sunflower", "electric guitar and banjo", "crab"]
    counts = [
        [412_311, 120, 0, 0, 0, 3_020, 14],
        [31, 300_180, 0, 99_120, 0, 0, 0],
        [0, 0, 151_000, 0, 42, 190, 0],
        [0, 88_000, 0, 60_120, 0, 1_200, 77],
        [0, 0, 512, 0, 51_938, 0, 0],
        [210, 0, 0, 19, 0, 12_400, 3],
        [902, 12, 40, 0, 0, 610, 8_800],
    ]
    ends: list[Head] = [
        {"text": "40 others", "count": 17_420, "kind": "rest"},
        {"text": "in none", "count": 8_894, "kind": "none"},
    ]
    totals = [sum(line[place] for line in counts) for place in range(5)]
    columns: list[Head] = [{"text": name, "count": count, "kind": "group"} for name, count in zip(names, totals, strict=True)]
    heads: list[Head] = [{"text": name, "count": sum(line), "kind": "group"} for name, line in zip(names, counts, strict=False)]
    heads += [{**end, "count": sum(line)} for end, line in zip(ends, counts[5:], strict=True)]
    fits = [0.98, 0.61, 0.99, 0.24, 0.97, 0, 0]
    best = [0, 1, 2, 3, 4, -1, -1]
    return {
        "title": "Side by side",
        "groupings": [
            {"value": "leiden", "label": "Leiden"},
            {"value": "hdbscan", "label": "HDBSCAN"},
            {"value": "label", "label": "your labels"},
        ],
        "one": "leiden",
        "other": "hdbscan",
        "sentence": "31 of 40 clusters of Leiden have a partner in HDBSCAN; two are partners when at least half of all their items are in both "
        "(Jaccard at least 0.5).",
        "columns": [*columns, *ends],
        "lines": [
            {"head": head, "counts": line, "best": place, "fit": fit}
            for head, line, place, fit in zip(heads, counts, best, fits, strict=True)
        ],
        "partner": 0.5,
        "note": "The 5 largest of 45 clusters, and those that fit them best.",
    }
