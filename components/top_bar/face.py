"""The Python face of the top bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


class OfferAction(TypedDict):
    """One button of an offer; ``main`` = what the offer is about."""

    name: str
    label: str
    main: bool


class OfferData(TypedDict):
    """What is offered once, and how far it is while it is fetched.

    ``model`` names what is offered: declined once, it is not offered again in this browser.
    """

    model: str
    text: str
    tone: Literal["", "busy", "warn"]
    fraction: float | None
    actions: Sequence[OfferAction]


class TopBarData(TypedDict):
    """Everything that the top bar shows. The offer stands where the progress does, while there is no progress."""

    name: str
    summary: str
    pages: Sequence[PageLink]
    page: str
    progress: Progress | None
    offer: OfferData | None


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What to call: ``on_go`` gets the id of a page, ``on_job`` ``cancel`` or ``retry``, ``on_offer`` the name of an action."""

    on_go: Callable[[str], None]
    on_job: Callable[[str], None]
    on_offer: Callable[[str], None]


def top_bar(*, key: str, data: TopBarData, handlers: Handlers) -> None:
    """Mount the top bar."""

    def go() -> None:
        page = text_of(received(key, "go"))
        if page is not None and page in {link["id"] for link in data["pages"]}:
            handlers.on_go(page)

    def job() -> None:
        action = text_of(received(key, "job"))
        if action in ("cancel", "retry"):
            handlers.on_job(action)

    def offer() -> None:
        name = text_of(received(key, "offer"))
        if data["offer"] is not None and name in {action["name"] for action in data["offer"]["actions"]}:
            handlers.on_offer(name)

    component("dataset-explorer-top-bar", "components/top_bar/index.js")(
        key=key, data=data, on_go_change=go, on_job_change=job, on_offer_change=offer
    )


def example() -> TopBarData:
    """Return data that show every part; the offer shows once the progress is None."""
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
        "offer": {
            "model": "clip",
            "text": "Names and search get better with CLIP: a download of 605 MB, once.",
            "tone": "",
            "fraction": None,
            "actions": [
                {"name": "download", "label": "Download", "main": True},
                {"name": "decline", "label": "Not now", "main": False},
            ],
        },
    }
