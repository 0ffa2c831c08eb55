"""The bar at the top: name, summary, pages, progress of what is being computed, and what is offered once."""

from components.top_bar.face import Handlers, OfferAction, OfferData, PageLink, Progress, TopBarData, example, top_bar

__all__ = ["Handlers", "OfferAction", "OfferData", "PageLink", "Progress", "TopBarData", "example", "top_bar"]
