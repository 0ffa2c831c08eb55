"""Read ready-made vectors from an ``.npy``, ``.npz`` or ``.safetensors`` file."""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import psutil
import pyarrow as pa

from engines.artifacts import Dataset, Float32
from engines.errors import EnvironmentFault, SourceError
from engines.keys import digest
from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions
from engines.read.columns import free_names
from engines.read.rejects import Rejects
from engines.read.safetensors import read_tensors
from engines.read.vectors_pass import Passed, pass_over
from engines.read.vectors_rows import ID_NAMES, LABEL_NAMES, SPLIT_NAMES, Columns, given_ids, part_of, rows_of
from engines.table_key import table_digest
from engines.vectors_key import GIVEN

SUFFIXES = (".npy", ".npz", ".safetensors")
MATRIX_NAMES = ("vectors", "embeddings", "embedding", "features", "X", "x", "data")
NO_VECTORS = frozenset(
    {"probabilities", "probability", "probs", "pred_probs", "predictions", "logits", "labels", "label", "y", "one_hot"}
)
"""Arrays with a row for each row that are no vectors, when there are others."""


@engine
class VectorReader:
    """Read vectors: ``.npy`` of shape (n, d), or ``.npz`` or ``.safetensors`` that hold one or several such arrays.

    One of several arrays is called ``vectors`` (or embeddings, features, X, data), or all two-dimensional ones have n rows; the others
    of n rows are further embeddings of the same rows, by their names. The only one is called ``given``. One-dimensional arrays of length
    n are ``ids``, ``labels``, ``splits`` and the person's own columns. Without ids a row is called by the hash of its (first) float32
    vector. Rows stay in the order of the file; the own column ``row`` tells where each one lies in it. ``options.limit`` keeps the rows
    with the first ids, since the order of the file must not decide.
    """

    version: ClassVar[int] = 2

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take ``.npy``, ``.npz`` and ``.safetensors`` files."""
        try:
            return source.is_file() and source.suffix.lower() in SUFFIXES
        except OSError:
            return False

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:  # noqa: ARG002  # nothing slow to find again
        """Read rows and vectors; see ``Reader``."""
        matrices, columns, unused = _open(source, options)
        total = len(next(iter(matrices.values())))
        limit = total if options.limit is None else options.limit
        named = part_of(columns, options.id, ID_NAMES) is None
        try:
            found = pass_over(matrices, named=named, keyed=limit >= total, progress=progress)
            rejects = _rejects(found)
            kept = np.flatnonzero(found.good)
            if not len(kept):
                raise SourceError(f"every row of {source} holds NaN or infinity", "write finite numbers into the file")
            if len(kept) < total:
                found = pass_over(_taken(found, kept), named=named, keyed=limit >= len(kept), progress=progress)
            ids = found.ids if named else given_ids(kept, columns, options)
            if limit < len(ids):
                first = np.sort(np.argsort(np.array(ids), kind="stable")[:limit])
                ids, kept = [ids[place] for place in first.tolist()], kept[first]
                found = pass_over(_taken(found, first), named=False, keyed=True, progress=progress)
        except MemoryError:
            raise EnvironmentFault(f"{source} does not fit into memory") from None
        progress(1.0, "putting rows together")
        rows = rows_of(ids, kept, columns, options)
        progress(1.0, "checking rows")
        origin = _origin(source, found.vectors, columns, options)
        dataset = _dataset(source, rows, found.content, rejects, origin=origin, counts=unused)
        return Reading(dataset=dataset, vectors=found.vectors, keys=found.keys)


def _open(source: Path, options: SourceOptions) -> tuple[Columns, Columns, dict[str, int]]:
    """Open the file without running anything in it; give arrays of vectors, columns of the same rows, and what is not used.

    Raises:
        SourceError: when it cannot be read, holds no vectors, or lacks an array that an option names.
    """
    arrays = _arrays(source)
    names = _vector_names(source, arrays)
    matrices = {GIVEN if len(names) == 1 else name: arrays[name] for name in names}
    total = len(next(iter(matrices.values())))
    columns = {name: values for name, values in arrays.items() if name not in names and values.shape == (total,)}
    unused = {f"unused array {name}": 1 for name in arrays if name not in names and name not in columns}
    for option in ("label", "split", "id"):
        wanted = getattr(options, option)
        if wanted is not None and wanted not in columns:
            known = ", ".join(name for name in arrays if name not in names) or "none"
            raise SourceError(f"--{option}: {source.name} holds no array {wanted!r}", f"its other arrays are: {known}")
    return matrices, columns, unused


def _arrays(source: Path) -> dict[str, npt.NDArray[Any]]:
    """Load the arrays of a file; a lone one is called ``given``."""
    try:
        if source.suffix.lower() == ".safetensors":
            return read_tensors(source)
        with warnings.catch_warnings():
            # A header that numpy has to mend is no news for a person; allow_pickle is never on.
            warnings.simplefilter("ignore")
            if source.suffix.lower() == ".npz":
                _fits(source)
                with source.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
                    return {name: archive[name] for name in archive.files}
            # A plain header is read and the rest mapped.
            return {GIVEN: np.load(source, mmap_mode="r", allow_pickle=False)}
    except FileNotFoundError:
        raise SourceError(f"{source} does not exist") from None
    except MemoryError:
        raise EnvironmentFault(f"{source} does not fit into memory") from None
    except OSError as error:
        raise SourceError(f"{source} cannot be read: {error.strerror or error}") from None
    except (SourceError, EnvironmentFault):
        raise
    except Exception as error:  # noqa: BLE001  # numpy and zipfile have no common error for a damaged file
        raise _unreadable(source, error) from None


def _unreadable(source: Path, error: Exception) -> SourceError:
    """Say in words what numpy or zipfile find wrong with a file."""
    words = next(iter(str(error).splitlines()), "it ends early")
    hint = "is it complete?"
    if "pickle" in words or "Python objects" in words or words.startswith("Object arrays"):
        hint = "object arrays and pickles are not read: they can run code. Save plain numbers with numpy.save"
    elif "node or string" in words or "Cannot parse header" in words:
        words = "its header does not describe an array"
    return SourceError(f"{source} is not a readable numpy file: {words}", hint)


def _fits(source: Path) -> None:
    """Refuse an ``.npz`` that unpacks to more than the memory that is free."""
    if not zipfile.is_zipfile(source):
        return
    with zipfile.ZipFile(source) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > psutil.virtual_memory().available:
        raise EnvironmentFault(
            f"{source} unpacks to {size / 2**30:,.1f} GiB, more than the memory that is free", "save its arrays as .npy files"
        )


def _vector_names(source: Path, arrays: Columns) -> list[str]:
    """Name the arrays of vectors: the one with a usual name first, else in the order of the file.

    Raises:
        SourceError: when none is, or they differ in length and no name tells which ones count.
    """
    tables = [name for name, array in arrays.items() if array.ndim == 2 and array.dtype.kind in "fiub" and array.shape[1]]
    plain = [name for name in tables if name not in NO_VECTORS] or tables
    first = next((name for name in (GIVEN, *MATRIX_NAMES) if name in arrays), None)
    if first is None and len({len(arrays[name]) for name in plain}) == 1:
        first = plain[0]
    if first is None:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "no array"
        raise SourceError(f"{source} holds no array called vectors", f"what it holds: {shapes}")
    _guard(source, arrays[first])
    return [first, *(name for name in plain if name != first and len(arrays[name]) == len(arrays[first]))]


def _guard(source: Path, matrix: npt.NDArray[Any]) -> None:
    if matrix.dtype.kind not in "fiub":
        raise SourceError(
            f"{source} holds {matrix.dtype} where numbers are needed", "save an array of float32, shape (rows, dimensions)"
        )
    if matrix.ndim != 2:
        hint = "reshape it to (rows, dimensions) before saving"
        raise SourceError(f"{source} holds an array of shape {matrix.shape}; vectors have two dimensions", hint)
    if not len(matrix) or not matrix.shape[1]:
        raise SourceError(f"{source} holds no vectors: its shape is {matrix.shape}", "give at least one row and one dimension")


def _rejects(found: Passed) -> Rejects:
    """List the rows that are not finite, each with the first array in which it is not."""
    rejects = Rejects()
    good = np.ones(len(found.good), dtype=np.bool_)
    for name, finite in found.finite.items():
        which = "" if len(found.finite) == 1 else f" of {name!r}"
        for row in np.flatnonzero(good & ~finite).tolist():
            rejects.add(None, f"its vector{which} holds NaN or infinity", row=row)
        good &= finite
    return rejects


def _taken(found: Passed, rows: npt.NDArray[np.int64]) -> dict[str, Float32]:
    return {name: array[rows] for name, array in found.vectors.items()}


def _origin(source: Path, vectors: Columns, columns: Columns, options: SourceOptions) -> dict[str, Any]:
    """Say which array plays which part, as readers of tables do."""
    parts = (("id", options.id, ID_NAMES), ("label", options.label, LABEL_NAMES), ("split", options.split, SPLIT_NAMES))
    roles: dict[str, Any] = {part: part_of(columns, wanted, usual) for part, wanted, usual in parts}
    roles["vectors"] = list(vectors)
    names = free_names([name for name in columns if name not in roles.values()], taken=("row",))
    return {
        "reader": "vectors",
        "format": source.suffix.lower().lstrip("."),
        "roles": {part: name for part, name in roles.items() if name},
        "columns": list(columns),
        "names": {name: given for name, given in names.items() if name != given},
        "label_names": {},
        "features": [],
    }


def _dataset(source: Path, rows: pa.Table, content: str, rejects: Rejects, **told: Any) -> Dataset:
    columns_key = table_digest(rows)
    media_key = digest("vectors", table_digest(rows.select(["id"])), content)
    return Dataset(
        key=digest("dataset", media_key, columns_key, table_digest(rejects.table())),
        kind="vectors",
        source=os.fspath(source),
        root=os.fspath(source.resolve()),
        rows=rows,
        media=pa.table({"media": pa.nulls(len(rows), pa.binary())}),
        stats=np.empty((0, 3), dtype=np.int64),
        rejects=rejects.table(),
        media_key=media_key,
        columns_key=columns_key,
        **told,
    )
