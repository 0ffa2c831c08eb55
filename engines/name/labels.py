"""Name clusters by the label that most of their rows carry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from engines.codes import codes_of
from engines.name.candidates import Candidate, Members, Proposal, cover
from engines.protocols import Progress, no_progress

CLEAR = 0.7
"""Share of the labeled rows that the label, or two together, must cover."""


def propose(labels: Sequence[str | None], clusters: Members, *, progress: Progress = no_progress) -> list[Proposal | None]:
    """Propose the majority label of the labeled rows; two labels where they fill it together, None where fewer than half have a label."""
    progress(0.0, "names: labels")
    columns, known = codes_of(pa.chunked_array([pa.array(labels, pa.string())]))
    rows = np.flatnonzero(columns >= 0)
    columns = columns[rows]
    table = csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(len(labels), len(known)))
    counts = np.asarray((clusters.matrix @ table).todense(), dtype=np.float64)
    overall = np.maximum(np.asarray(table.sum(axis=0)).ravel(), 1)
    proposals: list[Proposal | None] = []
    for number, (held, size) in enumerate(zip(counts, clusters.sizes, strict=True)):
        progress(number / len(counts), "names: labels")
        if not held.sum() or held.sum() < 0.5 * size:
            proposals.append(None)
            continue
        order = np.argsort(-held, kind="stable")[:3]
        ranked = [Candidate(known[at], float(held[at] / held.sum()), float(held[at] / overall[at])) for at in order if held[at]]
        single = ranked[0] if ranked[0].score >= CLEAR else None
        inside = np.asarray(table[clusters.rows(number)][:, order[: len(ranked)]].todense())
        both = cover(inside[inside.any(axis=1)], ranked)
        joint = single or (both if both and both.score >= CLEAR else None)
        hints = [other for other in ranked if other != joint]
        second = ranked[1].name if single and len(ranked) > 1 else ranked[0].name
        proposals.append(Proposal("labels", [joint] if joint else [], hints, second))
    return proposals
