"""The largest groups of two groupings side by side, shaded by their share of the row."""

from components.contingency.face import ContingencyData, Grouping, Head, Line, contingency, example

__all__ = ["ContingencyData", "Grouping", "Head", "Line", "contingency", "example"]
