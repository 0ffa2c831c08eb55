"""One calm line over the map that offers something once, with how far it is while it is fetched."""

from components.offer.face import OfferAction, OfferData, example, offer

__all__ = ["OfferAction", "OfferData", "example", "offer"]
