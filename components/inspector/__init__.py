"""The inspector: one item with its picture, what is known, why it is flagged and its nearest neighbors."""

from components.inspector.face import Alike, Finding, Handlers, InspectorData, Neighbor, Pair, Run, example, inspector

__all__ = ["Alike", "Finding", "Handlers", "InspectorData", "Neighbor", "Pair", "Run", "example", "inspector"]
