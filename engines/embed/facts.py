"""Measure one decoded picture: hashes, light, detail, color, and its thumbnail."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.embed.decode import Picture

FACTS_VERSION = 1
FACTS_SIDE = 256
THUMB_SIDE = 192
THUMB_QUALITY = 85
PERCENTILES = (1, 5, 50, 95, 99)

Gray = npt.NDArray[np.float32]


def measure(picture: Picture) -> dict[str, Any]:
    """Give the facts of a picture that its decode tells, by the names of ``PictureFacts``.

    Brightness and entropy are those of the gray values (ITU-R 601) of what is not transparent; shape and detail are those of the picture
    over white.
    """
    gray = picture.rgb.convert("L")
    small = shrink(gray, FACTS_SIDE)
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
        "sharpness": _sharpness(np.asarray(small, dtype=np.float32)),
        "colorfulness": _colorfulness(np.asarray(shrink(picture.rgb, 128), dtype=np.float32)),
        "signature": gray.resize((16, 16), Image.Resampling.BOX).tobytes(),
        "colors": picture.rgb.resize((4, 4), Image.Resampling.BOX).tobytes(),
    }


def thumbnail(picture: Picture) -> bytes:
    """Make the thumbnail: a JPEG of at most 192 pixels on its longer side."""
    stream = io.BytesIO()
    shrink(picture.rgb, THUMB_SIDE, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=THUMB_QUALITY)
    return stream.getvalue()


def shrink(image: Image.Image, side: int, kind: Image.Resampling = Image.Resampling.BOX) -> Image.Image:
    """Bring the longer side down to ``side``; a smaller picture stays as it is."""
    longer = max(image.size)
    if longer <= side:
        return image
    size = (max(1, round(image.width * side / longer)), max(1, round(image.height * side / longer)))
    return image.resize(size, kind)


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
    return _pack(low > np.median(low.reshape(-1)[1:]) + 1e-6)


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
    around = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:]
    return float(np.var(around - 4 * gray[1:-1, 1:-1]))


def _colorfulness(rgb: npt.NDArray[np.float32]) -> float:
    """Give M3 of Hasler and Suesstrunk 2003: 0 = gray, about 50 = colorful, above 100 = extreme."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    first, second = red - green, (red + green) / 2 - blue
    spread = float(np.hypot(first.std(), second.std()))
    return spread + 0.3 * float(np.hypot(first.mean(), second.mean()))
