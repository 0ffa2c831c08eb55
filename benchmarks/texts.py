"""Measure the text encoders and the checks of texts on a table with planted problems, each beside a plain baseline in the same run.

::

    python -m benchmarks.texts TEXTS [--seeds 0-4]

TEXTS is a folder with texts.csv (id, text, label) and ground_truth.csv (id, true_label, issue, detail, dup_of): what was planted is a
``label_flip``, an ``exact_dup`` or ``near_dup`` of the row ``dup_of``, an ``outlier``, or an ``odd`` text; all else is clean.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from benchmarks.judgment import accuracy
from engines.artifacts import IssueResult
from engines.ingestion import ingest_source
from engines.protocols import Evidence, SourceOptions, no_progress
from engines.recipe import Recipe
from engines.store import Store

CHECKS = ("label_issue", "outlier", "exact_duplicate", "near_duplicate")
Mask = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.floating]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Case:
    """The usable rows with what was planted in them, and what one encoder and the checks made of them."""

    encoder: str
    evidence: Evidence
    truth: list[dict[str, str]]
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """Give the texts."""
        return [str(text) for text in self.evidence.dataset.media.column("media").to_pylist()]

    def rows(self, issue: str, detail: str = "") -> Mask:
        """Mark the rows with a planted issue."""
        return np.array([row["issue"] == issue and row["detail"].startswith(detail) for row in self.truth])

    def check(self, name: str, seed: int = 0) -> IssueResult:
        """Run a check and note its processor time."""
        recipe = Recipe(seed=seed)
        started = time.process_time()
        result: IssueResult = recipe.engine("issues", name)(self.evidence, progress=no_progress)
        self.cpu[name] = time.process_time() - started
        return result


def load(folder: Path, encoder: str, store: Store) -> Case:
    """Read and embed the table, build the graph, and join what is known of each row."""
    recipe = Recipe(encoders=(encoder,))
    options = SourceOptions(id="id", text="text", label="label")
    recipe.engine("embed", encoder, kind="texts")
    started = time.process_time()
    done = ingest_source((folder / "texts.csv",), options, recipe, store, verify=False, progress=no_progress)
    spent = time.process_time() - started
    graph = recipe.engine("neighbors", "exact")(done.embeddings, progress=no_progress)
    with (folder / "ground_truth.csv").open(encoding="utf-8", newline="") as file:
        known = {row["id"]: row for row in csv.DictReader(file)}
    evidence = Evidence(dataset=done.dataset, embeddings=done.embeddings, graph=graph)
    return Case(encoder, evidence, [known[name] for name in done.dataset.ids], {"embedding": spent})


def labels(case: Case, seed: int) -> dict[str, float]:
    """Rank the rows by doubt about their label.

    Rows that belong to no class (outliers, odd texts) and copies with a conflicting label are wrong too without being planted flips: the first
    figures leave them out, those with nothing left out count them as right labels, precision counts them as wrong ones.
    """
    flipped, conflict = case.rows("label_flip"), case.rows("exact_dup", "conflicting_label")
    judged = ~(case.rows("outlier") | case.rows("odd") | conflict)
    given = case.evidence.dataset.labels
    _, label = np.unique(np.array(given), return_inverse=True)
    result = case.check("label_issue", seed)
    scores = {
        "ours": np.nan_to_num(result.raw, nan=-9.0),
        "TF-IDF + logistic regression": self_doubt(TfidfVectorizer(ngram_range=(1, 2)).fit_transform(case.texts), label, seed),
        "MiniLM + logistic regression": self_doubt(_vectors(case), label, seed),
    }
    figures = {f"label flips: AP, {name}": _ap(score, flipped, judged) for name, score in scores.items()}
    everywhere = np.ones_like(judged)
    figures |= {f"label flips: AP, nothing left out, {name}": _ap(score, flipped, everywhere) for name, score in scores.items()}
    flagged = result.flagged()
    suggested = result.details.column("suggestion").to_pylist()
    hits = np.flatnonzero(flagged & flipped)
    return figures | {
        "label flips: recall of flags": float(flagged[flipped].mean()),
        "label flips: precision of flags, other wrong labels counted as right": float((flipped | ~judged)[flagged].mean()),
        "label flips: right label suggested": float(np.mean([suggested[row] == case.truth[row]["true_label"] for row in hits])),
    }


def self_doubt(features: object, label: npt.NDArray[np.int64], seed: int) -> Scores:
    """Give 1 - the out-of-sample probability of the given label: logistic regression, five stratified folds."""
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    with threadpool_limits(1):
        probabilities = cross_val_predict(LogisticRegression(max_iter=1000), features, label, cv=folds, method="predict_proba")
    return np.asarray(1 - probabilities[np.arange(len(label)), label])


def duplicates(case: Case) -> dict[str, float]:
    """Find the planted pairs. Near duplicates that the source itself holds count as wrong, so that precision is a lower bound."""
    row = {name: number for number, name in enumerate(case.evidence.dataset.ids)}
    planted = {_ordered(row[one["id"]], row[one["dup_of"]]) for one in case.truth if one["dup_of"] in row}
    scored: dict[Pair, float] = {}
    flagged: set[Pair] = set()
    for name, lift in (("near_duplicate", 0.0), ("exact_duplicate", 100.0)):
        result = case.check(name)
        columns = (result.pairs.column(column).to_pylist() for column in ("a", "b", "score"))
        for a, b, score in zip(*columns, strict=True):
            scored[a, b] = score + lift
            if score >= result.cut:
                flagged.add((a, b))
    plain = _cosines(TfidfVectorizer(ngram_range=(1, 2)).fit_transform(case.texts).toarray())
    meaning = _cosines(_vectors(case) - _vectors(case).mean(axis=0))
    precision = len(flagged & planted) / max(len(flagged), 1)
    figures = {"duplicates: recall": len(flagged & planted) / len(planted), "duplicates: precision, a lower bound": precision}
    for name, pairs in (("ours", scored), ("cosine of TF-IDF", plain), ("cosine of MiniLM", meaning)):
        for least, words in (
            (precision, "at the precision of our flags"),
            (0.8, "at precision 0.8"),
            (0.9, "at precision 0.9"),
        ):
            figures[f"duplicates: best recall {words}, {name}"] = _best_recall(pairs, planted, least)
    return figures


def outliers(cases: Mapping[str, Case]) -> dict[str, float]:
    """Rank rows of another domain; odd texts count neither way."""
    figures = {}
    for name, case in cases.items():
        planted, judged = case.rows("outlier"), ~case.rows("odd")
        graph = case.evidence.graph
        assert graph is not None
        tenth = graph.to_rows(graph.distances[:, 9], np.float32(9))
        figures[f"outliers: AUROC, {name}"] = float(roc_auc_score(planted[judged], case.check("outlier").raw[judged]))
        figures[f"outliers: AUROC, {name}, distance to the 10th neighbor"] = float(
            roc_auc_score(planted[judged], tenth[judged])
        )
    return figures


def encoders(cases: Mapping[str, Case]) -> dict[str, float]:
    """Give the accuracy of neighbors on the true labels, and what a text costs."""
    figures = {}
    for name, case in cases.items():
        known = [number for number, row in enumerate(case.truth) if row["true_label"]]
        true = [case.truth[number]["true_label"] for number in known]
        for k in (1, 5, 10):
            figures[f"right of {k} neighbors, {name}"] = accuracy(_vectors(case)[known], true, k)
        figures[f"CPU ms per text, reading included, {name}"] = 1000 * case.cpu["embedding"] / len(case.truth)
    return figures


def measure(folder: Path, seeds: list[int]) -> dict[str, list[float]]:
    """Give all figures, one value per seed where anything is random."""
    with tempfile.TemporaryDirectory() as work:
        cases = {name: load(folder, name, Store(Path(work) / name)) for name in ("minilm", "tfidf")}
    case = cases["minilm"]
    found = [labels(case, seed) for seed in seeds]
    figures = {name: [one[name] for one in found] for name in found[0]}
    parts: tuple[Callable[[], dict[str, float]], ...] = (
        lambda: duplicates(case),
        lambda: outliers(cases),
        lambda: encoders(cases),
        lambda: {f"CPU s, check {name}": case.cpu[name] for name in CHECKS},
    )
    for part in parts:
        figures |= {name: [value] for name, value in part().items()}
    return figures


def _vectors(case: Case) -> npt.NDArray[np.float32]:
    assert case.evidence.embeddings is not None
    return case.evidence.embeddings.vectors


def _cosines(vectors: npt.NDArray[np.floating]) -> dict[Pair, float]:
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosine = unit @ unit.T
    a, b = np.nonzero(np.triu(cosine, 1) > 0.3)
    return {(one, other): float(cosine[one, other]) for one, other in zip(a.tolist(), b.tolist(), strict=True)}


def _best_recall(scored: Mapping[Pair, float], planted: set[Pair], precision: float) -> float:
    """Give the highest recall that some threshold reaches at the wanted precision."""
    hits = best = 0
    for count, pair in enumerate(sorted(scored, key=lambda pair: -scored[pair]), start=1):
        hits += pair in planted
        if hits / count >= precision:
            best = hits
    return best / len(planted)


def _ap(score: Scores, wanted: Mask, judged: Mask) -> float:
    return float(average_precision_score(wanted[judged], score[judged]))


def _ordered(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


def main() -> None:
    """Measure from the command line."""
    from benchmarks.detectors import seeds_of

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, help="folder with texts.csv and ground_truth.csv")
    parser.add_argument("--seeds", default="0-4", help="such as 0-4 or 1,5")
    given = parser.parse_args()
    figures = measure(given.texts, seeds_of(given.seeds))
    print("| figure | mean | least | most |\n|---|---|---|---|")
    for name, values in figures.items():
        spread = f"{min(values):.4f} | {max(values):.4f}" if len(values) > 1 else " | "
        print(f"| {name} | {np.mean(values):.4f} | {spread} |")


if __name__ == "__main__":
    main()
