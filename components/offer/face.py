"""The Python face of the offer."""

from collections.abc import Callable, Sequence
from typing import Literal, TypedDict

from components.assets import component
from components.kit import received, text_of


class OfferAction(TypedDict):
    """One button; ``main`` = what the offer is about."""

    name: str
    label: str
    main: bool


class OfferData(TypedDict):
    """Everything that the line shows. ``model`` names what is offered: declined once, it is not offered again in this browser."""

    model: str
    text: str
    tone: Literal["", "busy", "warn"]
    fraction: float | None
    actions: Sequence[OfferAction]


def offer(*, key: str, data: OfferData, on_act: Callable[[str], None]) -> None:
    """Mount the line; ``on_act`` gets the name of an action."""

    def act() -> None:
        name = text_of(received(key, "act"))
        if name is not None and name in {action["name"] for action in data["actions"]}:
            on_act(name)

    component("dataset-explorer-offer", "components/offer/index.js")(key=key, data=data, on_act_change=act)


def example() -> OfferData:
    """Return data that show every part."""
    return {
        "model": "clip",
        "text": "Names and search get better with CLIP, a download of 605 MB, once.",
        "tone": "",
        "fraction": None,
        "actions": [
            {"name": "download", "label": "Download", "main": True},
            {"name": "decline", "label": "Not now", "main": False},
        ],
    }
