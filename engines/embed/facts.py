"""Measure one decoded picture: hashes, light, detail, color, and its thumbnail."""

from __future__ import annotations

import io
import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.embed.decode import Picture

FACTS_VERSION = 2
FACTS_SIDE = 256
COLOR_SIDE = 128
THUMB_SIDE = 192
THUMB_QUALITY = 85
PERCENTILES = (1, 5, 50, 95, 99)

Gray = npt.NDArray[np.uint8]


def measure(picture: Picture) -> dict[str, Any]:
    """Give the facts of a picture that its decode tells, by the names of ``PictureFacts``.

    Brightness and entropy are those of the gray values (ITU-R 601) of what is not transparent; shape and detail are those of the picture
    over white.
    """
    gray = picture.rgb.convert("L")
    small = shrink(gray, FACTS_SIDE)
    coarse, whole = _coarse(picture.rgb)
    histogram = _histogram(gray, picture.opaque)
    return {
        "pixel_hash": picture.pixel_hash,
        "dhash": dhash(small),
        "phash": phash(small),
        "width": picture.width,
        "height": picture.height,
        "mode": picture.mode,
        "format": picture.format,
        **{f"brightness_p{p}": value for p, value in zip(PERCENTILES, _percentiles(histogram), strict=True)},
        "entropy": _entropy(histogram),
        "sharpness": _sharpness(np.asarray(small)),
        "colorfulness": _colorfulness(np.asarray(coarse)),
        "signature": gray.resize((16, 16), Image.Resampling.BOX).tobytes(),
        "colors": coarse.resize((4, 4), Image.Resampling.BOX, box=whole).tobytes(),
    }


def thumbnail(picture: Picture) -> bytes:
    """Make the thumbnail: a JPEG of at most 192 pixels on its longer side."""
    stream = io.BytesIO()
    # The Hamming filter is nearly as sharp as a bicubic one and half as wide, so half as slow.
    shrink(picture.rgb, THUMB_SIDE, Image.Resampling.HAMMING, gap=2.0).save(stream, "JPEG", quality=THUMB_QUALITY)
    return stream.getvalue()


def shrink(
    image: Image.Image, side: int, kind: Image.Resampling = Image.Resampling.BOX, gap: float | None = None
) -> Image.Image:
    """Bring the longer side down to ``side``; a smaller picture stays as it is.

    With a ``gap``, a much larger picture is first averaged down to at least so many times the side.
    """
    longer = max(image.size)
    if longer <= side:
        return image
    size = (max(1, round(image.width * side / longer)), max(1, round(image.height * side / longer)))
    return image.resize(size, kind, reducing_gap=gap)


def _coarse(rgb: Image.Image) -> tuple[Image.Image, tuple[float, float, float, float]]:
    """Average whole rectangles of pixels, which is several times quicker than to resize; colors need no exact size.

    Gives at most 128 pixels, but not fewer than 16 of those that there are, on each side; and the box in it that the picture fills,
    since the last rectangle of a row or column may be a part of one.
    """
    factor = -(-max(rgb.size) // COLOR_SIDE)
    across, down = (max(1, min(factor, side // 16)) for side in rgb.size)
    return rgb.reduce((across, down)), (0, 0, rgb.width / across, rgb.height / down)


def dhash(gray: Image.Image) -> int:
    """Compare each of 9 x 8 gray values with its right neighbor: 64 bits, brighter to the right = 1 (Krawetz 2013)."""
    values = np.asarray(gray.resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    return _pack(values[:, 1:] > values[:, :-1])


def phash(gray: Image.Image) -> int:
    """Compare the 8 x 8 lowest frequencies of 32 x 32 gray values with their median: 64 bits (Zauner 2010, DCT hash).

    The median is taken without the constant term, and a frequency counts only where it exceeds it by more than rounding noise.
    """
    values = np.asarray(gray.resize((32, 32), Image.Resampling.BOX), dtype=np.float64)
    basis = _cosines()
    low = basis @ values @ basis.T
    median = np.sort(low.reshape(-1)[1:])[31]
    return _pack(low > median + 1e-6)


@lru_cache(maxsize=1)
def _cosines() -> npt.NDArray[np.float64]:
    """Give the first 8 rows of the orthonormal DCT-II of length 32."""
    frequency, place = np.arange(8)[:, None], np.arange(32)[None, :]
    basis = np.cos(np.pi * frequency * (2 * place + 1) / 64) * np.sqrt(2 / 32)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, dtype=np.float64)


def _pack(bits: npt.NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits.reshape(-1)).tobytes(), "big")


def _histogram(gray: Image.Image, opaque: Image.Image | None) -> npt.NDArray[np.float64]:
    counts = np.array(gray.histogram(opaque.point(_half)) if opaque is not None else gray.histogram(), dtype=np.float64)
    if not counts.sum():
        counts = np.array(gray.histogram(), dtype=np.float64)
    shares: npt.NDArray[np.float64] = counts / counts.sum()
    return shares


_half = [0] * 128 + [255] * 128
"""A pixel counts as seen from half opaque on."""


def _percentiles(histogram: npt.NDArray[np.float64]) -> list[float]:
    """Give the gray values, 0..1, below which the given shares of the pixels lie."""
    cumulative = np.cumsum(histogram)
    return [float(np.searchsorted(cumulative, p / 100 - 1e-12)) / 255 for p in PERCENTILES]


def _entropy(histogram: npt.NDArray[np.float64]) -> float:
    used = histogram[histogram > 0]
    return max(0.0, float(-(used * np.log2(used)).sum()))


def _sharpness(gray: Gray) -> float:
    """Give the variance of the Laplacian (Pech-Pacheco et al. 2000); 0 for pictures too small to have one."""
    if min(gray.shape) < 3:
        return 0.0
    # Whole numbers below 2 ** 11, so that 16 bits hold them; their sums and those of their squares are exact in float64.
    values = gray.astype(np.int16)
    curve = values[:-2, 1:-1] + values[2:, 1:-1]
    curve += values[1:-1, :-2]
    curve += values[1:-1, 2:]
    curve -= values[1:-1, 1:-1] << 2
    return _moments(curve)[1]


def _moments(whole: npt.NDArray[np.int16]) -> tuple[float, float]:
    """Give mean and variance of small whole numbers."""
    exact = whole.reshape(-1).astype(np.float64)
    mean = float(exact.sum()) / exact.size
    # Not np.dot, which wakes threads for long vectors.
    return mean, max(0.0, float(np.einsum("i,i->", exact, exact)) / exact.size - mean * mean)


def _colorfulness(rgb: npt.NDArray[np.uint8]) -> float:
    """Give M3 of Hasler and Suesstrunk 2003: 0 = gray, about 50 = colorful, above 100 = extreme."""
    red, green, blue = (rgb[..., channel].astype(np.int16) for channel in range(3))
    first, first_variance = _moments(red - green)
    # Twice the difference of yellow and blue, to stay with whole numbers.
    second, second_variance = _moments(red + green - 2 * blue)
    return math.sqrt(first_variance + second_variance / 4) + 0.3 * math.hypot(first, second / 2)
