"""Which formats can hold a data set, and why the others cannot."""

from __future__ import annotations

from typing import Any

from engines.artifacts import Dataset
from engines.errors import ExportError, MissingPackage


def fitting(dataset: Dataset) -> dict[str, str]:
    """Give for each format, in the order of the registry, why it cannot hold the data set; an empty text where it can."""
    from engines.export import ENGINES

    found: dict[str, str] = {}
    for name in ENGINES.names():
        try:
            found[name] = why_not(ENGINES.load(name), dataset)
        except MissingPackage as error:
            found[name] = str(error)
    return found


def why_not(exporter: Any, dataset: Dataset) -> str:
    """Say why a format cannot hold a data set; plug-ins made before the question was asked take everything."""
    asked = getattr(exporter, "fits", None)
    return str(asked(dataset)) if asked is not None else ""


def require_fitting(name: str, exporter: Any, dataset: Dataset) -> None:
    """Refuse a format that cannot hold a data set, before anything is written.

    Raises:
        ExportError: with the reason, and the formats that fit.
    """
    reason = why_not(exporter, dataset)
    if reason:
        others = ", ".join(other for other, words in fitting(dataset).items() if not words)
        raise ExportError(f"the format {name} does not fit: {reason}", f"formats that fit: {others}")


__all__ = ["fitting", "require_fitting", "why_not"]
