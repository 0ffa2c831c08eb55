"""The head of a queue: what a check means, its threshold over the histogram, actions for all that are shown."""

from components.check_header.face import CheckHeaderData, Distribution, Handlers, WholeAction, check_header, example

__all__ = ["CheckHeaderData", "Distribution", "Handlers", "WholeAction", "check_header", "example"]
