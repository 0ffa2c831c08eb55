"""The bar at the top: name, summary, pages, progress of what is being computed."""

from components.top_bar.face import PageLink, Progress, TopBarData, example, top_bar

__all__ = ["PageLink", "Progress", "TopBarData", "example", "top_bar"]
