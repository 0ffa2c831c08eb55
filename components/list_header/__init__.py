"""The line over a gallery: what it shows, in words, and in which order."""

from components.list_header.face import ListHeaderData, OrderChoice, example, list_header

__all__ = ["ListHeaderData", "OrderChoice", "example", "list_header"]
