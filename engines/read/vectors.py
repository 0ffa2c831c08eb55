"""Read ready-made vectors from an ``.npy`` or ``.npz`` file."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import Dataset, Float32, Kind
from engines.errors import EnvironmentFault, SourceError
from engines.keys import digest
from engines.parameters import engine
from engines.protocols import Progress, SourceOptions
from engines.read.columns import as_text, assemble, free_names, own_column, text_column
from engines.read.rejects import Rejects
from engines.table_key import table_digest

BLOCK = 16384
MATRIX_NAMES = ("vectors", "embeddings", "embedding", "features", "X", "x", "data")
LABEL_NAMES = ("labels", "label", "y")
SPLIT_NAMES = ("splits", "split")
ID_NAMES = ("ids", "id")

Columns = Mapping[str, npt.NDArray[Any]]


@engine
class VectorReader:
    """Read vectors: ``.npy`` of shape (n, d), or ``.npz`` that holds such an array.

    In an ``.npz`` the array is called ``vectors`` (or embeddings, features, X, data, or is the only two-dimensional one); one-dimensional
    arrays of length n are ``ids``, ``labels``, ``splits`` and the person's own columns. Without ids a row is called by the hash of
    its float32 vector. Rows stay in the order of the file; the own column ``row`` tells where each one lies in it. ``options.limit``
    keeps the rows with the first ids, since the order of the file must not decide.
    """

    kind: ClassVar[Kind] = "vectors"
    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take ``.npy`` and ``.npz`` files."""
        return source.is_file() and source.suffix.lower() in (".npy", ".npz")

    def __call__(self, source: Path, options: SourceOptions, *, progress: Progress) -> tuple[Dataset, Float32 | None]:
        """Read rows and vectors; see ``Reader``."""
        try:
            matrix, columns = _open(source, options)
            vectors, good = _numbers(matrix, progress)
        except MemoryError:
            raise EnvironmentFault(f"{source} does not fit into memory") from None
        rejects = Rejects()
        for row in np.flatnonzero(~good).tolist():
            rejects.add(None, f"row {row} holds NaN or infinity", row=row)
        unused = {f"unused array {name}": 1 for name, values in columns.items() if values.shape != (len(matrix),)}
        columns = {name: values for name, values in columns.items() if values.shape == (len(matrix),)}
        if not good.any():
            raise SourceError(f"every row of {source} holds NaN or infinity", "write finite numbers into the file")
        kept = np.flatnonzero(good)
        vectors = vectors[kept] if len(kept) < len(vectors) else vectors
        names = _ids(vectors, kept, columns, options)
        if options.limit is not None and options.limit < len(names):
            first = np.sort(np.argsort(np.array(names), kind="stable")[: options.limit])
            names, kept, vectors = [names[place] for place in first.tolist()], kept[first], vectors[first]
        rows = _rows(names, kept, columns, options)
        return _dataset(source, rows, vectors, rejects, unused)


def _open(source: Path, options: SourceOptions) -> tuple[npt.NDArray[Any], dict[str, npt.NDArray[Any]]]:
    """Open the file without running anything in it, and find the array of vectors."""
    refused = "object arrays and pickles are not read: they can run code. Save plain numbers with numpy.save"
    try:
        # A plain header is read and the rest mapped; allow_pickle is never on.
        loaded = np.load(source, mmap_mode="r", allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            matrix, columns = loaded, {}
        else:
            with loaded:
                arrays = {name: loaded[name] for name in loaded.files}
            name = _matrix_name(source, arrays)
            matrix = arrays.pop(name)
            columns = arrays
    except FileNotFoundError:
        raise SourceError(f"{source} does not exist") from None
    except (ValueError, EOFError, zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        hint = refused if "pickle" in str(error).lower() or "object" in str(error).lower() else "is it complete?"
        raise SourceError(
            f"{source} is not a readable numpy file: {str(error).splitlines()[0] if str(error) else 'it ends early'}", hint
        ) from None
    except OSError as error:
        raise SourceError(f"{source} cannot be read: {error.strerror or error}") from None
    _guard(source, matrix)
    for option in ("label", "split", "id"):
        wanted = getattr(options, option)
        if wanted is not None and wanted not in columns:
            known = ", ".join(columns) or "none"
            raise SourceError(f"--{option}: {source.name} holds no array {wanted!r}", f"its other arrays are: {known}")
    return matrix, columns


def _matrix_name(source: Path, arrays: Columns) -> str:
    tables = [name for name, array in arrays.items() if array.ndim == 2]
    for name in (*MATRIX_NAMES, *(tables if len(tables) == 1 else [])):
        if name in arrays:
            return name
    shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "no array"
    raise SourceError(f"{source} holds no array called vectors", f"what it holds: {shapes}")


def _guard(source: Path, matrix: npt.NDArray[Any]) -> None:
    if matrix.dtype.kind not in "fiub":
        raise SourceError(
            f"{source} holds {matrix.dtype} where numbers are needed", "save an array of float32, shape (rows, dimensions)"
        )
    if matrix.ndim != 2:
        hint = "reshape it to (rows, dimensions) before saving"
        raise SourceError(f"{source} holds an array of shape {matrix.shape}; vectors have two dimensions", hint)
    if not len(matrix) or not matrix.shape[1]:
        raise SourceError(f"{source} holds no vectors: its shape is {matrix.shape}", "give a file with at least one row")


def _numbers(matrix: npt.NDArray[Any], progress: Progress) -> tuple[Float32, npt.NDArray[np.bool_]]:
    """Copy to float32 in blocks; tell which rows are finite."""
    vectors = np.empty(matrix.shape, dtype=np.float32)
    good = np.empty(len(matrix), dtype=np.bool_)
    for start in range(0, len(matrix), BLOCK):
        stop = start + BLOCK
        with np.errstate(over="ignore", invalid="ignore"):
            vectors[start:stop] = matrix[start:stop]
        good[start:stop] = np.isfinite(vectors[start:stop]).all(axis=1)
        progress(min(stop / len(matrix), 1.0), f"reading {min(stop, len(matrix)):,} of {len(matrix):,} vectors")
    return vectors, good


def _column(columns: Columns, wanted: str | None, usual: tuple[str, ...]) -> str | None:
    """Name the array that plays a part: the one a person chose, else the first usual name."""
    return wanted or next((name for name in usual if name in columns), None)


def _plain(values: npt.NDArray[Any]) -> list[Any]:
    return [value.item() if isinstance(value, np.generic) else value for value in values.tolist()]


def _ids(vectors: Float32, kept: npt.NDArray[np.int64], columns: Columns, options: SourceOptions) -> list[str]:
    """Give the ids of the rows that are kept.

    Raises:
        SourceError: when given ids repeat or are empty.
    """
    name = _column(columns, options.id, ID_NAMES)
    seen: dict[str, int] = {}
    ids: list[str] = []
    if name is None:
        for vector in vectors:
            base = hashlib.sha256(np.ascontiguousarray(vector, dtype="<f4").tobytes()).hexdigest()[:16]
            seen[base] = seen.get(base, 0) + 1
            ids.append(base if seen[base] == 1 else f"{base}-{seen[base]}")
        return ids
    values = _plain(columns[name])
    for row in kept.tolist():
        text = as_text(values[row])
        if not text:
            raise SourceError(f"the array {name!r} has no id for row {row}", "give every row an id, or leave the array out")
        if text in seen:
            raise SourceError(
                f"the array {name!r} gives rows {seen[text]} and {row} the same id {text!r}", "ids must not repeat"
            )
        seen[text] = row
        ids.append(text)
    return ids


def _rows(ids: list[str], taken: npt.NDArray[np.int64], columns: Columns, options: SourceOptions) -> pa.Table:
    parts = {
        "id": _column(columns, options.id, ID_NAMES),
        "label": _column(columns, options.label, LABEL_NAMES),
        "split": _column(columns, options.split, SPLIT_NAMES),
    }
    nothing: list[Any] = [None] * len(ids)
    picked = {part: _plain(columns[name][taken]) if name else nothing for part, name in parts.items()}
    own = {"row": pa.array(taken, pa.int64())}
    others = [name for name in columns if name not in parts.values()]
    for name, free in free_names(others, taken=own).items():
        values = _plain(columns[name][taken])
        own[free] = text_column(values) if name in ("caption", "text", options.text) else own_column(values)
    return assemble(ids, nothing, picked["label"], picked["split"], own)


def _hash(vectors: Float32) -> str:
    state = hashlib.blake2b()
    for start in range(0, len(vectors), BLOCK):
        state.update(vectors[start : start + BLOCK].tobytes())
    return state.hexdigest()


def _dataset(
    source: Path, rows: pa.Table, vectors: Float32, rejects: Rejects, unused: dict[str, int]
) -> tuple[Dataset, Float32]:
    columns_key = table_digest(rows)
    media_key = digest("vectors", table_digest(rows.select(["id"])), str(vectors.shape), _hash(vectors))
    dataset = Dataset(
        key=digest("dataset", media_key, columns_key, table_digest(rejects.table())),
        kind="vectors",
        source=os.fspath(source),
        root=os.fspath(source.resolve()),
        rows=rows,
        media=pa.table({"media": pa.nulls(len(rows), pa.binary())}),
        stats=np.empty((0, 3), dtype=np.int64),
        rejects=rejects.table(),
        counts=unused,
        media_key=media_key,
        columns_key=columns_key,
    )
    return dataset, vectors
