"""The two principal axes of the nodes: a map by itself, and the start of the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32
from engines.axes import leading, oriented, scattered
from engines.project.randomized_pca import blocks, randomized_components
from engines.protocols import Progress, no_progress, part

Float64 = npt.NDArray[np.float64]
DENSE_UP_TO = 4096
WORK, ENTRIES, FEWEST = 60_000_000, 1 << 22, 64
"""Multiplications and entries of a block of vectors, and the fewest vectors: its products then take a fraction of a second."""
START_STD = 1e-4
DOUBLE_UP_TO = 1 << 24
"""Entries of a matrix up to which products are float64, so that their last bits do not reach a layout (see ``starting_places``)."""


def principal_coordinates(nodes: Float32, *, progress: Progress = no_progress) -> tuple[Float64, list[float]]:
    """Give the coordinates (m, 2) on the two axes of largest variance and the share of the variance that each explains.

    ``nodes`` may be memory-mapped: they are read twice in blocks of at most 16 MB, in memory O(m + d^2). Exact (eigenvectors of the covariance,
    in one pass, or of the inner products where there are fewer nodes than columns); only where both exceed 4,096 a seeded
    randomized SVD stands in, in memory O(m + d). Above 16 million entries blocks are multiplied in float32 and added in float64. The sign
    of an axis is such that its largest entry by size is positive.
    """
    m, d = nodes.shape
    if m < 2 or d < 1:
        return np.zeros((m, 2)), [0.0, 0.0]
    axes, mean, total = _axes(nodes, part(progress, 0.0, 0.8))
    dtype = _dtype(nodes)
    shift, single = mean.astype(dtype), axes.astype(dtype)
    coordinates = np.zeros((m, 2))
    cuts = blocks(nodes)
    for number, rows in enumerate(cuts):
        progress(0.8 + 0.2 * number / len(cuts), "coordinates")
        coordinates[rows, : axes.shape[1]] = np.subtract(nodes[rows], shift) @ single
    shares = (coordinates**2).sum(axis=0) / total if total > 0 else np.zeros(2)
    return coordinates, [float(share) for share in shares]


def small(places: Float64) -> Float64:
    """Shrink places (m, 2) around their middle until the first axis has a standard deviation of 1e-4: where t-SNE begins."""
    shrunk: Float64 = START_STD * (places - places.mean(axis=0)) / places[:, 0].std()
    return shrunk


def _dtype(nodes: Float32) -> npt.DTypeLike:
    return np.float64 if nodes.size <= DOUBLE_UP_TO else np.float32


def _by_work(count: int, width: int) -> list[slice]:
    """Cut ``count`` vectors of ``width`` entries into slices whose second moments cost about the same."""
    size = max(min(WORK // max(width * width, 1), ENTRIES // max(width, 1)), FEWEST)
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _axes(nodes: Float32, progress: Progress) -> tuple[Float64, Float64, float]:
    """Give the leading one or two right singular vectors (d, 1 or 2) of the centered nodes, their mean (d) and their sum of squares."""
    m, d = nodes.shape
    count = min(2, d, m)
    if d <= max(m, 2) and d <= DENSE_UP_TO:
        moments, mean = _moments(nodes, part(progress, 0.0, 0.7))
        axes = leading(moments, count, progress=part(progress, 0.7, 1.0))
        return oriented(axes), mean, float(np.trace(moments))
    if m <= DENSE_UP_TO:
        mean = nodes.mean(axis=0, dtype=np.float64)
        axes, total = _from_products(nodes, mean, count, progress)
        return oriented(axes), mean, total
    found = randomized_components(nodes, count, progress=progress)
    return found.axes, found.mean, found.variance * m


def _moments(nodes: Float32, progress: Progress) -> tuple[Float64, Float64]:
    """Give the sum of (x - mean)(x - mean)^T (d, d) and the mean, in one pass: taken around the first block's mean, then moved."""
    m, d = nodes.shape
    dtype = _dtype(nodes)
    moments, total = np.zeros((d, d)), np.zeros(d)
    cuts = _by_work(m, d)
    around = nodes[cuts[0]].mean(axis=0, dtype=np.float64).astype(dtype)
    for number, rows in enumerate(cuts):
        progress(number / len(cuts), "principal axes")
        block = nodes[rows] - around
        moments += block.T @ block
        total += np.ones(len(block), dtype=dtype) @ block
    moments -= np.outer(total, total) / m
    return moments, around + total / m


def _from_products(nodes: Float32, mean: Float64, count: int, progress: Progress) -> tuple[Float64, float]:
    """Give the axes and the sum of squares from the inner products (m, m) of few nodes of many columns, read in blocks of columns."""
    m, d = nodes.shape
    products = np.zeros((m, m))
    cuts = _by_work(d, m)
    for number, columns in enumerate(cuts):
        progress(0.7 * number / len(cuts), "inner products")
        block = nodes[:, columns] - mean[columns]
        products += block @ block.T
    weights = leading(products, count, progress=part(progress, 0.7, 1.0))
    axes = np.concatenate([(nodes[:, columns] - mean[columns]).T @ weights for columns in cuts])
    length = np.linalg.norm(axes, axis=0)
    found: Float64 = axes / np.where(length > 0, length, 1.0)
    return found, float(np.trace(products))


def starting_places(nodes: Float32, seed: int, *, progress: Progress = no_progress) -> Float64:
    """Give places (m, 2) in [0, 10] to start a layout from: the principal coordinates, ``scattered``.

    They do not depend on the number of threads where products are float64; above 16 million entries some may differ by 1e-4.
    """
    coordinates, _ = principal_coordinates(nodes, progress=progress)
    return scattered(coordinates, seed)
