"""Join vectors from a file of their own to the rows of a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset, Float32
from engines.errors import SourceError
from engines.protocols import Progress, Reader, Reading, SourceOptions
from engines.read.hugging_face import HuggingFaceReader
from engines.read.table import TableReader
from engines.read.table_search import NONE
from engines.read.vectors import VectorReader

READERS: tuple[type[Reader], ...] = (VectorReader, HuggingFaceReader, TableReader)
BY_ROW = ("table", "hugging_face", "vectors")
"""Readers whose own column ``row`` counts all rows of the source, those that were rejected too."""


def join_vectors(reading: Reading, path: Path, *, scratch: Path, progress: Progress) -> Reading:
    """Join vectors to the rows: by id where the file has ids of these rows, else by order with equal counts.

    The file is one of vectors, or a table with columns of lists; all arrays of vectors in it are joined. By order a vector belongs to
    the row of the same number in the source, also where rows were rejected; where there are only as many vectors as usable rows, they
    belong to these. Rows without a usable vector become rejects. Vectors that the source brings itself stay, after those of the file.

    Raises:
        SourceError: when the file holds no vectors, or has no ids of these rows and another number of vectors.
    """
    dataset = reading.dataset
    told = _read(path, scratch, progress)
    wanted = _by_id(dataset, told.dataset)
    if not (wanted >= 0).any():
        wanted = _by_order(dataset, told.dataset, path)
    kept = np.flatnonzero(wanted >= 0)
    vectors: dict[str, Float32] = {name: _taken(array, wanted[kept]) for name, array in told.vectors.items()}
    keys = {name: key for name, key in told.keys.items() if vectors[name] is told.vectors[name]}
    for name, array in reading.vectors.items():
        free = _free(name, vectors)
        vectors[free] = _taken(array, kept)
        if free == name and vectors[free] is array and name in reading.keys:
            keys[name] = reading.keys[name]
    return Reading(dataset=dataset.take(kept, _lacking(dataset, wanted, path)), vectors=vectors, keys=keys)


def _read(path: Path, scratch: Path, progress: Progress) -> Reading:
    # Pictures and texts beside the vectors do not matter here, and need not be on this machine.
    options = SourceOptions(image=NONE, text=NONE)
    for kind in READERS:
        if kind.reads(path):
            told = kind()(path, options, scratch=scratch, progress=progress)
            if told.vectors:
                return told
            raise SourceError(f"{path} holds no vectors", "a column of vectors holds lists of numbers that are equally long")
    if not path.exists():
        raise SourceError(f"--embeddings: {path} does not exist", "give a file of vectors")
    raise SourceError(
        f"--embeddings: {path} is no file of vectors",
        "give an .npy, .npz or .safetensors file, or a table with a column of lists",
    )


def _taken(array: Float32, rows: npt.NDArray[np.int64]) -> Float32:
    """Choose rows; an array that stays as it is may lie on disk and is not copied."""
    if len(rows) == len(array) and bool((rows == np.arange(len(array))).all()):
        return array
    return np.ascontiguousarray(array[rows])


def _free(name: str, taken: dict[str, Float32]) -> str:
    """Give vectors of the source another name where the file has one of that name."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def _by_id(dataset: Dataset, told: Dataset) -> npt.NDArray[np.int64]:
    place = {row_id: number for number, row_id in enumerate(told.ids)}
    return np.array([place.get(row_id, -1) for row_id in dataset.ids], dtype=np.int64)


def _by_order(dataset: Dataset, told: Dataset, path: Path) -> npt.NDArray[np.int64]:
    """Give for each row of the data set the number of its vector among those that can be used, -1 where it cannot.

    Raises:
        SourceError: when the counts differ.
    """
    total = len(told) + _rejected(told)
    rows = _rows_of(dataset)
    whole = len(dataset) + _rejected(dataset)
    if rows is None or total != whole:
        rows = np.arange(len(dataset), dtype=np.int64)
        if total != len(dataset):
            more = f" ({whole:,} with those that cannot be used)" if whole > len(dataset) else ""
            raise SourceError(
                f"{path} holds {total:,} vectors, the source {len(dataset):,} rows{more}, and no ids that match",
                "save the vectors in the order of the rows, or add their ids: an array `ids`, or a column `id`",
            )
    numbers = told.rows.column("row").to_numpy() if "row" in told.own_columns else np.arange(len(told))
    # Of a file that is broken at its end nobody knows how many rows it had.
    place = np.full(max(total, len(rows), int(numbers.max(initial=-1)) + 1), -1, dtype=np.int64)
    place[numbers] = np.arange(len(told))
    return place[rows]


def _rows_of(dataset: Dataset) -> npt.NDArray[np.int64] | None:
    """Give the number of each row in the source; None where the source counts no rows."""
    if dataset.origin.get("reader") not in BY_ROW or "row" not in dataset.own_columns:
        return None
    rows: npt.NDArray[np.int64] = dataset.rows.column("row").to_numpy()
    return rows


def _rejected(dataset: Dataset) -> int:
    """Count the rows of the source that were rejected."""
    numbers = dataset.rejects.column("row").drop_null()
    return len(set(numbers.to_pylist()))


def _lacking(dataset: Dataset, wanted: npt.NDArray[np.int64], path: Path) -> pa.Table | None:
    lacking = np.flatnonzero(wanted < 0)
    if not len(lacking):
        return None
    rows = _rows_of(dataset)
    return pa.table(
        {
            "id": dataset.rows.column("id").take(pa.array(lacking)),
            "path": dataset.rows.column("path").take(pa.array(lacking)),
            "row": pa.array(lacking if rows is None else rows[lacking]),
            "stage": pa.array(["embed"] * len(lacking), pa.string()),
            "reason": pa.array([f"no usable vector in {path.name}"] * len(lacking), pa.string()),
        },
        schema=REJECT_SCHEMA,
    )


__all__ = ["join_vectors"]
