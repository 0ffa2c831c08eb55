"""Read the tensors of a safetensors file: a header in JSON, checked before it is believed, and plain numbers that are mapped."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.errors import SourceError

HEADER_LIMIT = 100_000_000
"""The format's own limit in bytes."""
DTYPES: dict[str, str] = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}


def read_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Give the tensors by name, in the order of the file; they stay on disk until they are used (BF16 becomes float32).

    See https://github.com/huggingface/safetensors#format.

    Raises:
        SourceError: when the header is wrong, or a tensor does not lie in the file.
        OSError: when the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        if size < 8 or length > min(HEADER_LIMIT, size - 8):
            raise _broken(path, "its header does not fit into it")
        try:
            header = json.loads(handle.read(length))
        except (ValueError, RecursionError):
            raise _broken(path, "its header is not JSON") from None
    if not isinstance(header, dict):
        raise _broken(path, "its header is not a JSON object")
    if size == 8 + length:
        data: npt.NDArray[Any] = np.empty(0, dtype=np.uint8)
    else:
        data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
    return {name: _tensor(path, name, told, data) for name, told in header.items() if name != "__metadata__"}


def _tensor(path: Path, name: str, told: Any, data: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Cut one tensor out of the data, when all that the header says about it agrees."""
    try:
        kind, shape, (start, stop) = str(told["dtype"]), told["shape"], told["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise _broken(path, f"its header does not describe the tensor {name!r}") from None
    numbers = [start, stop, *(shape if isinstance(shape, list) else [None])]
    if not all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers):
        raise _broken(path, f"the shape or place of the tensor {name!r} is wrong")
    if kind not in DTYPES:
        raise SourceError(f"{path} holds the tensor {name!r} of the type {kind}, which is not read", "save it as F32 or F16")
    dtype = np.dtype(DTYPES[kind])
    if start > stop or stop > len(data) or math.prod(shape) * dtype.itemsize != stop - start or len(shape) > 32:
        raise _broken(path, f"the tensor {name!r} does not lie in it as its header says; is it complete?")
    values: npt.NDArray[Any] = np.frombuffer(data[start:stop], dtype=dtype).reshape(shape)
    if kind == "BF16":
        # The upper half of a float32.
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values


def _broken(path: Path, words: str) -> SourceError:
    return SourceError(f"{path} is not a readable safetensors file: {words}", "save it again with safetensors.numpy.save_file")


__all__ = ["read_tensors"]
