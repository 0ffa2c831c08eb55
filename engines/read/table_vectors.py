"""Turn columns of lists of numbers into vectors, and keep these on disk while the rows of a table are read."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engines.artifacts import Float32
from engines.errors import EnvironmentFault


@dataclass
class VectorSpool:
    """Vectors of some columns, ``lengths`` by name, written row by row into files of ``scratch`` that vanish with this process."""

    scratch: Path
    lengths: Mapping[str, int]
    rows: int = 0
    _files: dict[str, BinaryIO] = field(default_factory=dict, repr=False)

    def add(self, matrices: Mapping[str, Float32]) -> None:
        """Append rows, equally many to every column.

        Raises:
            EnvironmentFault: when the disk is full or may not be written.
        """
        try:
            for name, matrix in matrices.items():
                if name not in self._files:
                    self.scratch.mkdir(parents=True, exist_ok=True)
                    self._files[name] = tempfile.TemporaryFile(dir=self.scratch)  # noqa: SIM115  # mapped until the process ends
                self._files[name].write(np.ascontiguousarray(matrix, dtype=np.float32).data)
                self.rows += len(matrix) if name == next(iter(self.lengths)) else 0
        except OSError as error:
            raise EnvironmentFault(
                f"cannot write vectors to {self.scratch}: {error.strerror or error}", "make room, or choose another --workspace"
            ) from error

    def vectors(self) -> dict[str, Float32]:
        """Give everything that was added, float32 (rows, length) by name, mapped and read-only."""
        found: dict[str, Float32] = {}
        for name, length in self.lengths.items():
            handle = self._files.get(name)
            if handle is None or not self.rows:
                found[name] = np.empty((0, length), dtype=np.float32)
            else:
                handle.flush()
                found[name] = np.memmap(handle, dtype=np.float32, mode="r", shape=(self.rows, length))
        return found

    def close(self) -> None:
        """Close the files; what was mapped stays."""
        for handle in self._files.values():
            handle.close()


def vectors_of(column: Any, length: int, name: str) -> tuple[Float32, dict[int, str]]:
    """Read a column of lists as float32 (n, length); by number of the row why it is no vector, and zeros there."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = _from_json(column)
        kind = column.type
    matrix = np.zeros((len(column), length), dtype=np.float32)
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return matrix, dict.fromkeys(range(len(column)), f"has no vector in column {name!r}")
    lengths = pc.list_value_length(column).fill_null(-1).to_numpy(zero_copy_only=False)
    good = lengths == length
    matrix[good] = _numbers(column.filter(pa.array(good)).flatten()).reshape(-1, length)
    reasons = {row: _wrong(int(lengths[row]), length, name) for row in np.flatnonzero(~good).tolist()}
    finite = np.isfinite(matrix).all(axis=1)
    reasons |= dict.fromkeys(np.flatnonzero(~finite).tolist(), f"has NaN or infinity in column {name!r}")
    return matrix, reasons


def _wrong(found: int, wanted: int, name: str) -> str:
    if found < 0:
        return f"has no vector in column {name!r}"
    return f"has {found} numbers in column {name!r}, where the others have {wanted}"


def _numbers(values: Any) -> npt.NDArray[np.float32]:
    """Give numbers as float32; a null is NaN, what does not fit is infinity."""
    if pa.types.is_null(values.type):
        return np.full(len(values), np.nan, dtype=np.float32)
    if pa.types.is_integer(values.type) and values.null_count:
        values = values.cast(pa.float64(), safe=False)
    with np.errstate(over="ignore", invalid="ignore"):
        numbers: npt.NDArray[np.float32] = np.asarray(values.to_numpy(zero_copy_only=False)).astype(np.float32)
    return numbers


def _from_json(column: Any) -> Any:
    """Read lists that are written as text; what is no list of numbers is null."""
    return pa.array([_list(text) for text in column.to_pylist()], pa.list_(pa.float64()))


def _list(text: str | None) -> Sequence[float | None] | None:
    try:
        held = json.loads(text) if text else None
        if isinstance(held, list) and all(isinstance(item, (int, float)) or item is None for item in held):
            return [None if item is None else float(item) for item in held]
    except (ValueError, OverflowError, RecursionError):
        return None
    return None


__all__ = ["VectorSpool", "vectors_of"]
