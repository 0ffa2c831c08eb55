"""Share a range of rows out to threads that run a compiled kernel."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np


def share(pool: Executor, parts: int, kernel: Callable[..., None], low: int, high: int, *given: Any) -> None:
    """Call ``kernel(start, stop, *given)`` for ``parts`` equal pieces of low..high and wait for all of them."""
    edges = np.linspace(low, high, parts + 1).astype(np.int64).tolist()
    for piece in [pool.submit(kernel, start, stop, *given) for start, stop in itertools.pairwise(edges)]:
        piece.result()
