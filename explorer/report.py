"""Write what ``analyze`` promises into a folder: the tables, the raw vectors, the recipe and the record of the run."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engines.errors import EnvironmentFault, UserError
from engines.keys import package_version
from engines.protocols import Progress, no_progress, part
from engines.store import save_array, write_atomically
from explorer import tables

if TYPE_CHECKING:
    from explorer.api import Explorer

PACKAGES = (
    "dataset-explorer",
    "numpy",
    "pyarrow",
    "torch",
    "umap-learn",
    "openTSNE",
    "hdbscan",
    "igraph",
    "numba",
    "onnxruntime",
    "transformers",
    "scikit-learn",
    "pillow",
)


def write_report(
    explorer: Explorer, out: Path, decided: tables.Decided | None = None, progress: Progress = no_progress
) -> dict[str, Any]:
    """Write all tables below ``out`` (made if missing; files of an earlier report are replaced) and give the summary.

    Raises:
        UserError: when ``out`` lies inside the data set or is a file.
        EnvironmentFault: when it cannot be written.
    """
    values = explorer.values
    assert values.dataset is not None
    assert values.embeddings is not None
    out = _made(require_usable(out, explorer.sources))
    decided = decided or tables.Decided.nothing(len(values.dataset))
    projectors = explorer.recipe.chosen("project")
    dataset = values.dataset
    frames: dict[str, Callable[[], pa.Table]] = {
        "samples": lambda: tables.samples_table(values, decided, projectors),
        "issues": lambda: tables.issues_table(values, decided),
        "pairs": lambda: tables.pairs_table(values),
        "clusters": lambda: tables.clusters_table(values, decided),
        "rejects": lambda: dataset.rejects,
        "scores": lambda: _raw_scores(explorer),
    }
    for number, (name, make) in enumerate(frames.items()):
        progress(0.5 * number / len(frames), f"building the table of {name}")
        table = make()
        progress(0.5 * (number + 0.5) / len(frames), f"writing the table of {name}")
        write_atomically(out / f"{name}.parquet", _parquet(table))
    vectors, saving = values.embeddings.vectors, part(progress, 0.5, 1.0)
    write_atomically(out / "embeddings.npy", lambda path: save_array(path, vectors, saving))
    _write_json(out / "recipe.json", explorer.recipe.to_json())
    run = run_record(explorer)
    _write_json(out / "run.json", run)
    return {
        "out": str(out),
        "rows": len(values.dataset),
        "rejects": values.dataset.rejects.num_rows,
        "passed_over": dict(values.dataset.counts),
        "clusters": run["clustering"].get("clusters", 0),
        "issues": {name: int(issue.flagged(decided.thresholds.get(name)).sum()) for name, issue in values.issues.items()},
        "skipped": {name: issue.skipped for name, issue in values.issues.items() if issue.skipped},
        "stages": [{"stage": r.stage, "name": r.name, "cached": r.cached, "seconds": r.seconds} for r in explorer.records],
        "recomputed": sum(not record.cached for record in explorer.records),
    }


def run_record(explorer: Explorer) -> dict[str, Any]:
    """Say what a run computed, from what, with which engines and parameters, and what it cost."""
    values, recipe = explorer.values, explorer.recipe
    dataset, graph = values.dataset, values.graph
    assert dataset is not None
    clustering: Mapping[str, Any] = {}
    if values.clusterings:
        name, value = next(iter(values.clusterings.items()))
        clustering = {
            "engine": name,
            "default_layer": value.default_layer,
            "layers": [len(value.clusters(layer)) for layer in range(len(value.layers))],
            "clusters": len(value.clusters(value.default_layer)),
            "noise_share": float(np.mean(value.labels < 0)) if len(value.labels) else 0.0,
            "notes": value.notes,
        }
    return {
        "source": explorer.source_text,
        "kind": dataset.kind,
        "rows": len(dataset),
        "rejects": dataset.rejects.num_rows,
        "passed_over": dict(dataset.counts),
        "versions": {"python": platform.python_version(), **{name: package_version(name) for name in PACKAGES}},
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "keys": {"dataset": dataset.key, "media": dataset.media_key, "columns": dataset.columns_key},
        "seed": recipe.seed,
        "metric": graph.metric if graph else recipe.metric,
        "mean_cosine": graph.mean_cosine if graph else None,
        "recall": graph.recall if graph else None,
        "graph": {"nodes": graph.m, "k": graph.k, "notes": graph.notes} if graph else {},
        "default_layer": clustering.get("default_layer"),
        "clustering": dict(clustering),
        "projections": {name: value.notes for name, value in values.projections.items()},
        "clusterings": {name: dict(value.notes) for name, value in values.clusterings.items()},
        "agreement": [
            {
                "a": one,
                "b": other,
                "ari": found.ari,
                "ami": found.ami,
                "ami_rows": found.ami_rows,
                "ari_clustered": found.ari_clustered,
            }
            for (one, other), found in explorer.agreements.items()
        ],
        "measures": {name: dict(value.notes) for name, value in values.measures.items()},
        "checks": {
            name: {
                "threshold": issue.threshold,
                "raw_at_half": issue.cut,
                "raw_scale": issue.scale,
                "scope": issue.scope,
                "skipped": issue.skipped,
                "flagged": int(issue.flagged().sum()),
                "notes": issue.notes,
            }
            for name, issue in values.issues.items()
        },
        "origin": dict(dataset.origin),
        "encoders": values.comparison.table.to_pylist() if values.comparison is not None else [],
        "raw_scores": "scores.parquet",
        "stages": [asdict(record) for record in explorer.records],
    }


def _raw_scores(explorer: Explorer) -> pa.Table:
    """Give the raw score of every check per row; severity is a strictly increasing function of it."""
    assert explorer.values.dataset is not None
    columns: dict[str, Any] = {"id": explorer.values.dataset.rows.column("id")}
    for name, issue in explorer.values.issues.items():
        columns[f"{name}_raw"] = pa.array(issue.raw, from_pandas=True)
    return pa.table(columns)


def require_usable(out: Path, sources: Sequence[Path]) -> Path:
    """Give the resolved folder ``out`` when a report may be written there; nothing is made yet.

    Raises:
        UserError: when it lies inside the data set, is a file or has a name that no folder can have.
    """
    out = out.expanduser().resolve()
    for real in (source.resolve() for source in sources):
        if not (real.is_dir() and (out == real or real in out.parents)):
            continue
        raise UserError(f"the output folder {out} lies inside the data set", "choose an --out outside of it")
    try:
        taken = out.exists() and not out.is_dir()
    except OSError as error:
        raise UserError(f"the output {str(out)[:200]} cannot be a folder: {error.strerror}", "choose another --out") from None
    if taken:
        raise UserError(f"the output {out} is a file", "choose a folder as --out")
    return out


def _made(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(f"cannot make {out}: {error.strerror or error}", "choose an --out that you may write") from error
    return out


def _parquet(table: pa.Table) -> Callable[[Path], object]:
    return lambda path: pq.write_table(table, path, compression="zstd")


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=True, default=_plain)
    write_atomically(path, lambda temporary: temporary.write_text(text + "\n", encoding="ascii"))


def _plain(value: Any) -> Any:
    """Give numpy numbers and arrays as plain values."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
