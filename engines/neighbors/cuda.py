"""Exact search of the nearest nodes by torch, for machines with a graphics card."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, Int32
from engines.exact_search import SPARE, Space
from engines.protocols import Progress

QUERIES = 4_096
COLUMNS = 262_144


def has_card() -> bool:
    """Tell whether torch sees a CUDA device; torch is imported only where the driver's device file exists."""
    if not Path("/dev/nvidiactl").exists() or importlib.util.find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


def card_neighbors(space: Space, k: int, progress: Progress, device: str = "cuda") -> tuple[Int32, Float32]:
    """Find the k nearest of every node: products in float32 on the device, distances measured on the processor as everywhere.

    Reports after every 4,096 nodes.
    """
    import torch

    m = len(space)
    indices, distances = np.empty((m, k), dtype=np.int32), np.empty((m, k), dtype=np.float32)
    if not k:
        return indices, distances
    wanted = min(k + 1 + SPARE, m)
    whole = torch.from_numpy(np.array(space.nodes, dtype=np.float32)).to(device)
    halves = (whole * whole).sum(dim=1) * 0.5
    for start in range(0, m, QUERIES):
        progress(start / m, f"neighbors of {start:,} of {m:,} rows")
        rows = np.arange(start, min(start + QUERIES, m))
        found = _nearest(whole, halves, rows, wanted)
        indices[rows], distances[rows] = space.nearest(rows, found, k)
    return indices, distances


def _nearest(whole: object, halves: object, rows: npt.NDArray[np.int64], wanted: int) -> npt.NDArray[np.int64]:
    """Give the ``wanted`` nearest by inner product less half the squared length, which orders as the distance does."""
    import torch

    assert isinstance(whole, torch.Tensor)
    assert isinstance(halves, torch.Tensor)
    queries = whole[int(rows[0]) : int(rows[-1]) + 1]
    scores, places = [], []
    for start in range(0, len(whole), COLUMNS):
        products = queries @ whole[start : start + COLUMNS].T - halves[start : start + COLUMNS]
        best = products.topk(min(wanted, products.shape[1]), dim=1)
        scores.append(best.values)
        places.append(best.indices + start)
    joined, numbers = torch.cat(scores, dim=1), torch.cat(places, dim=1)
    order = joined.topk(min(wanted, joined.shape[1]), dim=1).indices
    found: npt.NDArray[np.int64] = numbers.gather(1, order).cpu().numpy()
    return found
