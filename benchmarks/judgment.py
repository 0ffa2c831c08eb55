"""Measure how good the offline encoder's judgment is: neighbors, names, outliers and cost.

::

    python -m benchmarks.judgment [FOLDER ...] [--wordnet /usr/share/wordnet]

Each FOLDER is a labeled folder of pictures; both bundled samples are measured besides. Outliers are those that the sample's record
names; into another folder they are planted by ``benchmarks.plant``. The CPU time of ways to run the network is in ``benchmarks.ingest``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

import explorer
import sample_data
from benchmarks.plant import plant
from engines.wordnet_classes import wordnet

LEVELS = 3
Vectors = npt.NDArray[np.float32]


def normalized(vectors: Vectors) -> Vectors:
    """Center and scale to length one, as the graph stage does."""
    centered = vectors - vectors.mean(axis=0)
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    return np.asarray(centered / np.maximum(lengths, 1e-12), dtype=np.float32)


def neighbors(vectors: Vectors, k: int) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Give the k nearest other rows and their cosine distances, exactly."""
    ready = normalized(vectors)
    cosines = ready @ ready.T
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return nearest, 1 - np.take_along_axis(cosines, nearest, axis=1)


def accuracy(vectors: Vectors, labels: list[str], k: int) -> float:
    """Give the leave-one-out accuracy of a k-nearest-neighbor vote; the nearer label wins a tie."""
    nearest, _ = neighbors(vectors, k)
    right = 0
    for row, near in enumerate(nearest):
        votes = Counter(labels[other] for other in near)
        best = max(votes.values())
        right += next(labels[other] for other in near if votes[labels[other]] == best) == labels[row]
    return right / len(labels)


def outlier_auroc(vectors: Vectors, ids: list[str], outliers: Collection[str], k: int = 10) -> float:
    """Give the AUROC of the distance to the k-th neighbor for the planted outliers."""
    _, distances = neighbors(vectors, k)
    return float(roc_auc_score([name in outliers for name in ids], distances[:, -1]))


def accepted(label: str, folder: Path | None) -> set[str]:
    """List the words that name a label well: its lemmas and those of its hypernyms up to three levels up, in any noun sense."""
    word = label.replace("_", " ").lower()
    found = {word}
    if folder is not None and (folder / "data.noun").exists():
        nouns, lemmas = _nouns(folder / "data.noun")
        level = {key for key, words in lemmas.items() if word in words}
        for _ in range(LEVELS + 1):
            found |= {lemma for key in level for lemma in lemmas[key]}
            level = {parent for key in level for parent in nouns[key].parents}
        return found
    net = wordnet()
    here = {node for node, words in enumerate(net.lemmas) if word in {lemma.lower() for lemma in words}}
    for _ in range(LEVELS + 1):
        found |= {lemma.lower() for node in here for lemma in net.lemmas[node]}
        here = {parent for node in here for parent in net.parents[node]}
    return found


@cache
def _nouns(file: Path) -> tuple[dict[str, Any], dict[str, set[str]]]:
    from scripts.build_wordnet_table import read_nouns

    nouns = read_nouns(file)
    return nouns, {key: {lemma.replace("_", " ").lower() for lemma in noun.lemmas} for key, noun in nouns.items()}


def words_of(name: str) -> set[str]:
    """Split a cluster's name into what it claims: "mixed: a, b" and "a (b)" claim a and b."""
    plain = name.lower().removeprefix("mixed: ").replace("(", ",").replace(")", "").partition(" #")[0]
    return {part.strip() for part in plain.split(",") if part.strip()}


def named_well(samples: Any, clusters: Any, wordnet_folder: Path | None) -> float:
    """Give the share of rows whose cluster's first or second name is their class or a hypernym; with captions: stands in the caption."""
    names = {row.cluster: words_of(row.name_) | words_of(row.second_name) for row in _rows(clusters)}
    cache: dict[str, set[str]] = {}
    good = 0
    for row in samples.itertuples():
        claimed = names.get(row.cluster, set())
        caption = getattr(row, "caption", None)
        if "caption" in samples.columns:
            good += isinstance(caption, str) and any(word in caption for word in claimed)
        else:
            words = cache.setdefault(str(row.label), accepted(str(row.label), wordnet_folder))
            good += bool(claimed & words)
    return good / len(samples)


def _rows(clusters: Any) -> Any:
    return clusters.rename(columns={"name": "name_"}).itertuples()


def measure(source: Path, outliers: set[str] | None, true: dict[str, str], options: argparse.Namespace) -> None:
    """Print one table row per encoder for one source."""
    encoders: tuple[str | None, ...] = (None,) if source.is_file() else ("efficientnet-lite0", "pixels")
    for encoder in encoders:
        with tempfile.TemporaryDirectory() as workspace:
            opened = explorer.open(source, workspace=workspace, encoder=encoder, projectors="pca", checks="outlier")
            _print_row(opened, encoder, outliers, true, options)


def _print_row(
    opened: Any, encoder: str | None, outliers: set[str] | None, true: dict[str, str], options: argparse.Namespace
) -> None:
    started = time.process_time()
    opened.analyze()
    spent = time.process_time() - started
    samples, embeddings = opened.samples, np.asarray(opened.values.embeddings.vectors)
    ids = samples["id"].tolist()
    labels = [true.get(name, label) for name, label in zip(ids, samples["label"], strict=True)]
    regular = np.array([name not in (outliers or ()) for name in ids])
    kept = [label for label, keep in zip(labels, regular, strict=True) if keep]
    shares = [accuracy(embeddings[regular], kept, k) for k in (5, 10)]
    good = named_well(samples[regular], opened.clusters, options.wordnet)
    auroc = f"{outlier_auroc(embeddings, ids, outliers):.3f}" if outliers else "-"
    print(
        f"| {Path(opened.dataset.source).name} | {encoder or 'given'} | {len(ids)} | {shares[0]:.3f} | {shares[1]:.3f} | {good:.3f} | {auroc} | "
        f"{1000 * spent / len(ids):.1f} |",
        flush=True,
    )


def planted(folder: Path) -> tuple[tempfile.TemporaryDirectory[str], Path, set[str], dict[str, str]]:
    """Plant outliers into a copy of a folder; give the copy, the outliers' ids and the true labels."""
    keeper = tempfile.TemporaryDirectory()
    target = Path(keeper.name) / f"{folder.name}-planted"
    truth = plant(folder, target, seed=0)
    return keeper, target, set(truth.outliers), dict(truth.flips)


def main() -> None:
    """Measure the given folders and both samples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", help="labeled folders of pictures")
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="folder of WordNet's data.noun")
    options = parser.parse_args()
    print(
        "| source | encoder | rows | kNN 5 | kNN 10 | named well | outlier AUROC | CPU ms per row, all |\n|---|---|---|---|---|---|---|---|"
    )
    for folder in options.folders:
        measure(folder, None, {}, options)
        keeper, target, outliers, flips = planted(folder)
        with keeper:
            measure(target, outliers, flips, options)
    for name in sample_data.names():
        truth = sample_data.ground_truth(name)
        outliers = {defect.id for defect in truth if defect.kind == "outlier"}
        true = {defect.id: defect.detail for defect in truth if defect.kind == "wrong_label"}
        measure(sample_data.path(name), outliers, true, options)


if __name__ == "__main__":
    main()
