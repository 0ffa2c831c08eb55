"""Read what the map sends from the browser into checked values; anything malformed reads as None."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from components.wire import row_of

Mode = Literal["replace", "add", "subtract"]
MAX_POLYGON = 4_096


@dataclass(frozen=True, kw_only=True)
class Lasso:
    """An area drawn by the person.

    ``polygon`` is float32 (m, 2) in data units, read-only, not closed. The browser tests exactly these numbers, in
    float64, by the even-odd rule, and leaves hidden rows out: ``(y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1``.
    ``points`` is the key of the positions it was drawn over.
    """

    polygon: npt.NDArray[np.float32]
    mode: Mode
    kind: Literal["lasso", "box"]
    points: str


@dataclass(frozen=True, kw_only=True)
class Click:
    """A click on the point of ``row``, or beside all points (None, which means: select nothing)."""

    row: int | None
    mode: Mode


@dataclass(frozen=True, kw_only=True)
class ClusterClick:
    """A click on the name of the cluster ``id``."""

    id: int
    mode: Mode


def _mode(value: object) -> Mode:
    return value if value in ("add", "subtract") else "replace"


def _vertex(value: object) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    x, y = value
    if not isinstance(x, int | float) or not isinstance(y, int | float) or not (math.isfinite(x) and math.isfinite(y)):
        return None
    return float(x), float(y)


def read_lasso(value: object) -> Lasso | None:
    """Read a lasso; None when it has under 3 or over 4096 vertices or anything else that the map never sends."""
    if not isinstance(value, Mapping):
        return None
    vertices = value.get("polygon")
    if not isinstance(vertices, list) or not 3 <= len(vertices) <= MAX_POLYGON:
        return None
    checked = [vertex for vertex in map(_vertex, vertices) if vertex is not None]
    if len(checked) != len(vertices):
        return None
    polygon = np.asarray(checked, dtype=np.float32)
    polygon.flags.writeable = False
    kind: Literal["lasso", "box"] = "box" if value.get("kind") == "box" else "lasso"
    return Lasso(polygon=polygon, mode=_mode(value.get("mode")), kind=kind, points=str(value.get("points", "")))


def read_click(value: object) -> Click | None:
    """Read a click; None when it is malformed."""
    if not isinstance(value, Mapping):
        return None
    row = row_of(value.get("row"))
    if row is None and value.get("row") is not None:
        return None
    return Click(row=row, mode=_mode(value.get("mode")))


def read_cluster(value: object) -> ClusterClick | None:
    """Read a click on a cluster name; None when it is malformed."""
    if not isinstance(value, Mapping):
        return None
    id_ = value.get("id")
    if not isinstance(id_, int) or isinstance(id_, bool):
        return None
    return ClusterClick(id=id_, mode=_mode(value.get("mode")))
