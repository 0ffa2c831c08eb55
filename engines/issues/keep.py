"""Decide which row of a group of duplicates to keep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from engines.protocols import Evidence


def keep_order(evidence: Evidence) -> npt.NDArray[np.int64]:
    """Rank all rows (n), smallest = kept first: labeled before unlabeled, more pixels, larger file, then the order of ids."""
    n = len(evidence.dataset)
    unlabeled = evidence.dataset.rows.column("label").is_null().to_numpy()
    pixels = size = np.zeros(n, dtype=np.int64)
    if evidence.facts is not None:
        pixels = evidence.facts.column("width").astype(np.int64) * evidence.facts.column("height").astype(np.int64)
        size = evidence.facts.column("file_size").astype(np.int64)
    by_id = np.empty(n, dtype=np.int64)
    by_id[pc.sort_indices(evidence.dataset.rows.column("id")).to_numpy()] = np.arange(n)
    order = np.lexsort((by_id, -size, -pixels, unlabeled))
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    return rank


def kept_of(group: npt.NDArray[np.int32], rank: npt.NDArray[np.int64]) -> dict[int, int]:
    """Give, for each row that is in a group (>= 0), the row of its group that is kept."""
    members = np.flatnonzero(group >= 0)
    order = members[np.lexsort((rank[members], group[members]))]
    first = order[np.r_[True, np.diff(group[order]) != 0]] if len(order) else order
    best = dict(zip(group[first].tolist(), first.tolist(), strict=True))
    return {int(row): best[int(group[row])] for row in members}


def listed(ids: Sequence[str], limit: int = 3) -> str:
    """Join ids for a sentence; the rest is counted."""
    if len(ids) <= limit:
        return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]}"
    return f"{', '.join(ids[:limit])} and {len(ids) - limit} more"
