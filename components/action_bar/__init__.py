"""The bar at the bottom: what to do with the selection, undo and redo, export; owns the keys of the page."""

from components.action_bar.face import ActionBarData, Handlers, action_bar, example

__all__ = ["ActionBarData", "Handlers", "action_bar", "example"]
