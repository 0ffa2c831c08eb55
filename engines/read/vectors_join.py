"""Join vectors from a file of their own to the rows of a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset
from engines.errors import SourceError
from engines.protocols import Progress, Reading, SourceOptions


def join_vectors(reading: Reading, path: Path, *, scratch: Path, progress: Progress) -> Reading:
    """Join vectors to the rows: by id where the file has ids of these rows, else by order with equal counts.

    Rows without a usable vector become rejects. Vectors that the source brings itself stay, after those of the file.

    Raises:
        SourceError: when the file has no ids of these rows and another number of vectors.
    """
    from engines.read import read

    dataset = reading.dataset
    told = read(path, SourceOptions(), scratch=scratch, progress=progress)
    if not told.vectors:
        raise SourceError(f"{path} holds no vectors", "give a file of vectors to --embeddings")
    wanted = _by_id(dataset, told.dataset)
    if not (wanted >= 0).any():
        wanted = _by_order(dataset, told.dataset, path)
    kept = np.flatnonzero(wanted >= 0)
    vectors = {name: np.ascontiguousarray(array[wanted[kept]]) for name, array in told.vectors.items()}
    vectors |= {name: array[kept] for name, array in reading.vectors.items() if name not in vectors}
    return Reading(dataset=dataset.take(kept, _lacking(dataset, wanted, path)), vectors=vectors)


def _by_id(dataset: Dataset, told: Dataset) -> npt.NDArray[np.int64]:
    place = {row_id: number for number, row_id in enumerate(told.ids)}
    return np.array([place.get(row_id, -1) for row_id in dataset.ids], dtype=np.int64)


def _by_order(dataset: Dataset, told: Dataset, path: Path) -> npt.NDArray[np.int64]:
    total = len(told) + told.rejects.num_rows
    if total != len(dataset):
        raise SourceError(
            f"{path} holds {total} vectors, the source {len(dataset)} rows, and no ids that match",
            "save the vectors in the order of the ids, or add an array `ids` to the .npz",
        )
    bad = set(told.rejects.column("row").to_pylist())
    order = [number for number in range(total) if number not in bad]
    wanted = np.full(total, -1, dtype=np.int64)
    wanted[order] = np.arange(len(order))
    return wanted


def _lacking(dataset: Dataset, wanted: npt.NDArray[np.int64], path: Path) -> pa.Table | None:
    lacking = np.flatnonzero(wanted < 0)
    if not len(lacking):
        return None
    return pa.table(
        {
            "id": dataset.rows.column("id").take(pa.array(lacking)),
            "path": dataset.rows.column("path").take(pa.array(lacking)),
            "row": pa.array(lacking),
            "stage": pa.array(["embed"] * len(lacking), pa.string()),
            "reason": pa.array([f"no usable vector in {path.name}"] * len(lacking), pa.string()),
        },
        schema=REJECT_SCHEMA,
    )


__all__ = ["join_vectors"]
