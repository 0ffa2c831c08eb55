"""The inspector: one item with its picture, what is known, why it is flagged and its nearest neighbors."""

from components.inspector.face import Finding, Handlers, InspectorData, Neighbor, Pair, example, inspector

__all__ = ["Finding", "Handlers", "InspectorData", "Neighbor", "Pair", "example", "inspector"]
