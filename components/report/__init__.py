"""Plain words, figures and tables of a page."""

from components.report.face import Action, Fact, ReportData, Row, Table, example, report

__all__ = ["Action", "Fact", "ReportData", "Row", "Table", "example", "report"]
