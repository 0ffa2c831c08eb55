"""Advice on the number of clusters: coding length, silhouette and stability of k-means over a range of k."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.advice import Advice
from engines.artifacts import Float32, NeighborGraph
from engines.cluster.lloyd import assign, centers_of
from engines.keys import digest
from engines.protocols import Progress, no_progress

SAMPLE = 5_000
SILHOUETTE_SAMPLE = 1_500
DIMENSIONS = 64
NUMBERS = 9
MOST = 200
EPSILON = 0.1


def advise(graph: NeighborGraph, *, seed: int = 0, progress: Progress = no_progress) -> Advice:
    """Look at up to nine numbers of clusters, geometric from 2 to a tenth of the nodes (at most 200), on up to 5,000 nodes.

    The nodes are rotated to up to 64 principal axes first, since the coding length needs more rows than columns. The measures answer different
    questions and are expected to disagree: coding length asks what describes the data most briefly, silhouette how well clusters are apart,
    stability whether another start finds the same.
    """
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    rng = np.random.default_rng(seed)
    rows = np.arange(graph.m) if graph.m <= SAMPLE else np.sort(rng.choice(graph.m, SAMPLE, replace=False))
    points = _reduced(np.asarray(graph.nodes[rows], dtype=np.float32))
    most = min(MOST, len(points) // 10)
    numbers = sorted({round(k) for k in np.geomspace(2, most, NUMBERS)}) if most >= 2 else []
    few = rng.choice(len(points), min(SILHOUETTE_SAMPLE, len(points)), replace=False) if numbers else rows[:0]
    found: dict[str, list[float]] = {"coding_length": [], "silhouette": [], "stability": []}
    for step, k in enumerate(numbers):
        progress(step / len(numbers), f"how {k} clusters would do")
        labels, _ = assign(points, centers_of(points, k, seed=seed))
        other, _ = assign(points, centers_of(points, k, seed=seed + 1))
        found["coding_length"].append(coding_length(points, labels))
        apart = 1 < len(np.unique(labels[few])) < len(few)
        found["silhouette"].append(float(silhouette_score(points[few], labels[few])) if apart else 0.0)
        found["stability"].append(float(adjusted_rand_score(labels, other)))
    picks = {}
    if numbers:
        picks["coding_length"] = numbers[int(np.argmin(found["coding_length"]))]
        picks["silhouette"] = numbers[int(np.argmax(found["silhouette"]))]
        picks["stability"] = numbers[int(np.argmax(found["stability"]))]
    progress(1.0, "number of clusters")
    table = pa.table(
        {"k": pa.array(numbers, pa.int32()), **{name: pa.array(values, pa.float64()) for name, values in found.items()}}
    )
    return Advice(key=advice_key(graph, seed), table=table.cast(Advice.SCHEMA), picks=picks, sample=len(points))


def advice_key(graph: NeighborGraph, seed: int) -> str:
    """Give the key of what ``advise`` makes."""
    return digest("advice", "2", graph.key, str(seed))


def coding_length(points: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], epsilon: float = EPSILON) -> float:
    """Give the nats that it takes to code points (m, d) cluster by cluster, up to an error of ``epsilon`` (Ma, Derksen, Hong, Wright 2007).

    The sum over clusters of (m_k + d) / 2 logdet(I + d / (epsilon m_k) Z_k^T Z_k) + m_k (-ln(m_k / m)).
    """
    m, d = points.shape
    total = 0.0
    for cluster in np.unique(labels):
        own = np.asarray(points[labels == cluster], dtype=np.float64)
        count = len(own)
        _, logdet = np.linalg.slogdet(np.eye(d) + d / (epsilon * count) * own.T @ own)
        total += (count + d) / 2 * float(logdet) - count * float(np.log(count / m))
    return total


def _reduced(points: Float32) -> Float32:
    """Center and rotate to the leading principal axes, through the smaller of the two matrices of products."""
    if not len(points):
        return points
    centered: Float32 = points - points.mean(axis=0)
    if centered.shape[1] <= DIMENSIONS:
        return centered
    if centered.shape[1] > len(centered):
        squares, sides = np.linalg.eigh((centered @ centered.T).astype(np.float64))
        return np.asarray((sides * np.sqrt(np.maximum(squares, 0.0)))[:, ::-1][:, :DIMENSIONS], dtype=np.float32)
    _, axes = np.linalg.eigh((centered.T @ centered).astype(np.float64))
    rotated: Float32 = (centered @ axes[:, ::-1][:, :DIMENSIONS]).astype(np.float32)
    return rotated
