"""The Python face of the mosaic."""

from typing import TypedDict

from components.assets import component


class MosaicData(TypedDict):
    """Everything that is shown. ``url`` holds ``{number}``; the pictures 0 .. ``count`` - 1 are there."""

    title: str
    lead: str
    hint: str
    tone: str
    url: str
    count: int


def mosaic(*, key: str, data: MosaicData) -> None:
    """Mount the mosaic."""
    component("dataset-explorer-mosaic", "components/mosaic/index.js")(key=key, data=data)


def example() -> MosaicData:
    """Return data that show every part."""
    return {
        "title": "Opening photos",
        "lead": "149 of 800 pictures",
        "hint": "",
        "tone": "",
        "url": "/api/v1/example/thumb/{number}.jpg",
        "count": 40,
    }
