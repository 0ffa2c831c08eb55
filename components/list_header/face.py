"""The Python face of the line over a gallery."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from components.assets import component
from components.kit import received, text_of


class OrderChoice(TypedDict):
    """One order."""

    value: str
    label: str


class ListHeaderData(TypedDict):
    """Everything that the line shows."""

    title: str
    detail: str
    orders: Sequence[OrderChoice]
    order: str


def list_header(*, key: str, data: ListHeaderData, on_order: Callable[[str], None]) -> None:
    """Mount the line; ``on_order`` gets the value of the chosen order."""

    def order() -> None:
        value = text_of(received(key, "order"))
        if value is not None and value in {choice["value"] for choice in data["orders"]}:
            on_order(value)

    component("dataset-explorer-list-header", "components/list_header/index.js")(key=key, data=data, on_order_change=order)


def example() -> ListHeaderData:
    """Return data that show every part."""
    orders: list[OrderChoice] = [{"value": "severity", "label": "severity"}, {"value": "name", "label": "name"}]
    return {"title": "111 selected", "detail": "elephant 38 · kangaroo 1", "orders": orders, "order": "severity"}
