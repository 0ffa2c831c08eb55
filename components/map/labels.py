"""Place the name of each cluster over its points."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import numpy as np
import numpy.typing as npt


class MapLabel(TypedDict):
    """A name on the map, drawn just above (x, y) in data units.

    ``level`` 0 is always eligible, each further level from twice the zoom on; where names collide the larger ``count``
    stays. ``selected`` (how many of the cluster are selected) fades the name when it is 0 while a selection exists.
    """

    id: int
    text: str
    count: int
    x: float
    y: float
    level: int
    selected: NotRequired[int]


def cluster_labels(
    coords: npt.NDArray[np.floating],
    clusters: npt.NDArray[np.integer],
    names: Sequence[str],
    *,
    level: int = 0,
    selected: npt.NDArray[np.bool_] | None = None,
) -> list[MapLabel]:
    """Return one label per non-empty cluster, over the upper edge of its core.

    ``coords`` is (n, 2), ``clusters`` (n,) with ids into ``names`` and negative for noise, ``selected`` a mask (n,).
    The core is the three quarters of the cluster nearest to its median, because stray points must not move a name.
    """
    labels: list[MapLabel] = []
    order = np.argsort(clusters, kind="stable")
    edges = np.searchsorted(clusters[order], np.arange(len(names) + 1))
    for id_, name in enumerate(names):
        rows = order[edges[id_] : edges[id_ + 1]]
        if not len(rows):
            continue
        inside = coords[rows]
        middle = np.median(inside, axis=0)
        away = np.linalg.norm(inside - middle, axis=1)
        core = inside[away <= np.quantile(away, 0.75)]
        x, y = float(np.median(core[:, 0])), float(core[:, 1].max())
        label: MapLabel = {"id": id_, "text": name, "count": len(rows), "x": x, "y": y, "level": level}
        if selected is not None:
            label["selected"] = int(np.count_nonzero(selected[rows]))
        labels.append(label)
    return labels
