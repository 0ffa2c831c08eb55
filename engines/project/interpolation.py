"""The repulsion of t-SNE between all pairs of places at once: charges on a mesh, one convolution by FFT, and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft
from numba import njit

Float64 = npt.NDArray[np.float64]

STEP = 0.4
"""Largest distance between nodes of the mesh; the kernel is one unit wide."""
FEWEST_CELLS = 64
"""A layout that is smaller than this many steps gets a finer mesh, because its repulsion bends within a step."""
MOST_CELLS = 2400
"""A layout that is larger than this many steps gets a coarser mesh, so that memory stays below 300 MB."""
PARALLEL_FROM = 256
"""Nodes per side from which several threads share a transform."""
ORDER = 6
"""Nodes per side that a place touches: quintic splines."""
BEFORE = ORDER // 2 - 1
DOUBLE_UP_TO = 128
"""Nodes per side up to which the mesh is float64: the potential of a small layout is nearly flat, and float32 would lose its slope."""


class Mesh:
    """Give the potential sum_j 1 / (1 + r_ij^2) of every place and its slope, in O(m + n log n) for a mesh of n nodes.

    The scheme of FIt-SNE (Linderman et al. 2019): the kernel is interpolated on an equispaced mesh, where the sum over all pairs is a
    convolution. FIt-SNE interpolates by parabolas in boxes and convolves four charges; here quintic splines interpolate (as in
    the smooth particle mesh Ewald method, Essmann et al. 1995). Their slope is continuous and the repulsion of t-SNE is the slope of
    the potential, so one transform forth and one back are enough. The transform of the kernel is kept until the mesh changes.
    At a step of 0.4 the force is within 1 % of the exact one; FIt-SNE's is within 4 %, which shows as a worse divergence.
    """

    def __init__(self, step: float = STEP, threads: int = 1) -> None:
        self._step, self._threads = step, threads
        self._made: tuple[float, int, int] | None = None
        self._spectrum: npt.NDArray[Any] = np.empty((0, 0))

    def lay(self, places: Float64) -> tuple[npt.NDArray[Any], Float64, float]:
        """Give the spline coefficients of the potential on the mesh, the place of its first node, and its step.

        ``places`` float64 (m, 2), m >= 1, not all the same.
        """
        low, high = places.min(axis=0), places.max(axis=0)
        span = high - low
        step = self._step * _ladder(float(span.max()) / self._step)
        nodes = [scipy.fft.next_fast_len(math.ceil(side / step) + ORDER + 2, real=True) for side in span.tolist()]
        dtype = np.float64 if max(nodes) <= DOUBLE_UP_TO else np.float32
        if self._made != (step, nodes[0], nodes[1]):
            self._spectrum = _spectrum(step, nodes).astype(dtype)
            self._made = (step, nodes[0], nodes[1])
        first = (low + high) / 2 - step * (np.array(nodes) - 1) / 2
        charges = np.zeros(nodes, dtype=dtype)
        spread(places, first, 1 / step, charges)
        return _convolved(charges, self._spectrum, self._threads), first, step


def _ladder(cells: float) -> float:
    """Give the factor of the step for a layout that is so many steps wide: below 1 for a small one, above 1 for a huge one.

    Quarters of an octave: the mesh, and so the transform of the kernel, stays the same for some rounds.
    """
    if cells < FEWEST_CELLS:
        return float(2.0 ** (math.floor(4 * math.log2(cells / FEWEST_CELLS)) / 4))
    return float(2.0 ** (max(math.ceil(4 * math.log2(cells / MOST_CELLS)), 0) / 4))


def _spectrum(step: float, nodes: list[int]) -> Float64:
    """Give the transform of the kernel, even along both axes and so real, over that of the splines.

    The splines enter twice, by spreading and by gathering, and 120 times too large, as ``_values`` gives them.
    """
    half = [step * np.arange(count + 1) for count in nodes]
    kernel = 1.0 / (1.0 + half[0][:, None] ** 2 + half[1] ** 2)
    turns = [np.pi * np.arange(count + 1) / count for count in nodes]
    splines = [(66 + 52 * np.cos(turn) + 2 * np.cos(2 * turn)) ** 2 for turn in turns]
    spectrum: Float64 = scipy.fft.dctn(kernel, type=1) / (splines[0][:, None] * splines[1])
    return spectrum


def _convolved(charges: npt.NDArray[Any], spectrum: npt.NDArray[Any], threads: int) -> npt.NDArray[Any]:
    """Convolve without wrapping around: either axis is doubled by zeros, and no transform is made of rows of them."""
    rows, columns = charges.shape
    with scipy.fft.set_workers(threads if rows >= PARALLEL_FROM else 1):
        waves = scipy.fft.fft(scipy.fft.rfft(charges, n=2 * columns, axis=1), n=2 * rows, axis=0, overwrite_x=True)
        waves[: rows + 1] *= spectrum
        waves[rows + 1 :] *= spectrum[1:-1][::-1]
        waves = scipy.fft.ifft(waves, axis=0, overwrite_x=True)[:rows]
        return np.ascontiguousarray(scipy.fft.irfft(waves, n=2 * columns, axis=1, overwrite_x=True)[:, :columns])


@njit(inline="always")
def _values(t):  # type: ignore[no-untyped-def]  # numba infers the types
    """Give 120 times the six values of the quintic B-spline around a place at ``t`` (0..1) of its cell."""
    s = 1.0 - t
    return (
        s * s * s * s * s,
        1 + s * (5 + s * (10 + s * (10 + s * (5 - 5 * s)))),
        66 + t * t * (-60 + t * t * (30 - 10 * t)),
        66 + s * s * (-60 + s * s * (30 - 10 * s)),
        1 + t * (5 + t * (10 + t * (10 + t * (5 - 5 * t)))),
        t * t * t * t * t,
    )


@njit(inline="always")
def _slopes(t):  # type: ignore[no-untyped-def]  # numba infers the types
    """Give the derivatives of ``_values``."""
    s = 1.0 - t
    return (
        -5 * s * s * s * s,
        -5 - s * (20 + s * (30 + s * (20 - 25 * s))),
        t * (-120 + t * t * (120 - 50 * t)),
        -s * (-120 + s * s * (120 - 50 * s)),
        5 + t * (20 + t * (30 + t * (20 - 25 * t))),
        5 * t * t * t * t,
    )


@njit(cache=True, nogil=True)
def spread(places, first, scale, charges):  # type: ignore[no-untyped-def]  # numba infers the types
    """Add the charge 1 of every place to the nodes around it."""
    for node in range(places.shape[0]):
        u, v = (places[node, 0] - first[0]) * scale, (places[node, 1] - first[1]) * scale
        i, j = int(u), int(v)
        along, across = _values(u - i), _values(v - j)
        for a in range(ORDER):
            for b in range(ORDER):
                charges[i - BEFORE + a, j - BEFORE + b] += along[a] * across[b]


@njit(cache=True, nogil=True)
def gather(low, high, places, first, scale, mesh, potential, slope):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write the potential (m) and its slope (m, 2) at the places low..high."""
    for node in range(low, high):
        u, v = (places[node, 0] - first[0]) * scale, (places[node, 1] - first[1]) * scale
        i, j = int(u), int(v)
        along, across = _values(u - i), _values(v - j)
        up, right = _slopes(u - i), _slopes(v - j)
        value, dx, dy = 0.0, 0.0, 0.0
        for a in range(ORDER):
            inner, bent = 0.0, 0.0
            for b in range(ORDER):
                c = mesh[i - BEFORE + a, j - BEFORE + b]
                inner += across[b] * c
                bent += right[b] * c
            value += along[a] * inner
            dx += up[a] * inner
            dy += along[a] * bent
        potential[node] = value
        slope[node, 0] = dx * scale
        slope[node, 1] = dy * scale


@njit(cache=True, nogil=True)
def all_pairs(low, high, places, potential, slope):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write the potential and its slope at the places low..high from all pairs: exact, and cheaper than a mesh for some hundreds."""
    for node in range(low, high):
        x, y = places[node, 0], places[node, 1]
        value, dx, dy = 0.0, 0.0, 0.0
        for other in range(places.shape[0]):
            a, b = x - places[other, 0], y - places[other, 1]
            q = 1.0 / (1.0 + a * a + b * b)
            value += q
            dx -= 2 * q * q * a
            dy -= 2 * q * q * b
        potential[node] = value
        slope[node, 0] = dx
        slope[node, 1] = dy
