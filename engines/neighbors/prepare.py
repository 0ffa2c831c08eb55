"""The one guard against bad vectors: drop rows without a direction, collapse duplicates, center, normalize, shrink what is too wide."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, Int32
from engines.axes import oriented
from engines.mapped import let_go
from engines.neighbors.kernels import row_hashes
from engines.protocols import Progress, part

Float64 = npt.NDArray[np.float64]
Metric = Literal["cosine", "euclidean"]

BLOCK = 8192
PREPARED = 2048
"""Rows that are compared or scaled between two reports of progress: 10 MB at 1,280 columns."""
REDUCE_ABOVE_ROWS = 100_000
REDUCE_TO = 512
AXES_FROM = 65_536
"""Nodes, evenly spread, from which the principal axes are found."""
AT_THE_CENTER = 1e-6
"""A centered vector shorter than this share of the longest raw vector (of those that are not ``FAR``) is rounding error and has no direction."""
FAR = 1_000.0
"""A vector so many times as long as the median one does not enter the mean: a single broken row must not give all others one direction."""

LONGEST, LEAST = 1e18, 1e-15
"""Lengths of the longest vector between which the squares of euclidean distances keep their digits in float32."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What the search runs on; the fields mean what they mean in ``NeighborGraph``."""

    nodes: Float32
    unique_of: Int32
    representative: Int32
    center: Float32
    mean_cosine: float
    notes: dict[str, Any] = field(default_factory=dict)


def prepare(vectors: Float32, metric: Metric, progress: Progress) -> Prepared:
    """Make the nodes of the graph from raw vectors (n, d), which are read in blocks.

    Rows with the same bytes (0.0 and -0.0 count as the same) share one node. Rows that are not finite have no node, nor have, under
    cosine, rows that are all zero. Under cosine the mean of the nodes (those ``FAR`` longer than usual left out) is subtracted and each is scaled to
    length 1; one that lies at the mean itself becomes the zero vector, at distance 1 from every other. Above 100,000 nodes and 512 columns the nodes are
    rotated to their 512 principal axes; ``notes["pca_lost"]`` is the share of the sum of squares that this drops.

    Euclidean vectors whose squares would leave the range of float32 are multiplied by a power of two, ``notes["scale"]``; distances are theirs then.
    """
    unique_of, representative = collapse(vectors, zero_is_valid=metric == "euclidean", progress=part(progress, 0.0, 0.5))
    mean, mean_cosine, longest, reach = _moments(vectors, representative, part(progress, 0.5, 0.6))
    scale = _scale(longest) if metric == "euclidean" else 1.0
    shrink = len(representative) > REDUCE_ABOVE_ROWS and vectors.shape[1] > REDUCE_TO
    shift = mean if metric == "cosine" or shrink else np.zeros_like(mean)

    def ready(rows: Int32) -> Float64:
        centered = _read(vectors, rows) - shift
        return _normalized(centered, AT_THE_CENTER * reach) if metric == "cosine" else centered * scale

    notes: dict[str, Any] = {
        "rows_without_direction": int((unique_of < 0).sum()),
        "rows_collapsed": int((unique_of >= 0).sum()) - len(representative),
    }
    if scale != 1.0:
        notes["scale"] = scale
    axes = None
    if shrink:
        step = max(len(representative) // AXES_FROM, 1)
        axes = _principal_axes((ready(rows) for rows in _blocks(representative[::step])), vectors.shape[1])
    nodes = np.empty((len(representative), REDUCE_TO if shrink else vectors.shape[1]), dtype=np.float32)
    whole = kept = 0.0
    size = BLOCK if shrink else PREPARED
    for number, rows in enumerate(_blocks(representative, size)):
        progress(0.6 + 0.4 * number * size / max(len(representative), 1), "preparing vectors")
        block = ready(rows)
        if axes is not None:
            whole += float(np.einsum("ij,ij->", block, block))
            block = block @ axes
            kept += float(np.einsum("ij,ij->", block, block))
            block = _normalized(block, 0.0) if metric == "cosine" else block
        nodes[number * size : number * size + len(rows)] = block
    if shrink:
        notes.update(pca_dimensions=REDUCE_TO, pca_lost=max(1.0 - kept / whole, 0.0) if whole > 0 else 0.0)
    return Prepared(
        nodes=nodes,
        unique_of=unique_of,
        representative=representative,
        center=(mean if metric == "cosine" else np.zeros_like(mean)).astype(np.float32),
        mean_cosine=mean_cosine,
        notes=notes,
    )


def collapse(vectors: Float32, *, zero_is_valid: bool, progress: Progress) -> tuple[Int32, Int32]:
    """Number the distinct rows in order of first appearance: ``unique_of`` (n), -1 = no node, and the first row of each (m).

    Rows are the same where their bytes are: hashes find who may be, the bytes decide.
    """
    n = len(vectors)
    hashes, valid = np.empty(n, dtype=np.uint64), np.empty(n, dtype=bool)
    for start in range(0, n, PREPARED):
        progress(start / n, "comparing rows")
        rows = slice(start, start + PREPARED)
        block = np.ascontiguousarray(vectors[rows], dtype=np.float32)
        good = np.isfinite(block).all(axis=1)
        valid[rows] = good if zero_is_valid else good & block.any(axis=1)
        hashes[rows] = row_hashes(block)
        let_go(vectors)
    first = np.arange(n, dtype=np.int64)  # the first row with the same bytes
    order = np.argsort(hashes, kind="stable")
    order = order[valid[order]]
    same = hashes[order][1:] == hashes[order][:-1]
    for low, high in _runs(same):
        seen: dict[bytes, int] = {}
        for row in order[low:high].tolist():
            # -0.0 becomes 0.0
            first[row] = seen.setdefault((np.asarray(vectors[row], dtype=np.float32) + np.float32(0.0)).tobytes(), row)
    leads = valid & (first == np.arange(n))
    unique_of = np.where(valid, (np.cumsum(leads) - 1)[first] if n else first, -1).astype(np.int32)
    return unique_of, np.flatnonzero(leads).astype(np.int32)


def _runs(same: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Give where runs of equal neighbors begin and end (past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    return [(int(low), int(high) + 1) for low, high in zip(edges[::2], edges[1::2], strict=True)]


def _blocks(representative: Int32, size: int = BLOCK) -> Iterator[Int32]:
    for start in range(0, len(representative), size):
        yield representative[start : start + size]


def _read(vectors: Float32, rows: Int32) -> Float64:
    """Copy rows; the pages of a mapped file that held them are not needed meanwhile, and are a whole table where they stay."""
    block = vectors[rows].astype(np.float64)
    let_go(vectors)
    return block


def _moments(vectors: Float32, representative: Int32, progress: Progress) -> tuple[Float64, float, float, float]:
    """Give the mean, the mean cosine of all pairs before centering, the length of the longest vector, and that of the longest that is not ``FAR``.

    With unit vectors u_i the mean cosine over the m (m - 1) ordered pairs is (|sum u_i|^2 - m) / (m (m - 1)); zero vectors, which
    only the euclidean metric keeps, do not count.
    """
    total = np.zeros(vectors.shape[1])
    directions = np.zeros(vectors.shape[1])
    lengths, directed = np.zeros(len(representative)), 0
    for number, rows in enumerate(_blocks(representative)):
        progress(number * BLOCK / len(representative), "mean")
        block = _read(vectors, rows)
        length = np.sqrt(np.einsum("ij,ij->i", block, block))
        total += block.sum(axis=0)
        directions += (block / np.where(length > 0, length, 1.0)[:, None]).sum(axis=0)
        directed += int((length > 0).sum())
        lengths[number * BLOCK : number * BLOCK + len(rows)] = length
    far = lengths > FAR * np.median(lengths) if lengths.any() else np.zeros(len(lengths), dtype=bool)
    if far.any() and not far.all():
        total = sum((_read(vectors, rows).sum(axis=0) for rows in _blocks(representative[~far])), np.zeros_like(total))
    mean = total / max(int((~far).sum()), 1)
    pairs = directed * (directed - 1)
    cosine = (float(directions @ directions) - directed) / pairs if pairs else 0.0
    return mean, min(max(cosine, -1.0), 1.0), float(lengths.max(initial=0.0)), float(lengths[~far].max(initial=0.0))


def _scale(longest: float) -> float:
    """Give the power of two that brings the longest vector into the range ``LEAST`` to ``LONGEST``: as large as may be, or to about 1."""
    if longest == 0 or LEAST <= longest <= LONGEST:
        return 1.0
    return float(2.0 ** math.floor(math.log2((LONGEST if longest > LONGEST else 1.0) / longest)))


def _normalized(block: Float64, shortest: float) -> Float64:
    """Scale rows to length 1; rows not longer than ``shortest`` become zero."""
    length = np.sqrt(np.einsum("ij,ij->i", block, block))[:, None]
    scaled: Float64 = np.where(length > shortest, block / np.where(length > 0, length, 1.0), 0.0)
    return scaled


def _principal_axes(blocks: Iterator[Float64], width: int) -> Float64:
    """Give the leading eigenvectors (width, 512) of the second moments; their signs are fixed."""
    moments = np.zeros((width, width))
    for block in blocks:
        moments += block.T @ block
    _, vectors = np.linalg.eigh(moments)
    return np.ascontiguousarray(oriented(vectors[:, ::-1][:, :REDUCE_TO]))
