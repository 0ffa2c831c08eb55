"""Write an export as a whole: the data by an exporter, decisions.jsonl, and export.json, the record of what was done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engines.errors import ExportError
from engines.export.fitting import require_fitting
from engines.export.guard import sha256_of
from engines.export.plan import Plan
from engines.export.target import filling, protected, require_free
from engines.keys import package_version
from engines.parameters import values
from engines.protocols import Exporter, Progress, no_progress, part

RECORD = "export.json"
DECISIONS = "decisions.jsonl"
FORMAT = 1
PACKAGES = ("dataset-explorer", "numpy", "pandas", "pyarrow", "duckdb")


def export(
    plan: Plan,
    target: Path,
    exporter: Exporter,
    *,
    name: str,
    decisions: Iterable[str] = (),
    sources: Sequence[Path] = (),
    keys: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Write the rows of a plan into the new folder ``target`` and give the record, which is in ``export.json`` too.

    ``decisions`` are lines of JSON. ``sources`` are further paths, beside those of the data set, that nothing may be written
    into. ``keys`` are the keys of what the plan was made from. The folder appears when it is whole, or not at all.

    Raises:
        ExportError: when the format does not fit the data set; when the target is taken or lies in, is, or holds a source; when no row
            is left; when no file can be read.
        EnvironmentFault: when the disk is full or the place cannot be written.
        Cancelled: when ``progress`` raises it; nothing is left then.
    """
    require_fitting(name, exporter, plan.dataset)
    target = require_free(target, [*protected(plan.dataset), *sources])
    if not len(plan.stay):
        raise ExportError("no row is left to export", f"all {len(plan.dataset):,} are excluded or not selected")
    with filling(target) as folder:
        told = dict(exporter(plan.rows(), folder, progress=part(progress, 0.0, 0.95)))
        if not told["rows_out"]:
            raise ExportError(
                f"none of the {len(plan.stay):,} rows could be written: {told['missing'][0]['reason']}"
                if told.get("missing")
                else f"none of the {len(plan.stay):,} rows could be written",
                "look whether the data set was moved",
            )
        progress(0.96, "writing the record")
        count = _write_lines(folder / DECISIONS, decisions)
        files = told.pop("files", {}) | {DECISIONS: sha256_of(folder / DECISIONS)}
        record = _record(plan, target, exporter, name, told) | {
            "decisions": count,
            "keys": dict(plan.keys) | dict(keys or {}) | {"dataset": plan.dataset.key},
            "files": files,
        }
        with (folder / RECORD).open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(record, ensure_ascii=False, indent=1, default=str) + "\n")
        progress(0.98, "bringing everything to the disk")
    progress(1.0, f"exported {record['rows_out']:,} rows")
    return record


def _record(plan: Plan, target: Path, exporter: Exporter, name: str, told: dict[str, Any]) -> dict[str, Any]:
    ids, given = plan.dataset.ids, plan.dataset.labels
    missing = {entry["id"] for entry in told.get("missing", [])}
    leaving = [int(row) for row in plan.stay if ids[row] not in missing]
    before, after = Counter(given), Counter(plan.labels[row] for row in leaving)
    classes = sorted({*before, *after}, key=lambda label: (label is None, label or ""))
    return {
        "format_version": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": _text(plan.dataset.root),
        "to": _text(str(target)),
        "format": name,
        "parameters": values(exporter),
        "where": plan.where,
        "rows_in": len(plan.dataset),
        **told,
        "dropped": [{"id": ids[row], "label": given[row], "reason": reason} for row, reason in plan.dropped],
        "rejects": [{"path": entry["path"], "reason": entry["reason"]} for entry in plan.dataset.rejects.to_pylist()],
        "classes": [{"label": label, "before": before[label], "after": after[label]} for label in classes],
        "relabeled": [
            {"id": ids[row], "from": given[row], "to": plan.labels[row]} for row in leaving if plan.labels[row] != given[row]
        ],
        "versions": {package: package_version(package) for package in PACKAGES},
    }


def _write_lines(path: Path, lines: Iterable[str]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
    return count


def _text(path: str) -> str:
    """Give a path as text that JSON can hold; undecodable bytes become backslash escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


__all__ = ["DECISIONS", "RECORD", "export"]
