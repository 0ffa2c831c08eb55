"""The Python face of the top bar."""

from collections.abc import Callable, Sequence
from typing import Literal, TypedDict

from components.assets import component
from components.kit import received, text_of


class PageLink(TypedDict):
    """One page: its id, its words and how many things wait there (None: no number)."""

    id: str
    label: str
    count: int | None


class Progress(TypedDict):
    """What is being computed. ``action`` is the word on the button, empty for none."""

    text: str
    fraction: float | None
    tone: Literal["busy", "warn", "done"]
    action: Literal["cancel", "retry", ""]


class TopBarData(TypedDict):
    """Everything that the top bar shows."""

    name: str
    summary: str
    pages: Sequence[PageLink]
    page: str
    progress: Progress | None


def top_bar(*, key: str, data: TopBarData, on_go: Callable[[str], None], on_job: Callable[[str], None]) -> None:
    """Mount the top bar. ``on_go`` gets the id of a page, ``on_job`` gets ``cancel`` or ``retry``."""

    def go() -> None:
        page = text_of(received(key, "go"))
        if page is not None and page in {link["id"] for link in data["pages"]}:
            on_go(page)

    def job() -> None:
        action = text_of(received(key, "job"))
        if action in ("cancel", "retry"):
            on_job(action)

    component("dataset-explorer-top-bar", "components/top_bar/index.js")(key=key, data=data, on_go_change=go, on_job_change=job)


def example() -> TopBarData:
    """Return data that show every part."""
    return {
        "name": "dataset-explorer",
        "summary": "photos · 800 items · 20 labels",
        "pages": [
            {"id": "explore", "label": "Explore", "count": None},
            {"id": "issues", "label": "Issues", "count": 57},
            {"id": "export", "label": "Export", "count": None},
            {"id": "runs", "label": "Runs", "count": None},
        ],
        "page": "explore",
        "progress": {"text": "t-SNE 63 % · 0:41 left", "fraction": 0.63, "tone": "busy", "action": "cancel"},
    }
