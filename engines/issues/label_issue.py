"""Find rows whose label is probably wrong: a classifier that never saw the row and its neighbors both doubt it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, IssueResult, NeighborGraph
from engines.codes import codes_of, most_frequent
from engines.issues.folds import random_rank, stratified_folds, twins
from engines.issues.label_classifier import BLOCK, Axes, CrossValidation
from engines.issues.label_votes import Votes
from engines.issues.result import Finding, make, skip, worth_a_reason
from engines.parameters import Doc, Range, engine
from engines.protocols import Evidence, Progress, part

MIN_MEMBERS = 3
"""A class of fewer distinct members cannot be learned from the others; its rows get no score."""


SCALE = 0.7
REPORT_EVERY = 1_000
DOUBT = 0.05
"""Probability that is added on both sides, so that a row that fits no class (an outlier) is not taken for a sure label issue."""


@dataclass(frozen=True)
class _Labeled:
    """The rows that can be judged: row numbers, their node, their label number, the names of the labels."""

    rows: npt.NDArray[np.int64]
    node: npt.NDArray[np.int64]
    label: npt.NDArray[np.int64]
    names: list[str]


@dataclass(frozen=True)
class _Opinion:
    """Per judged row: probability of the given label, of the best other one, and which that is."""

    own: Float32
    other: Float32
    best: npt.NDArray[np.int64]


@engine
class LabelIssue:
    """Score a label by how many times more probable another one is: ln((p(other) + 0.05) / (p(given) + 0.05)), at most 3.

    p blends the out-of-sample probabilities of a multinomial logistic regression (cross-validated, copies kept in one fold) and the
    distance-weighted vote of the nearest neighbors. Measured against the margin of probabilities, its plain logarithm and the thresholds by
    class of confident learning (Northcutt, Jiang, Chuang 2021): see docs/decisions/0004.
    """

    name: ClassVar[str] = "label_issue"
    version: ClassVar[int] = 4
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ("labels", "neighbors")
    uses: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str] = "row"

    method: Annotated[Literal["blend", "classifier", "neighbors"], Doc("who judges a label")] = "blend"
    k: Annotated[int, Range(1, 200), Doc("neighbors that vote")] = 15
    folds: Annotated[int, Range(2, 20), Doc("parts of the cross-validation")] = 5
    strength: Annotated[float, Range(1e-4, 1e4), Doc("C of the logistic regression: more = less penalty")] = 3.0
    dimensions: Annotated[int, Range(2, 4096), Doc("principal axes that the classifier sees")] = 256
    neighbor_weight: Annotated[float, Range(0, 1), Doc("weight of the neighbors in the blend")] = 0.35
    cut: Annotated[float, Range(-3, 3), Doc("score from which a label is flagged; 1.4 = another is four times as probable")] = (
        1.4
    )
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the folds")] = 0

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every labeled row."""
        graph = evidence.graph
        assert graph is not None
        progress(0.0, "label issues")
        known, small = _labeled(evidence, graph)
        if len(known.names) < 2:
            return skip(self, evidence, f"needs two classes with at least {MIN_MEMBERS} different rows each")
        progress(0.0, "label issues: votes")
        votes = Votes(graph, most_frequent(known.node, known.label, graph.m, len(known.names)), len(known.names), self.k)
        opinion = self._judge(evidence, graph, known, votes, part(progress, 0.0, 0.95))
        raw = np.full(len(evidence.dataset), np.nan, dtype=np.float32)
        raw[known.rows] = np.log((opinion.other + DOUBT) / (opinion.own + DOUBT))
        suggestions, reasons = self._words(known, votes, opinion, raw, part(progress, 0.95, 1.0))
        notes: dict[str, Any] = {"method": self.method, "classes": len(known.names), "classes_too_small": small}
        progress(1.0, "label issues")
        return make(
            self,
            evidence,
            Finding(raw=raw, cut=self.cut, scale=SCALE, suggestions=suggestions, reasons=reasons, notes=notes),
        )

    def _judge(self, evidence: Evidence, graph: NeighborGraph, known: _Labeled, votes: Votes, progress: Progress) -> _Opinion:
        r = len(known.rows)
        found = _Opinion(np.zeros(r, np.float32), np.zeros(r, np.float32), np.zeros(r, np.int64))
        if self.method == "neighbors":
            for start in range(0, r, BLOCK):
                progress(start / r, "label issues: neighbors vote")
                block = np.arange(start, min(start + BLOCK, r))
                _note(found, block, known.label, votes.shares(known.node[block]))
            return found
        ids = evidence.dataset.ids
        rank = random_rank([ids[row] for row in known.rows.tolist()], self.seed, part(progress, 0.0, 0.005))
        progress(0.005, "label issues: folds")
        group = twins(graph)[known.node]
        progress(0.008, "label issues: folds")
        folds = stratified_folds(group, known.label, rank, self.folds)
        progress(0.01, "label issues: classifier")
        model = CrossValidation(
            Axes(graph.nodes, self.dimensions, self.seed, part(progress, 0.01, 0.05)),
            known.node,
            known.label,
            folds,
            rank,
            len(known.names),
            self.strength,
            part(progress, 0.05, 1.0),
        )
        for block, probabilities in model:
            if self.method == "blend":
                self._blend(probabilities, votes.shares(known.node[block]))
            _note(found, block, known.label, probabilities)
        return found

    def _blend(self, probabilities: Float32, shares: Float32) -> None:
        """Mix the votes into the probabilities, in place; a row without any vote keeps what the classifier says."""
        voted = shares.sum(axis=1) > 0
        probabilities[voted] *= np.float32(1 - self.neighbor_weight)
        probabilities[voted] += np.float32(self.neighbor_weight) * shares[voted]

    def _words(
        self, known: _Labeled, votes: Votes, opinion: _Opinion, raw: Float32, progress: Progress
    ) -> tuple[dict[int, str], dict[int, str]]:
        suggestions, reasons = {}, {}
        worth = worth_a_reason(raw, self.cut, SCALE)
        places = np.searchsorted(known.rows, worth).tolist()
        for number, (row, at) in enumerate(zip(worth.tolist(), places, strict=True)):
            if number % REPORT_EVERY == 0:
                progress(number / len(worth), "label issues: reasons")
            if opinion.other[at] <= opinion.own[at]:
                continue
            best, given = int(opinion.best[at]), int(known.label[at])
            suggestions[row] = known.names[best]
            reasons[row] = _reason(known.names, votes.count(int(known.node[at])), best, given)
        return suggestions, reasons


def _labeled(evidence: Evidence, graph: NeighborGraph) -> tuple[_Labeled, int]:
    """Find the rows with a node whose class has enough distinct members; also counts the classes that have not."""
    code, names = codes_of(evidence.dataset.rows.column("label"))
    node = graph.unique_of.astype(np.int64)
    usable = (code >= 0) & (node >= 0)
    members = np.bincount(np.unique(code[usable] * graph.m + node[usable]) // max(graph.m, 1), minlength=len(names))
    large = members >= MIN_MEMBERS
    renumber = np.where(large, np.cumsum(large) - 1, -1)
    rows = np.flatnonzero(usable)
    rows = rows[large[code[rows]]]
    kept = [name for name, many in zip(names, large.tolist(), strict=True) if many]
    return _Labeled(rows, node[rows], renumber[code[rows]], kept), len(names) - len(kept)


def _note(found: _Opinion, block: npt.NDArray[np.int64], label: npt.NDArray[np.int64], probabilities: Float32) -> None:
    """Write down what the probabilities (b, classes) say of the rows ``block``."""
    place = np.arange(len(block)), label[block]
    found.own[block] = probabilities[place]
    others = probabilities.copy()
    others[place] = -1.0
    found.best[block] = others.argmax(axis=1)
    found.other[block] = others.max(axis=1)


def _reason(names: list[str], counts: dict[int, int], best: int, given: int) -> str:
    """Say in one sentence what the neighbors are labeled."""
    total = sum(counts.values())
    sharing = counts.get(given, 0)
    if not total:
        return f"A classifier that did not see this row says {names[best]}, not {names[given]}."
    if counts.get(best, 0) <= sharing:
        return (
            f"A classifier that did not see this row says {names[best]}, although "
            f"{sharing} of its {total} nearest neighbors are labeled {names[given]} as well."
        )
    also = "none shares" if not sharing else "1 shares" if sharing == 1 else f"{sharing} share"
    return f"{counts[best]} of its {total} nearest neighbors are labeled {names[best]}; {also} the given label {names[given]}."
