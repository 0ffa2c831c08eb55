"""A small data set of pictures, and what tests of exports ask again and again."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset
from engines.export import ENGINES, export, plan
from engines.protocols import no_progress


def write_files(root: Path, files: Mapping[bytes | str, bytes]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def dataset(root, paths, labels, splits=None, own=None, rejects=()):
    """Make a data set of files without reading any picture."""
    raw = [path if isinstance(path, bytes) else path.encode() for path in paths]
    ids = [path.decode("utf-8", "backslashreplace") for path in raw]
    columns = {
        "id": pa.array(ids, pa.string()),
        "path": pa.array(ids, pa.string()),
        "label": pa.array(labels, pa.string()),
        "split": pa.array(splits or [None] * len(ids), pa.string()),
        **(own or {}),
    }
    return Dataset(
        key="k",
        kind="pictures",
        source=os.fspath(root),
        root=os.fspath(root),
        rows=pa.table(columns),
        media=pa.table({"media": pa.array(raw, pa.binary())}),
        stats=np.zeros((0, 3), dtype=np.int64),
        rejects=pa.Table.from_pylist(list(rejects), schema=REJECT_SCHEMA),
        media_key="m",
        columns_key="c",
    )


def leave(
    data, target, name="folder", *, excluded=(), labels=None, parameters=None, progress=no_progress, decisions=(), **more
):
    """Export a data set."""
    mask = np.isin(np.arange(len(data)), list(excluded))
    made = plan(data, excluded=mask, labels=labels or data.labels, **more)
    exporter = ENGINES.load(name)(**(parameters or {}))
    return export(made, target, exporter, name=name, decisions=decisions, progress=progress)


def tree(root: Path) -> dict[str, str]:
    """Hash everything below a folder, links as what they point to."""
    return {
        os.fsencode(path.relative_to(root)).decode("latin-1"): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if not path.is_dir()
    }
