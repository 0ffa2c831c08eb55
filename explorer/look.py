"""How the app looks: theme options for Streamlit, the style sheet of the frame and the page icon."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

_LIGHT = {
    "primaryColor": "#1565c0",
    "backgroundColor": "#ffffff",
    "secondaryBackgroundColor": "#f5f7f9",
    "textColor": "#1a2028",
    "borderColor": "#e0e4e9",
    "linkColor": "#1565c0",
    "redColor": "#c62828",
    "orangeColor": "#d9480f",
    "orangeBackgroundColor": "#fdf4e7",
    "yellowColor": "#b7791f",
    "greenColor": "#2e8b40",
    "grayColor": "#5d6976",
}
_DARK = {
    "primaryColor": "#6cb2ff",
    "backgroundColor": "#191e25",
    "secondaryBackgroundColor": "#101418",
    "textColor": "#e8ecf0",
    "borderColor": "#2b323b",
    "linkColor": "#6cb2ff",
    "redColor": "#f47067",
    "orangeColor": "#f0743e",
    "orangeBackgroundColor": "#2b251d",
    "yellowColor": "#d8a657",
    "greenColor": "#4cae5e",
    "grayColor": "#98a3af",
}
# Streamlit reads environment variables only for its own command line, so these are handed over as its flags would be.
OPTIONS: Mapping[str, str | bool | int] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "type",
    "client.showErrorLinks": False,
    "client.showSidebarNavigation": False,
    "client.toolbarMode": "viewer",
    "logger.level": "warning",
    "runner.magicEnabled": False,
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.runOnSave": False,
    "server.showEmailPrompt": False,
    "theme.baseRadius": "8px",
    "theme.buttonRadius": "7px",
    "theme.baseFontSize": 14,
    "theme.font": "sans-serif",
    "theme.showWidgetBorder": True,
    **{f"theme.light.{name}": color for name, color in _LIGHT.items()},
    **{f"theme.dark.{name}": color for name, color in _DARK.items()},
}


@cache
def style_sheet() -> str:
    """Return the style sheet of the frame around our components."""
    return resources.files("explorer").joinpath("assets", "app.css").read_text(encoding="utf-8")


def icon() -> Path:
    """Return the page icon; a local picture, since a named one would be fetched from another machine."""
    return Path(str(resources.files("explorer").joinpath("assets", "icon.png")))
