"""The largest clusters of two partitions side by side: a table of contingency that a person can read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engines.cluster.agreement import Agreement, Counts, clusters_of, jaccard, sizes_of

MOST = 12
REST, NOISE = -1, -2
PARTNER = 0.5
"""A Jaccard index of two clusters that are partners; above it none has a second one."""


@dataclass(frozen=True, kw_only=True)
class Contingency:
    """The largest clusters of a partition, and those of another that fit them best.

    ``rows`` and ``columns``: the place of each in ``names_a`` and ``names_b``; then ``REST`` for all others together and ``NOISE``, where there are
    such. ``counts`` int64 (rows, columns) holds every row of the data set once, so that its sums are the sizes. ``best``: for each cluster
    of a the column that fits it best, -1 = none, and ``fit`` its Jaccard index.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    counts: Counts
    best: tuple[int, ...]
    fit: tuple[float, ...]


def largest(found: Agreement, most: int = MOST) -> Contingency:
    """Cut a comparison to the ``most`` largest clusters of a, and as many of b: those that fit these best, then those that hold most of them.

    Columns stand in the order of the row that they fit best, so that what agrees lies on the diagonal. Nothing as large as all pairs of
    clusters is made.
    """
    cells, n_a, n_b = found.cells, clusters_of(found.names_a), clusters_of(found.names_b)
    sizes = sizes_of(cells, 0, len(found.names_a))[:n_a]
    rows = np.argsort(-sizes, kind="stable")[:most]
    place_a = np.full(len(found.names_a) + 1, len(rows), dtype=np.int64)
    place_a[rows] = np.arange(len(rows))
    columns = _columns(found, place_a, len(rows), most)
    place_b = np.full(len(found.names_b) + 1, len(columns), dtype=np.int64)
    place_b[columns] = np.arange(len(columns))
    heads_a, heads_b = _heads(rows, n_a, len(found.names_a)), _heads(columns, n_b, len(found.names_b))
    place_a[n_a], place_b[n_b] = len(heads_a) - 1, len(heads_b) - 1
    counts = np.zeros((len(heads_a), len(heads_b)), dtype=np.int64)
    np.add.at(counts, (place_a[cells[:, 0]], place_b[cells[:, 1]]), cells[:, 2])
    matches = [found.matches[row] for row in rows]
    return Contingency(
        rows=heads_a,
        columns=heads_b,
        counts=counts,
        best=tuple(int(place_b[match]) if match >= 0 else -1 for match, _ in matches),
        fit=tuple(fit for _, fit in matches),
    )


def partners(found: Agreement) -> int:
    """Count the clusters of a that share at least half of the rows of either with a cluster of b."""
    return sum(fit >= PARTNER for _, fit in found.matches)


def _columns(found: Agreement, place: npt.NDArray[np.int64], shown: int, most: int) -> npt.NDArray[np.int64]:
    """Choose clusters of b for the rows that are shown, and put them into the order of the row that each fits best."""
    inner = (place[found.cells[:, 0]] < shown) & (found.cells[:, 1] < clusters_of(found.names_b))
    cells, fit = found.cells[inner], jaccard(found.cells, len(found.names_a), len(found.names_b))[inner]
    held = sizes_of(cells, 1, len(found.names_b))
    matched = np.zeros(len(held), dtype=bool)
    matched[[match for row, (match, _) in enumerate(found.matches) if match >= 0 and place[row] < shown]] = True
    clusters = clusters_of(found.names_b)
    chosen = np.lexsort((-held[:clusters], ~matched[:clusters]))[:most]
    if clusters > most:
        chosen = chosen[held[chosen] > 0]
    best = np.lexsort((-cells[:, 2], -fit, cells[:, 1]))
    column, first = np.unique(cells[best, 1], return_index=True)
    row_of, fit_of = np.full(len(held), shown, dtype=np.int64), np.zeros(len(held))
    row_of[column], fit_of[column] = place[cells[best[first], 0]], fit[best[first]]
    return chosen[np.lexsort((-fit_of[chosen], row_of[chosen]))]


def _heads(chosen: npt.NDArray[np.int64], clusters: int, names: int) -> tuple[int, ...]:
    return (*chosen.tolist(), *([REST] if clusters > len(chosen) else []), *([NOISE] if names > clusters else []))
