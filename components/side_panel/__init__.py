"""The panel at the left: search by words, which map from which encoder, colored by what, how fine, legend, filters, a histogram."""

from components.side_panel.face import (
    ColorChoice,
    EncoderPick,
    Granularity,
    Handlers,
    Histogram,
    Legend,
    LegendItem,
    MapChoice,
    Search,
    SidePanelData,
    example,
    side_panel,
)

__all__ = [
    "ColorChoice",
    "EncoderPick",
    "Granularity",
    "Handlers",
    "Histogram",
    "Legend",
    "LegendItem",
    "MapChoice",
    "Search",
    "SidePanelData",
    "example",
    "side_panel",
]
