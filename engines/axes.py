"""What every use of principal axes needs: fixed signs, and places to start a layout from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


def oriented(axes: Float64) -> Float64:
    """Turn axes (d, c) so that the entry of each that is largest by size is positive."""
    signs = np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    turned: Float64 = axes * signs
    return turned


def scattered(coordinates: Float64, seed: int) -> Float64:
    """Scale each axis of coordinates (m, c) to 0..10 and add a jitter of 1e-3.

    The jitter parts nodes that coincide and fills an axis without variance, on which layout methods divide by zero. Rounding to 1e-4 before it
    hides what the last bits of a matrix product owe to the number of threads.
    """
    low, span = coordinates.min(axis=0), np.ptp(coordinates, axis=0)
    scaled = np.round(10.0 * (coordinates - low) / np.where(span > 1e-9, span, np.inf), 4)
    places: Float64 = scaled + np.random.default_rng(seed).normal(scale=1e-3, size=scaled.shape)
    return places
