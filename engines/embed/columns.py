"""Encode the rows of a table by their numbers, categories, truth values and dates, each column with the same say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.linalg import eigh

from engines.artifacts import Dataset, Float32
from engines.errors import ParameterError
from engines.parameters import Doc, Range, engine
from engines.protocols import Progress, no_progress, part

Float64 = npt.NDArray[np.float64]
BOUND = 3.0
"""Robust standard scores are bent so that none exceeds this."""
LEAST_VARIANCE = 0.05
"""A column that hardly varies is not blown up: its variance is taken to be at least this."""
WIDE = 1024
"""Up to so many encoded columns are kept as they are; of more, so many random mixtures."""
SMALLEST = 1e-12
"""Spread, relative to the largest number, below which differences are rounding."""
WEAK = 1e-6
"""Axes with less than this share of the variance hold rounding only."""


@engine
class Columns:
    """Scale numbers, spell out categories, give each column the variance 1, then rotate to the principal axes.

    Numbers: less the median, by the interquartile range (the standard deviation where that is 0), bent smoothly to stay within 3 (Holzmueller,
    Grinsztajn, Steinwart 2024, arXiv:2407.04491): one huge value must not make all others equal. What is missing or not finite gets the
    median and a mark of its own. Categories: one 0/1 column each for the most frequent ones, one for the rest, which is all there is of a
    column of names or keys; missing is a category. Truth values are numbers 0 and 1, dates and times their seconds, lists their text.

    The 0/1 columns of a category, or a number and its mark, share the variance 1, so that a column of twenty categories does not outvote
    twenty numbers. Constant columns vanish. Above 1,024 encoded columns distances are kept by random mixtures (Johnson and Lindenstrauss
    1984), 1,024 numbers a row however wide the table.

    Vectors float32 (n, at most ``dimensions``). Here it is the distance that counts, not the direction: a row in the middle of all numbers has
    no direction, so that the metric euclidean suits tables better than cosine.
    """

    modality: ClassVar[str] = "table"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ()

    dimensions: Annotated[int, Range(1, 1024), Doc("principal axes that are kept")] = 64
    categories: Annotated[int, Range(1, 1000), Doc("categories of a column that get a place of their own")] = 30
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the mixtures of wide tables")] = 0

    def encode_rows(self, dataset: Dataset, *, progress: Progress = no_progress) -> Float32:
        """Encode the columns that ``dataset.origin["features"]`` names, or else all own columns, to float32 (n, d), d >= 1.

        Raises:
            ParameterError: when there is no column to encode.
        """
        there = set(dataset.rows.column_names)
        names = [name for name in dataset.origin.get("features") or dataset.own_columns if name in there]
        if not names:
            raise ParameterError(
                f"{dataset.source} has no column that could make a vector",
                "name columns of numbers or categories by --features",
            )
        table = self._encoded(dataset.rows, names, part(progress, 0.0, 0.8))
        progress(0.8, "embedding rows: axes")
        vectors = self._rotated(table)
        progress(1.0, "embedded rows")
        return vectors

    def _encoded(self, rows: pa.Table, names: Sequence[str], progress: Progress) -> Float32:
        """Encode column by column; mixtures (n, 1024) take the place of more columns than that."""
        kept: list[Float32] = []
        mixed: Float32 | None = None
        rng = np.random.default_rng(self.seed)
        width = 0
        for number, name in enumerate(names):
            progress(number / len(names), f"embedding rows: {name[:40]}")
            encoded = self._column(rows.column(name))
            kept.append(encoded)
            width += encoded.shape[1]
            if width > WIDE:
                block = np.concatenate(kept, axis=1)
                mixture = rng.standard_normal((block.shape[1], WIDE), dtype=np.float32) / np.float32(np.sqrt(WIDE))
                mixed = block @ mixture if mixed is None else mixed + block @ mixture
                kept, width = [], 0
        if mixed is None:
            return np.concatenate([np.zeros((rows.num_rows, 0), dtype=np.float32), *kept], axis=1)
        if kept:
            block = np.concatenate(kept, axis=1)
            mixed += block @ (rng.standard_normal((block.shape[1], WIDE), dtype=np.float32) / np.float32(np.sqrt(WIDE)))
        return mixed

    def _column(self, column: pa.ChunkedArray) -> Float32:
        """Encode one column to (n, c) with mean 0 and a total variance of at most 1; (n, 0) where it does not vary."""
        kind = column.type
        numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        if numeric or pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
            encoded = _numbers(_as_float(column))
        else:
            encoded = _indicators(column, self.categories)
        encoded -= encoded.mean(axis=0) if len(encoded) else 0
        variance = float(np.mean(np.einsum("ij,ij->i", encoded, encoded))) if len(encoded) else 0.0
        if variance <= WEAK**2:
            return np.zeros((len(encoded), 0), dtype=np.float32)
        return np.asarray(encoded / np.sqrt(max(variance, LEAST_VARIANCE)), dtype=np.float32)

    def _rotated(self, table: Float32) -> Float32:
        """Rotate to the principal axes; their signs are set so that the largest weight is positive."""
        n, width = table.shape
        if not n or not width:
            return np.zeros((n, 1), dtype=np.float32)
        table -= table.mean(axis=0)
        kept = min(self.dimensions, width)
        variance, axes = eigh((table.T @ table).astype(np.float64) / n, subset_by_index=(width - kept, width - 1))
        variance, axes = variance[::-1], axes[:, ::-1]
        axes = axes[:, variance > WEAK * max(float(variance[0]), 1e-30)]
        if not axes.shape[1]:
            return np.zeros((n, 1), dtype=np.float32)
        axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
        return np.ascontiguousarray(table @ axes.astype(np.float32))


def _as_float(column: pa.ChunkedArray) -> Float64:
    """Read numbers, truth values and times as float64, nulls as NaN."""
    kind = column.type
    if pa.types.is_temporal(kind):
        # Dates of 32 bits and times of 32 bits have no direct way to 64.
        column = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    elif pa.types.is_float16(kind):
        column = column.cast(pa.float32())
    values: Float64 = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def _numbers(values: Float64) -> Float64:
    """Scale numbers (n) to (n, 1), or to (n, 2) with the mark of what is missing."""
    missing = ~np.isfinite(values)
    if missing.all():
        return np.zeros((len(values), 1))
    # Relative to the largest one first, so that nothing overflows on the way.
    values = np.where(missing, 0.0, values) / (np.abs(values[~missing]).max() or 1.0)
    known = values[~missing]
    low, middle, high = (float(value) for value in np.quantile(known, [0.25, 0.5, 0.75]))
    spread = max((high - low) / 1.349 or float(np.std(known)), SMALLEST)
    score = np.where(missing, 0.0, (values - middle) / spread)
    bent = score / np.sqrt(1 + (score / BOUND) ** 2)
    return np.stack([bent, missing], axis=1) if missing.any() else bent[:, None]


def _indicators(column: pa.ChunkedArray, most: int) -> Float64:
    """Spell out the most frequent categories of a column as 0/1 columns, the others and those that stand once as one more."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if pa.types.is_nested(column.type):
        column = pa.chunked_array(
            [pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())]
        )
    encoded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    counts = np.bincount(codes, minlength=1)
    ranked = np.argsort(-counts, kind="stable")[:most]
    own = ranked[counts[ranked] > 1]
    place = np.full(len(counts), len(own), dtype=np.int64)
    place[own] = np.arange(len(own))
    spelled = np.zeros((len(codes), len(own) + 1))
    spelled[np.arange(len(codes)), place[codes]] = 1.0
    return spelled


__all__ = ["Columns"]
