"""The panel at the left: which map, colored by what, how fine, legend, filters and a histogram."""

from components.side_panel.face import (
    ColorChoice,
    Granularity,
    Handlers,
    Histogram,
    Legend,
    LegendItem,
    MapChoice,
    SidePanelData,
    example,
    side_panel,
)

__all__ = [
    "ColorChoice",
    "Granularity",
    "Handlers",
    "Histogram",
    "Legend",
    "LegendItem",
    "MapChoice",
    "SidePanelData",
    "example",
    "side_panel",
]
