"""Compare the embeddings of one data set: which encoder keeps its labels together, and how much of its space it uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from engines.artifacts import Dataset, Embeddings, Float32
from engines.keys import digest
from engines.nearest import all_nearest
from engines.protocols import Progress, available_threads, no_progress, part, titled
from engines.spaces import Comparison
from engines.store import Store

VERSION = 3
SAMPLE = 5_000
"""Above this many rows a sample of them stands for all: the figures are for choosing an encoder, not for a paper."""
COLUMNS = 64
"""Principal components whose entropy is worked out between two reports of progress."""
K = 10
OVERLAP_K = 15
Floats = npt.NDArray[np.float64]


def compare(spaces: Mapping[str, Embeddings], dataset: Dataset, store: Store, progress: Progress) -> tuple[Comparison, bool]:
    """Measure every embedding on the same rows (at most 5,000); tell too whether the result came from the store.

    Per embedding: ``knn_accuracy``, leave-one-out share of labeled rows whose label most of the 10 nearest labeled rows carry (null with
    fewer than two classes); ``mean_cosine`` of all pairs, before centering; of the centered, normalized vectors the ``effective_rank``
    (exp of the entropy of the eigenvalues' shares: Roy and Vetterli 2007), ``eigenvalue_early_enrichment`` and ``vasicek_ratio`` (see
    ``early_enrichment`` and ``vasicek_ratio``); ``neighbor_overlap``: mean share of a row's 15 nearest that the first embedding has too.
    """
    key = digest("compare", str(VERSION), dataset.columns_key, *(f"{name}={value.key}" for name, value in spaces.items()))
    known = store.get(Comparison, key)
    if known is not None:
        progress(1.0, "encoders compared")
        return known, True
    n = len(dataset)
    sample = np.arange(n) if n <= SAMPLE else np.sort(np.random.default_rng(0).choice(n, SAMPLE, replace=False))
    labels = dataset.labels
    chosen = [labels[row] for row in sample.tolist()]
    rows, first = [], None
    for number, (name, value) in enumerate(spaces.items()):
        step = part(progress, number / len(spaces), (number + 1) / len(spaces))
        said = f"comparing encoders: {name}"
        step(0.0, said)
        vectors = _scaled(np.asarray(value.vectors[sample], dtype=np.float32))
        centered = _unit(vectors - vectors.mean(axis=0))
        near = _neighbors(centered, OVERLAP_K, titled(part(step, 0.0, 0.3), said))
        first = near if first is None else first
        accuracy = knn_accuracy(centered, chosen, progress=titled(part(step, 0.3, 0.6), said))
        step(0.6, said)
        spectrum = _eigenvalues(centered, titled(part(step, 0.6, 0.7), said))
        ratio = vasicek_ratio(centered, titled(part(step, 0.7, 0.9), said))
        step(0.9, said)
        rows.append(
            {
                "encoder": name,
                "dimensions": vectors.shape[1],
                "knn_accuracy": accuracy,
                "mean_cosine": mean_cosine(vectors),
                "effective_rank": effective_rank(spectrum),
                "eigenvalue_early_enrichment": early_enrichment(spectrum),
                "vasicek_ratio": ratio,
                "neighbor_overlap": _overlap(near, first),
            }
        )
    progress(1.0, "encoders compared")
    return store.put(Comparison(key=key, table=pa.Table.from_pylist(rows, schema=Comparison.SCHEMA))), False


def knn_accuracy(vectors: Float32, labels: Sequence[str | None], k: int = K, progress: Progress = no_progress) -> float | None:
    """Give the leave-one-out accuracy of the vote of the k nearest labeled rows (ties: the nearer one's label); None if one class."""
    known = np.array([row for row, label in enumerate(labels) if label is not None], dtype=np.int64)
    names, codes = np.unique(np.array([labels[row] for row in known.tolist()], dtype=str), return_inverse=True)
    if len(names) < 2:
        return None
    near = _neighbors(vectors[known], k, progress)
    votes = np.where(near >= 0, codes[near], -1)
    right = 0
    for own, vote in zip(codes.tolist(), votes, strict=True):
        cast = vote[vote >= 0]
        counts = np.bincount(cast, minlength=len(names))
        best = counts.max(initial=0)
        right += bool(len(cast)) and next(code for code in cast.tolist() if counts[code] == best) == own
    return float(right / len(known))


def mean_cosine(vectors: Float32) -> float | None:
    """Give the mean cosine of all pairs of different rows: (|sum of unit vectors|^2 - n) / (n (n - 1)); None for one row."""
    unit = _unit(vectors).astype(np.float64)
    unit = unit[np.linalg.norm(unit, axis=1) > 0]
    n = len(unit)
    return None if n < 2 else float((np.square(unit.sum(axis=0)).sum() - n) / (n * (n - 1)))


def effective_rank(eigenvalues: Floats) -> float | None:
    """Give exp of the entropy of the eigenvalues' shares (Roy and Vetterli 2007): 1 = a line, d = all directions alike."""
    total = eigenvalues.sum()
    if total <= 0:
        return None
    share = eigenvalues[eigenvalues > 0] / total
    return float(np.exp(-(share * np.log(share)).sum()))


def early_enrichment(eigenvalues: Floats) -> float | None:
    """Give the eigenvalue early enrichment: 0 = an even spectrum, towards 1 = variance in few directions.

    With S_j the sum of the j largest of D eigenvalues: trapezoid over j = 1..D of (S_j - S_D j / D), divided by S_D D / 2.
    """
    ordered = np.sort(eigenvalues)[::-1]
    d, total = len(ordered), ordered.sum()
    if total <= 0:
        return None
    gain = np.cumsum(ordered) - total * np.arange(1, d + 1) / d
    return float(np.trapezoid(gain) / (total * d / 2))


def vasicek_ratio(vectors: Float32, progress: Progress = no_progress) -> float | None:
    """Give the Vasicek ratio: 0 = the principal components are those of an isotropic Gaussian.

    Scores scaled to a total variance of d; per component r = exp(entropy by Vasicek's spacings) / sqrt(2 pi e); mean of (1 - r)^2.
    None with fewer rows than dimensions, where components without variance say nothing.
    """
    from scipy.stats import differential_entropy

    n, d = vectors.shape
    if n <= d or n < 11:
        return None
    centered = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    moments = centered.T @ centered
    progress(0.0, "principal components")
    with threadpool_limits(1):
        _, directions = np.linalg.eigh(moments)
    scores = centered @ directions
    total = scores.var(axis=0).sum()
    if total <= 0:
        return None
    scores *= np.sqrt(d / total)
    entropy = np.empty(d)
    with np.errstate(divide="ignore"):
        for start in range(0, d, COLUMNS):
            progress(start / d, "spread of the principal components")
            some = slice(start, start + COLUMNS)
            entropy[some] = differential_entropy(scores[:, some], axis=0, method="vasicek")
    ratio = np.exp(entropy) / np.sqrt(2 * np.pi * np.e)
    return float(np.square(1 - ratio).mean())


def _scaled(vectors: Float32) -> Float32:
    """Divide by the largest entry by size: nothing that is measured depends on it, and squares stay in the range of float32."""
    largest = float(np.abs(vectors).max(initial=0.0))
    scaled: Float32 = (vectors / np.float64(largest)).astype(np.float32) if largest > 0 else vectors
    return scaled


def _unit(vectors: Float32) -> Float32:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Float32 = np.where(norms > 1e-12, vectors / np.maximum(norms, 1e-12), 0).astype(np.float32)
    return unit


def _eigenvalues(vectors: Float32, progress: Progress) -> Floats:
    """Give the eigenvalues of the covariance, through the smaller of the two Gram matrices, filled up with zeros to d."""
    n, d = vectors.shape
    centered = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    gram = centered.T @ centered if d <= n else centered @ centered.T
    progress(0.5, "eigenvalues")
    with threadpool_limits(1):  # threads that wait for each other spin, which on a busy machine costs many times the work
        found = np.maximum(np.linalg.eigvalsh(gram), 0.0) / max(n, 1)
    spectrum: Floats = np.concatenate([found[::-1], np.zeros(max(d - len(found), 0))])
    return spectrum


def _neighbors(unit: Float32, k: int, progress: Progress) -> npt.NDArray[np.int64]:
    """Give the k nearest other rows by cosine, nearest first; -1 where there are fewer."""
    return all_nearest(unit, k, threads=available_threads(), progress=progress).ids.astype(np.int64)


def _overlap(near: npt.NDArray[np.int64], first: npt.NDArray[np.int64]) -> float | None:
    shared = [
        len(np.intersect1d(one[one >= 0], other[other >= 0])) / max(int((other >= 0).sum()), 1)
        for one, other in zip(near, first, strict=True)
    ]
    return float(np.mean(shared)) if len(near) > 1 else None


__all__ = ["compare", "early_enrichment", "effective_rank", "knn_accuracy", "mean_cosine", "vasicek_ratio"]
