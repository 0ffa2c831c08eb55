"""Arrays that are mapped files: what was read of them need not stay in the memory of the process."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
import numpy.typing as npt


def let_go(array: npt.NDArray[Any]) -> None:
    """Give back the pages of a file mapped for reading, of which ``array`` may be a view; any other array is left alone.

    The system keeps them in its cache as long as it has room, and maps them again when they are read (madvise(2), MADV_DONTNEED).
    """
    base: Any = array
    readable = False
    while isinstance(base, np.ndarray):
        readable |= isinstance(base, np.memmap) and base.mode == "r"  # of a private copy the changes would be lost
        base = base.base
    if readable and isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
