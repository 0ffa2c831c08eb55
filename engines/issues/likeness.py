"""Compare pictures by their 16 x 16 gray signatures: correlation that forgives brightness, compression and a small crop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, PictureFacts
from engines.protocols import Progress, no_progress, part

SIDE = 16
NOISE = 0.5
"""Variance of compression noise in a signature, in squared gray levels: what is flatter than this cannot be told from another."""
CROPS = (0.0, 0.025, 0.05)
ASPECT_SLACK = 0.02
ASPECT_PENALTY = 8.0
REFERENCE = 2000
BACKGROUND_RANK = 10
CHUNK = 2048
CROP_CHUNK = 512
SMALLEST = 3e-4
NO_COLOR = 0.02
"""Tints up to this size are those of a gray picture on a nearly white ground."""


Rows = npt.NDArray[np.int64]


def _chunks(count: int, size: int, progress: Progress) -> Iterator[slice]:
    """Cut what there is to compare into slices, with progress before each."""
    for start in range(0, count, size):
        progress(start / count, "near duplicates: comparing")
        yield slice(start, start + size)


@dataclass(frozen=True)
class Signatures:
    """Centered signatures ``values`` (n, 16, 16), their variances (n) and the logarithm of width / height (n)."""

    values: Float32
    variance: Float32
    aspect: Float32

    @classmethod
    def of(cls, facts: PictureFacts, rows: Rows) -> Signatures:
        """Take the signatures of some rows."""
        raw = b"".join(facts.facts.column("signature").take(rows).to_pylist())
        values = np.frombuffer(raw, dtype=np.uint8).reshape(-1, SIDE, SIDE).astype(np.float32)
        aspect = np.log(facts.column("width")[rows] / facts.column("height")[rows])
        return cls._centered(values, aspect.astype(np.float32))

    @classmethod
    def _centered(cls, values: Float32, aspect: Float32) -> Signatures:
        values = values - values.mean(axis=(1, 2), keepdims=True)
        return cls(values, np.mean(values * values, axis=(1, 2)), aspect)

    def blurred(self) -> Signatures:
        """Blur by the binomial filter 1-2-1: a crop by parts of a box shifts what a box holds, and a blur forgives that."""
        matrix = 0.5 * np.eye(SIDE) + 0.25 * np.eye(SIDE, k=1) + 0.25 * np.eye(SIDE, k=-1)
        matrix[0, 0] = matrix[-1, -1] = 0.75
        blur = matrix.astype(np.float32)
        return self._centered(np.asarray(blur @ self.values @ blur, dtype=np.float32), self.aspect)

    def distance(self, a: Rows, b: Rows, progress: Progress = no_progress) -> Float32:
        """Give 1 - correlation of pairs (p), without any crop and whatever their shapes."""
        found = [np.zeros(0, np.float32)]
        found += [_apart(self.values[a[chunk]], self.values[b[chunk]]) for chunk in _chunks(len(a), CHUNK, progress)]
        return np.concatenate(found)

    def misshapen(self, a: Rows, b: Rows) -> Float32:
        """Give the factor (p) by which a difference of aspect ratios counts against a pair."""
        return _misshapen(np.abs(self.aspect[a] - self.aspect[b]))

    def aligned(self, a: Rows, b: Rows, progress: Progress = no_progress) -> Float32:
        """Give the least 1 - correlation of pairs (p) when either picture may be a crop of the other by up to 5 % a side.

        A crop must explain the shape too: a difference of more than 2 % between the expected and the real aspect ratio counts against it.
        """
        best = np.minimum(self._cropped(a, b, part(progress, 0.0, 0.5)), self._cropped(b, a, part(progress, 0.5, 1.0)))
        return np.asarray(best, dtype=np.float32)

    def _cropped(self, a: Rows, b: Rows, progress: Progress) -> Float32:
        """Give the least distance of crops of a to the whole of b (p); each row's crops are made once per chunk."""
        best = np.empty(len(a), dtype=np.float32)
        kept = np.log([[wide / high for wide, _ in _windows()] for high, _ in _windows()]).ravel().astype(np.float32)
        order = np.argsort(a, kind="stable")
        for chunk in _chunks(len(a), CROP_CHUNK, progress):
            pairs = order[chunk]
            rows, place = np.unique(a[pairs], return_inverse=True)
            crops, variance = self._crops(rows)
            target = self.values[b[pairs]].reshape(-1, SIDE * SIDE, 1)
            covariance = np.matmul(crops[place], target)[:, :, 0] / np.float32(SIDE * SIDE)
            scale = np.sqrt(variance[place] * self.variance[b[pairs]][:, None]) + np.float32(NOISE)
            off = np.abs((self.aspect[b[pairs]] - self.aspect[a[pairs]])[:, None] - kept)
            distance = np.maximum(1 - covariance / scale, 0) * _misshapen(off)
            best[pairs] = distance.min(axis=1)
        return best

    def _crops(self, rows: Rows) -> tuple[Float32, Float32]:
        """Give all crops of rows (r), centered: (r, crops, 256), and their variances (r, crops)."""
        windows = np.stack([matrix for _, matrix in _windows()])
        high = windows[None, :, :, :] @ self.values[rows][:, None, :, :]
        both = np.matmul(high[:, :, None, :, :], windows.transpose(0, 2, 1)[None, None, :, :, :])
        crops: Float32 = np.asarray(both, dtype=np.float32).reshape(len(rows), len(windows) ** 2, SIDE * SIDE)
        crops -= crops.mean(axis=2, keepdims=True)
        return crops, np.mean(crops * crops, axis=2)

    def typical(self, seed: int) -> float:
        """Give the median distance of two different rows picked at random; 1 where there are none."""
        n = len(self.values)
        if n < 2:
            return 1.0
        rng = np.random.default_rng(seed)
        a = rng.integers(0, n, size=4000)
        b = (a + rng.integers(1, n, size=4000)) % n
        return float(np.median(self.distance(a, b)))

    def background(self, rows: Rows, seed: int, progress: Progress = no_progress) -> Float32:
        """Give for rows (r) the distance to the 10th most alike row of the data set, or of a sample of 2,000 where it is larger."""
        n = len(self.values)
        flat = self.values.reshape(n, -1)
        reference = np.arange(n)
        if n > REFERENCE:
            reference = np.sort(np.random.default_rng(seed).choice(n, REFERENCE, replace=False))
        rank = min(BACKGROUND_RANK, max(len(reference) - 2, 0))
        found = [np.zeros(0, np.float32)]
        for chunk in _chunks(len(rows), CHUNK, progress):
            block = rows[chunk]
            covariance = flat[block] @ flat[reference].T / np.float32(SIDE * SIDE)
            scale = np.sqrt(self.variance[block][:, None] * self.variance[reference]) + np.float32(NOISE)
            distance = 1 - covariance / scale
            distance[block[:, None] == reference] = -1.0  # the row itself comes first and is passed over
            found.append(np.partition(distance, rank, axis=1)[:, rank])
        return np.concatenate(found)


def _misshapen(off: Float32) -> Float32:
    """Give the factor by which a difference ``off`` of logarithmic aspect ratios, above 2 %, counts against a pair."""
    return np.asarray(np.exp(ASPECT_PENALTY * np.clip(off - ASPECT_SLACK, 0, 1)), dtype=np.float32)


def color_distance(facts: PictureFacts, a: Rows, b: Rows, progress: Progress = no_progress) -> Float32:
    """Give the root mean square difference of color in 4 x 4 boxes between rows (p), relative to the picture's brightness.

    Where one of the two has no color at all it may be a gray copy of the other: then the difference of light
    counts, twice, since copying leaves light alone.
    """
    column = facts.facts.column("colors")
    found = [np.zeros(0, np.float32)]
    for chunk in _chunks(len(a), CHUNK, progress):
        one, other = (_boxes(column.take(rows[chunk]).to_pylist()) for rows in (a, b))
        gray = np.minimum(_size(one[..., 1:]), _size(other[..., 1:])) < NO_COLOR
        found.append(np.where(gray, 2 * _size(one[..., :1] - other[..., :1]), _size(one[..., 1:] - other[..., 1:])))
    return np.concatenate(found)


def _boxes(raw: list[bytes]) -> Float32:
    """Turn RGB values into light and three tints (p, 16, 4), relative to the mean level; the 16 keeps dark pictures calm."""
    values = np.frombuffer(b"".join(raw), dtype=np.uint8).reshape(-1, 16, 3).astype(np.float32)
    light = values @ np.array([[0.299], [0.587], [0.114]], dtype=np.float32)
    tints = values - values.mean(axis=2, keepdims=True)
    return np.asarray(np.concatenate([light, tints], axis=2) / (light.mean(axis=(1, 2), keepdims=True) + 16), dtype=np.float32)


def _size(values: Float32) -> Float32:
    return np.asarray(np.sqrt(np.mean(np.sum(values**2, axis=2), axis=1)), dtype=np.float32)


def _apart(one: Float32, other: Float32) -> Float32:
    """Give 1 - correlation of signatures (p, 16, 16), with the noise in the denominator so that flat pictures are far apart."""
    one = one - one.mean(axis=(1, 2), keepdims=True)
    size = np.float32(SIDE * SIDE)
    covariance = np.einsum("pij,pij->p", one, other) / size
    scale = np.sqrt(np.einsum("pij,pij->p", one, one) * np.einsum("pij,pij->p", other, other)) / size
    distance: Float32 = np.maximum(1 - covariance / (scale + np.float32(NOISE)), 0).astype(np.float32)
    return distance


@lru_cache(maxsize=1)
def _windows() -> list[tuple[float, Float32]]:
    """Give, for each crop of both ends of an axis, the share that is kept and the matrix (16, 16) that stretches it to 16 boxes."""
    windows = []
    edges = np.arange(SIDE)
    for left in CROPS:
        for right in CROPS:
            kept = 1 - left - right
            low = (left + kept * edges / SIDE) * SIDE
            high = low + kept
            overlap = np.clip(np.minimum(high[:, None], edges + 1) - np.maximum(low[:, None], edges), 0, None)
            windows.append((kept, (overlap / overlap.sum(axis=1, keepdims=True)).astype(np.float32)))
    return windows
