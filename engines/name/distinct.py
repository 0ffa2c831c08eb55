"""Give every cluster a name of its own out of what the sources propose."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pyarrow as pa

from engines.artifacts import Names
from engines.name.candidates import Candidate, Members, Proposal

SAME = 0.8
"""Two clusters of different layers with this Jaccard overlap are the same thing and may share a name."""
FAVOR = 1.5
"""How much better another layer's cluster must fit a name to take it from one of the default layer, which people see first."""
QUALIFIES = 0.15
"""Share of a cluster that a word must cover to stand behind its name."""


@dataclass(frozen=True)
class Named:
    """The name of one cluster; ``source`` is "none" where no name is clear."""

    name: str
    second: str
    source: str
    score: float


@dataclass
class _Taken:
    """Who bears which name so far."""

    same: list[frozenset[int]]
    bearers: dict[str, list[int]] = field(default_factory=dict)

    def free(self, name: str, at: int) -> bool:
        return all(bearer in self.same[at] for bearer in self.bearers.get(name.lower(), ()))

    def give(self, at: int, named: Named) -> Named:
        self.bearers.setdefault(named.name.lower(), []).append(at)
        return named

    def first_free(self, names: Iterator[str], at: int) -> str:
        return next(name for name in names if self.free(name, at))


def distinct(clusters: Members, proposals: Sequence[Proposal | None], default_layer: int) -> list[Named]:
    """Choose names so that no two clusters share one, except clusters of different layers with nearly the same rows.

    A name goes to the cluster that it fits best, over all layers, with some favor for the default layer; who finds its choice taken
    bids for its next clear one. When all are given, those left without get their first choice with a qualifier.
    """
    taken = _Taken(_same(clusters))
    chosen: dict[int, Named] = {}
    left: list[int] = []
    bids = [_bid(clusters, proposals, default_layer, at, 0) for at in range(len(clusters.ids))]
    heapq.heapify(bids)
    while bids:
        *_, at, choice = heapq.heappop(bids)
        proposal = proposals[at]
        if proposal is None or choice >= len(proposal.candidates):
            left.append(at)
        elif taken.free(proposal.candidates[choice].name, at):
            candidate = proposal.candidates[choice]
            second = _second(candidate.name, proposal)
            chosen[at] = taken.give(at, Named(candidate.name, second, proposal.source, _share(candidate.score)))
        else:
            heapq.heappush(bids, _bid(clusters, proposals, default_layer, at, choice + 1))
    for *_, at, _ in sorted(_bid(clusters, proposals, default_layer, at, 0) for at in left):
        chosen[at] = taken.give(at, _qualify(clusters.ids[at], proposals[at], taken, at))
    return [chosen[at] for at in range(len(clusters.ids))]


def names_of(key: str, clusters: Members, named: Sequence[Named]) -> Names:
    """Wrap names as a value."""
    table = {
        "cluster": np.array(clusters.ids, dtype=np.int32),
        "name": [one.name for one in named],
        "second_name": [one.second for one in named],
        "source": [one.source for one in named],
        "score": np.array([one.score for one in named], dtype=np.float32),
    }
    return Names(key=key, table=pa.table(table, schema=Names.SCHEMA))


def _bid(
    clusters: Members, proposals: Sequence[Proposal | None], default_layer: int, at: int, choice: int
) -> tuple[float, int, int, int]:
    """Order bids: the best fit first, then the coarser layer, then the smaller id."""
    proposal, layer = proposals[at], clusters.layer_of[at]
    fit = proposal.candidates[choice].fit if proposal and choice < len(proposal.candidates) else 0.0
    return (-round(fit * (FAVOR if layer == default_layer else 1), 3), layer, at, choice)


def _same(clusters: Members) -> list[frozenset[int]]:
    """List, per cluster, those with nearly the same rows."""
    shared = (clusters.matrix @ clusters.matrix.T).tocoo()
    sizes = clusters.sizes
    left, right = shared.coords
    near = shared.data >= SAME * (sizes[left] + sizes[right] - shared.data)
    found: list[set[int]] = [set() for _ in clusters.ids]
    for one, other in zip(left[near].tolist(), right[near].tolist(), strict=True):
        found[one].add(other)
    return [frozenset(others) for others in found]


def _qualify(cluster: int, proposal: Proposal | None, taken: _Taken, at: int) -> Named:
    """Name a cluster whose choices are all taken, or that has none."""
    if proposal is None or not (proposal.candidates or proposal.hints):
        return Named(taken.first_free(_numbered(f"cluster {cluster}"), at), "", "none", 0.0)
    if not proposal.candidates:
        held = [hint.name for hint in proposal.hints]
        name = taken.first_free(_numbered("mixed: " + (proposal.mixed or ", ".join(held[:2]))), at)
        return Named(name, held[0], "none", _share(proposal.hints[0].score))
    first = proposal.candidates[0]
    name = taken.first_free(_qualified(first, proposal), at)
    return Named(name, _second(first.name, proposal), proposal.source, _share(first.score))


def _qualified(first: Candidate, proposal: Proposal) -> Iterator[str]:
    """Propose the name with what else is in the cluster behind it, at last with a number."""
    own = set(first.name.lower().split())
    for other in (*proposal.candidates[1:], *proposal.hints):
        further = " ".join(word for word in other.name.split() if word.lower() not in own)
        if further and other.score >= QUALIFIES and proposal.source != "labels":
            yield f"{first.name} ({further})"
    yield from _numbered(first.name)


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        yield f"{name} #{number}"


def _second(name: str, proposal: Proposal) -> str:
    """Take the source's second name, or the first choice where that one was taken, or the next word."""
    others = [proposal.second, *(other.name for other in (*proposal.candidates, *proposal.hints))]
    if proposal.candidates[0].name != name:
        others.insert(0, proposal.candidates[0].name)
    return next((other for other in others if other and other != name), "")


def _share(score: float) -> float:
    return float(np.clip(score, 0.0, 1.0))
