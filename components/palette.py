"""Colors for data that read on a light and on a dark ground."""

from functools import cache

import numpy as np
import numpy.typing as npt

MISSING = "#8d96a3"

# (lightness, chroma, hue) in OKLCH, set by hand: neighbors in the list differ in hue and in lightness, none is pure.
_BASE = (
    (0.61, 0.125, 250), (0.75, 0.140, 62), (0.64, 0.125, 148), (0.62, 0.165, 24), (0.61, 0.130, 300), (0.71, 0.095, 192),
    (0.81, 0.135, 92), (0.73, 0.125, 354), (0.53, 0.080, 48), (0.62, 0.105, 118), (0.77, 0.090, 232), (0.57, 0.150, 338),
    (0.80, 0.130, 130), (0.51, 0.140, 276), (0.75, 0.125, 38), (0.51, 0.085, 165), (0.75, 0.090, 296), (0.50, 0.130, 16),
    (0.82, 0.085, 182), (0.71, 0.065, 74), (0.57, 0.045, 246), (0.49, 0.105, 318), (0.82, 0.075, 16), (0.55, 0.090, 88),
)  # fmt: skip


def _srgb(lch: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return gamma-encoded sRGB, unclipped, of OKLCH rows (n, 3); hue in degrees. Matrices: Ottosson 2020, "Oklab"."""
    lightness, chroma, hue = lch.T
    a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = np.stack(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ],
        axis=1,
    )
    curved = 1.055 * np.clip(linear, 0, None) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, curved)


def _hex(lch: npt.NDArray[np.float64]) -> list[str]:
    levels = np.rint(np.clip(_srgb(lch), 0, 1) * 255).astype(int)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in levels]


def _lab(lch: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    hue = np.radians(lch[:, 2])
    return np.stack([lch[:, 0], lch[:, 1] * np.cos(hue), lch[:, 1] * np.sin(hue)], axis=1)


@cache
def _many(n: int) -> tuple[str, ...]:
    base = np.array(_BASE, dtype=np.float64)
    if n <= len(base):
        return tuple(_hex(base[:n]))
    axes = np.meshgrid(np.arange(0.44, 0.86, 0.02), np.arange(0.03, 0.17, 0.01), np.arange(0, 360, 5), indexing="ij")
    candidates = np.stack([axis.ravel() for axis in axes], axis=1).astype(np.float64)
    rgb = _srgb(candidates)
    candidates = candidates[np.all((rgb >= 0) & (rgb <= 1), axis=1)]
    points, chosen = _lab(candidates), list(base)
    nearest = np.min(np.linalg.norm(points[:, None] - _lab(base)[None], axis=2), axis=1)
    while len(chosen) < n:
        best = int(np.argmax(nearest))
        chosen.append(candidates[best])
        nearest = np.minimum(nearest, np.linalg.norm(points - points[best], axis=1))
    return tuple(_hex(np.array(chosen)))


def categorical(n: int) -> list[str]:
    """Return ``n`` distinct colors as ``#rrggbb``; a longer list begins with the shorter one.

    The first 24 are set by hand; each further one is the color farthest (in Oklab) from all before it. Above 512 the
    list repeats, since nobody tells so many colors apart.
    """
    colors = _many(min(max(n, 0), 512))
    return [colors[i % len(colors)] for i in range(max(n, 0))]


@cache
def _ramp(n: int) -> tuple[str, ...]:
    t = np.linspace(0, 1, n)
    lch = np.stack([0.43 + 0.42 * t, 0.135 - 0.05 * np.sin(np.pi * t) + 0.01 * t, 282 - 186 * t], axis=1)
    return tuple(_hex(lch))


def sequential(n: int = 256) -> list[str]:
    """Return ``n`` >= 2 colors from low (dark violet-blue) to high (light yellow-green) with evenly growing lightness."""
    return list(_ramp(max(n, 2)))
