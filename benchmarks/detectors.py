"""Measure the issue checks on planted copies of a labeled folder, each beside a plain baseline; prints a Markdown table."""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from benchmarks.plant import Truth, encode, plant
from engines.artifacts import IssueResult, NeighborGraph
from engines.ingestion import ingest_source
from engines.protocols import Evidence, SourceOptions, no_progress
from engines.recipe import Recipe
from engines.store import Store

CHECKS = ("label_issue", "outlier", "exact_duplicate", "near_duplicate")
PRECISION = 0.92
Scores = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Case:
    """One planted copy: its truth, what the stages made of it, what the checks say, and the row of each id."""

    truth: Truth
    evidence: Evidence
    found: dict[str, IssueResult]
    row: dict[str, int]

    def mask(self, ids: object) -> Mask:
        """Mark the rows of some ids."""
        marked = np.zeros(len(self.row), dtype=bool)
        marked[[self.row[i] for i in ids if i in self.row]] = True  # type: ignore[attr-defined]  # any iterable of ids
        return marked

    def pairs(self, ids: list[tuple[str, str]]) -> set[Pair]:
        """Give pairs of ids as pairs of rows, smaller first."""
        return {_ordered(self.row[a], self.row[b]) for a, b in ids if a in self.row and b in self.row}


def analyze(folder: Path, truth: Truth, store: Store) -> Case:
    """Read, embed, build the graph and run the checks, without maps and clusters."""
    recipe = Recipe()
    done = ingest_source((folder,), SourceOptions(), recipe, store, verify=False, progress=no_progress)
    graph = recipe.engine("neighbors", "exact")(done.embeddings, progress=no_progress)
    evidence = Evidence(dataset=done.dataset, embeddings=done.embeddings, graph=graph, facts=done.facts)
    found = {name: recipe.engine("issues", name)(evidence, progress=no_progress) for name in CHECKS}
    return Case(truth, evidence, found, {name: row for row, name in enumerate(done.dataset.ids)})


def measure(case: Case) -> dict[str, float]:
    """Give all figures of one planted copy."""
    truth, ids = case.truth, set(case.row)
    figures = {
        "good files lost": float(len(set(truth.good) - ids)),
        "bad files among the rows": float(len(set(truth.broken) & ids)),
    }
    return figures | _labels(case) | _outliers(case) | _exact(case) | _near(case)


def _labels(case: Case) -> dict[str, float]:
    """Outliers are left out: in a folder of another class, their label is wrong as well."""
    graph = _graph(case)
    judged, flipped = ~case.mask(case.truth.outliers), case.mask(case.truth.flips)
    result = case.found["label_issue"]
    names = np.array(case.evidence.dataset.labels)
    _, label = np.unique(names, return_inverse=True)
    rows = graph.unique_of
    share = np.mean(label[graph.representative][graph.indices[rows, :10]] != label[:, None], axis=1)
    model = LogisticRegression(C=1.0, max_iter=500)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    plain = cross_val_predict(model, graph.nodes[rows], label, cv=folds, method="predict_proba")
    doubt = 1 - plain[np.arange(len(label)), label]
    right = np.array([case.truth.flips.get(name) for name in case.evidence.dataset.ids])
    suggested = np.array(result.details.column("suggestion").to_pylist())
    hit = flipped & result.flagged()
    return {
        "label issues: AP": _ap(result.raw, flipped, judged),
        "label issues: AP with the outliers counted as right": _ap(result.raw, flipped, np.ones_like(judged)),
        "label issues: AP, plain cross-validated logistic regression": _ap(doubt, flipped, judged),
        "label issues: AP, 10-neighbor vote": _ap(share, flipped, judged),
        "label issues: precision of flags": _precision(result.flagged() & judged, flipped),
        "label issues: recall of flags": _recall(result.flagged(), flipped),
        "label issues: right label suggested": float(np.mean(suggested[hit] == right[hit])) if hit.any() else float("nan"),
    }


def _outliers(case: Case) -> dict[str, float]:
    graph, planted = _graph(case), case.mask(case.truth.outliers)
    result = case.found["outlier"]
    figures = {"outliers: AUROC": float(roc_auc_score(planted, result.raw)), "outliers: AP": _ap(result.raw, planted)}
    for k, name in ((1, "1st"), (10, "10th")):
        plain = graph.to_rows(graph.distances[:, k - 1], np.float32(9))
        figures[f"outliers: AUROC, distance to the {name} neighbor"] = float(roc_auc_score(planted, plain))
    figures["outliers: precision of flags"] = _precision(result.flagged(), planted)
    figures["outliers: recall of flags"] = _recall(result.flagged(), planted)
    return figures


def _exact(case: Case) -> dict[str, float]:
    result = case.found["exact_duplicate"]
    group, planted = result.groups(), case.pairs(case.truth.exact)
    together = [group[a] == group[b] >= 0 for a, b in planted]
    rows = np.zeros(len(group), dtype=bool)
    rows[[row for pair in planted for row in pair]] = True
    return {
        "exact duplicates: recall of pairs": float(np.mean(together)),
        "exact duplicates: precision of flags": _precision(result.flagged(), rows),
    }


def _near(case: Case) -> dict[str, float]:
    """Pairs that are true without having been planted (the source's own, and what follows from both) count neither way."""
    n, result = len(case.row), case.found["near_duplicate"]
    planted = case.pairs([(a, b) for a, b, _ in case.truth.near])
    exact, natural = case.pairs(case.truth.exact), case.pairs(case.truth.natural)
    group = _components(n, planted | exact | natural)
    columns = [result.pairs.column(name).to_pylist() for name in ("a", "b", "score")]
    scored = {_ordered(a, b): score for a, b, score in zip(*columns, strict=True)}
    flagged = {pair for pair, score in scored.items() if score >= result.cut}
    true = planted | {pair for pair in scored if group[pair[0]] == group[pair[1]]}
    judged = {pair: score for pair, score in scored.items() if pair in planted or pair not in true}
    graph = _graph(case)
    cosine = _cosine_pairs(graph, planted, true)
    return {
        "near duplicates: recall": len(flagged & planted) / len(planted),
        "near duplicates: precision": len(flagged & planted) / max(len((flagged & planted) | (flagged - true)), 1),
        "near duplicates: precision, the source's own pairs counted as wrong": len(flagged & planted)
        / max(len(flagged - exact), 1),
        f"near duplicates: best recall at precision {PRECISION}": _best_recall(judged, planted),
        f"near duplicates: best recall at precision {PRECISION}, cosine only": _best_recall(cosine, planted),
    }


def _cosine_pairs(graph: NeighborGraph, planted: set[Pair], true: set[Pair]) -> dict[Pair, float]:
    """Score the pairs of nearest neighbors by cosine; rows of one node have cosine 1."""
    scored: dict[Pair, float] = {}
    for node in range(graph.m):
        for other, distance in zip(graph.indices[node, :10], graph.distances[node, :10], strict=True):
            pair = _ordered(int(graph.representative[node]), int(graph.representative[other]))
            scored[pair] = 1.0 - float(distance)
    for a, b in planted:
        if graph.unique_of[a] == graph.unique_of[b]:
            scored[a, b] = 1.0
    return {pair: score for pair, score in scored.items() if pair in planted or pair not in true}


def _best_recall(scored: dict[Pair, float], planted: set[Pair]) -> float:
    """Give the highest recall that some threshold reaches at the wanted precision."""
    hits = best = 0
    for count, pair in enumerate(sorted(scored, key=lambda pair: -scored[pair]), start=1):
        hits += pair in planted
        if hits / count >= PRECISION:
            best = hits
    return best / len(planted)


def _components(n: int, pairs: set[Pair]) -> npt.NDArray[np.int32]:
    a, b = np.array(sorted(pairs)).reshape(-1, 2).T
    _, group = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)
    return np.asarray(group, dtype=np.int32)


def _graph(case: Case) -> NeighborGraph:
    assert case.evidence.graph is not None
    return case.evidence.graph


def _ordered(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


def _ap(score: npt.NDArray[np.floating], planted: Mask, judged: Mask | None = None) -> float:
    keep = ~np.isnan(score) if judged is None else judged & ~np.isnan(score)
    return float(average_precision_score(planted[keep], score[keep]))


def _precision(flagged: Mask, planted: Mask) -> float:
    return float(np.mean(planted[flagged])) if flagged.any() else float("nan")


def _recall(flagged: Mask, planted: Mask) -> float:
    return float(np.mean(flagged[planted])) if planted.any() else float("nan")


def seeds_of(text: str) -> list[int]:
    """Read ``0-4`` or ``0,3,7``."""
    seeds: list[int] = []
    for piece in text.split(","):
        low, _, high = piece.partition("-")
        seeds += range(int(low), int(high or low) + 1)
    return seeds


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="folder with one sub-folder of pictures per class")
    parser.add_argument("--seeds", default="0-4", help="such as 0-4 or 1,5")
    given = parser.parse_args()
    figures: dict[str, list[float]] = defaultdict(list)
    vectors = encode(given.source)
    with tempfile.TemporaryDirectory() as work:
        store = Store(Path(work) / "workspace")
        for seed in seeds_of(given.seeds):
            folder = Path(work) / f"planted{seed}"
            truth = plant(given.source, folder, seed=seed, vectors=vectors)
            for name, value in measure(analyze(folder, truth, store)).items():
                figures[name].append(value)
    print(f"| figure, {len(next(iter(figures.values())))} seeds | mean | least | most |\n|---|---|---|---|")
    for name, values in figures.items():
        print(f"| {name} | {np.nanmean(values):.4f} | {np.nanmin(values):.4f} | {np.nanmax(values):.4f} |")


if __name__ == "__main__":
    main()
