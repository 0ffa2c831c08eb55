"""Read the tensors of a PyTorch weights file of the old format, without PyTorch and without running what is pickled in it."""

from __future__ import annotations

import math
import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

MAGIC = 0x1950A86A20F9469CFC6C
_KINDS = {"FloatStorage": "<f4", "LongStorage": "<i8"}
_REFUSED = (pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError, AttributeError, OverflowError, MemoryError)
"""What a broken pickle, or a view that does not fit its storage, is answered with."""
_Tensor = tuple[tuple[str, str], int, tuple[int, ...], tuple[int, ...]]


class NotWeights(ValueError):
    """Report a file that is no weights file, or holds something else than plain tensors."""


def read_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Give the tensors of a file by name, as contiguous arrays.

    The format of ``torch.save`` before version 1.6: four small pickles (magic number, protocol, type sizes, tensors as views of named
    storages), the list of the storages, then each storage as its length (int64) and its values. The pickles may name tensors of floats
    and whole numbers only; every other name is refused, so that nothing of the file is ever called.

    Raises:
        NotWeights: for another format, for other types, and for a file that ends early.
        OSError: when it cannot be read.
    """
    with path.open("rb") as stream:
        try:
            magic, _, _ = (_Plain(stream).load() for _ in range(3))
            if magic != MAGIC:
                raise pickle.UnpicklingError("it begins with another number")
            tensors: dict[str, _Tensor] = _Plain(stream).load()
            storages: list[str] = _Plain(stream).load()
            kinds = {name: kind for (name, kind), *_ in tensors.values()}
            held = {name: _storage(stream, np.dtype(kinds[name])) for name in storages}
            return {
                name: _view(held[storage], offset, size, stride)
                for name, ((storage, _), offset, size, stride) in tensors.items()
            }
        except _REFUSED as error:
            raise NotWeights(f"{path} is damaged, or no weights file: {error}") from None


class _Plain(pickle.Unpickler):
    """An unpickler that knows tensors and ordered dictionaries, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], type | Callable[..., Any]] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, size, stride, *_: (storage, offset, size, stride),
        }
        if module == "torch" and name in _KINDS:
            return _KINDS[name]
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return known[module, name]

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        _, kind, name, *_ = pid
        return name, kind


def _storage(stream: IO[bytes], kind: np.dtype[Any]) -> npt.NDArray[Any]:
    size = int.from_bytes(stream.read(8), "little") * kind.itemsize
    if size > os.fstat(stream.fileno()).st_size - stream.tell():
        raise EOFError("it ends early")
    return np.frombuffer(stream.read(size), kind)


def _view(storage: npt.NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> npt.NDArray[Any]:
    """Cut a tensor out of its storage; numpy refuses a view that leaves it."""
    if math.prod(size) > storage.size:
        raise ValueError("a tensor is larger than its storage")
    width = storage.itemsize
    return np.ascontiguousarray(
        np.ndarray(size, storage.dtype, storage, offset * width, tuple(step * width for step in stride))
    )
