"""Plain words, figures and tables of a page."""

from components.report.face import Fact, ReportData, Row, Table, example, report

__all__ = ["Fact", "ReportData", "Row", "Table", "example", "report"]
