"""The tables that leave: samples, issues, pairs, clusters and rejects, with the columns that the outside relies on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import NO_CLUSTER, PAIR_SCHEMA, Dataset, Names, Projection
from engines.codes import encode
from engines.pipeline import Values


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a person decided, per row (or nothing at all): what the tables need to know of the decisions."""

    excluded: npt.NDArray[np.bool_]
    labels: Sequence[str | None]
    tags: Sequence[Sequence[str]]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    cluster_names: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def nothing(cls, n: int) -> Decided:
        """Give the state of a data set that nobody has touched."""
        return cls(excluded=np.zeros(n, dtype=bool), labels=[None] * n, tags=[()] * n)


def samples_table(values: Values, decided: Decided, projectors: Sequence[str]) -> pa.Table:
    """Build one row per sample.

    Columns: id, path, label, split, x, y (first projector; others ``<projector>_x``, ``_y``), cluster, cluster_name, strength,
    trust, torn, false_neighbors (in the first map; others ``<projector>_trust`` and so on), one per measure (density, rarity,
    local_dimension, typicality), ``<check>_severity`` and ``<check>_flagged`` per check, suggested_label, label_decided, excluded,
    tags, text (of texts), own columns. What is not computed yet is null.
    """
    dataset = _dataset(values)
    n = len(dataset)
    columns: dict[str, Any] = {name: dataset.rows.column(name) for name in ("id", "path", "label", "split")}
    present = [name for name in projectors if name in values.projections]
    for number, name in enumerate(present):
        prefix = "" if number == 0 else f"{name}_"
        columns[f"{prefix}x"] = pa.array(values.projections[name].coords[:, 0])
        columns[f"{prefix}y"] = pa.array(values.projections[name].coords[:, 1])
    if not present:
        columns["x"] = columns["y"] = pa.nulls(n, pa.float32())
    columns |= _cluster_columns(values, decided, n)
    for number, name in enumerate(present):
        columns |= _trust_columns(values.projections[name], "" if number == 0 else f"{name}_")
    for name, measure in values.measures.items():
        columns[name] = pa.array(measure.values, from_pandas=True)
    suggested = pa.nulls(n, pa.string())
    for name, issue in values.issues.items():
        columns[f"{name}_severity"] = pa.array(issue.severity, from_pandas=True)
        columns[f"{name}_flagged"] = pa.array(issue.flagged(decided.thresholds.get(name)))
        if name == "label_issue":
            suggested = issue.details.column("suggestion")
    columns["suggested_label"] = suggested
    columns["label_decided"] = pa.array(list(decided.labels), pa.string())
    columns["excluded"] = pa.array(decided.excluded)
    columns["tags"] = _tags(decided.tags)
    if dataset.kind == "texts" and "text" not in dataset.own_columns:
        columns["text"] = dataset.media.column("media")
    for name in dataset.own_columns:
        columns[name if name not in columns else f"own_{name}"] = dataset.rows.column(name)
    return pa.table(columns)


def _cluster_columns(values: Values, decided: Decided, n: int) -> dict[str, pa.Array]:
    if not values.clusterings:
        return {
            "cluster": pa.nulls(n, pa.int32()),
            "cluster_name": pa.nulls(n, pa.string()),
            "strength": pa.nulls(n, pa.float32()),
        }
    clusterer, clustering = next(iter(values.clusterings.items()))
    names = names_of(values.names.get(clusterer)) | dict(decided.cluster_names)
    labels = clustering.labels
    return {
        "cluster": pa.array(labels),
        "cluster_name": _names(labels, names),
        "strength": pa.array(clustering.strength),
    }


def _trust_columns(shown: Projection, prefix: str) -> dict[str, pa.Array]:
    unknown = np.full(len(shown.coords), np.nan, dtype=np.float32)
    shares = {"torn": shown.torn, "false_neighbors": shown.false}
    found = {"trust": shown.trust, **{name: share if len(share) else unknown for name, share in shares.items()}}
    return {f"{prefix}{name}": pa.array(share, from_pandas=True) for name, share in found.items()}


def _names(labels: npt.NDArray[np.int32], names: Mapping[int, str]) -> pa.Array:
    """Give the name of each row's cluster; empty for noise."""
    used, place = np.unique(labels, return_inverse=True)
    words = pa.array([names.get(int(cluster), "") if cluster >= 0 else "" for cluster in used], pa.string())
    return words.take(pa.array(place.ravel()))


def _tags(tags: Sequence[Sequence[str]]) -> pa.Array:
    ends = np.zeros(len(tags) + 1, dtype=np.int32)
    np.cumsum(np.fromiter(map(len, tags), dtype=np.int32, count=len(tags)), out=ends[1:])
    return pa.ListArray.from_arrays(pa.array(ends), pa.array([tag for some in tags for tag in some], pa.string()))


def issues_table(values: Values, decided: Decided) -> pa.Table:
    """List what is flagged: check, scope, id, severity, flagged, group (-1 = none, unique per check), suggestion, reason."""
    dataset = _dataset(values)
    ids = dataset.rows.column("id")
    tables = []
    for name, issue in values.issues.items():
        threshold = decided.thresholds.get(name)
        rows = np.flatnonzero(issue.flagged(threshold))
        severity = issue.severity_of(issue.raw[rows])
        order = np.argsort(-severity, kind="stable")
        rows, severity = rows[order], severity[order]
        picked = pa.array(rows)
        tables.append(
            pa.table(
                {
                    "check": pa.array([name] * len(rows), pa.string()),
                    "scope": pa.array([issue.scope] * len(rows), pa.string()),
                    "id": ids.take(picked),
                    "severity": pa.array(severity),
                    "flagged": pa.array(np.ones(len(rows), dtype=bool)),
                    "group": pa.array(issue.groups(threshold)[rows]),
                    "suggestion": issue.details.column("suggestion").take(picked),
                    "reason": issue.details.column("reason").take(picked),
                }
            )
        )
    return pa.concat_tables(tables).combine_chunks() if tables else ISSUE_SCHEMA.empty_table()


ISSUE_SCHEMA = pa.schema(
    [
        ("check", pa.string()),
        ("scope", pa.string()),
        ("id", pa.string()),
        ("severity", pa.float32()),
        ("flagged", pa.bool_()),
        ("group", pa.int32()),
        ("suggestion", pa.string()),
        ("reason", pa.string()),
    ]
)


def pairs_table(values: Values) -> pa.Table:
    """List every candidate pair of every check: a, b (ids), check, score."""
    ids = _dataset(values).rows.column("id")
    tables = []
    for name, issue in values.issues.items():
        a, b, score = (issue.pairs.column(column) for column in PAIR_SCHEMA.names)
        check = pa.array([name] * len(a), pa.string())
        tables.append(pa.table({"a": ids.take(a), "b": ids.take(b), "check": check, "score": score}))
    schema = pa.schema([("a", pa.string()), ("b", pa.string()), ("check", pa.string()), ("score", pa.float32())])
    return pa.concat_tables(tables).combine_chunks() if tables else schema.empty_table()


def clusters_table(values: Values, decided: Decided) -> pa.Table:
    """List the clusters of all layers: cluster, layer (0 coarsest), parent, size, name, second_name, name_score, purity.

    ``purity`` is the share of the most frequent label among the labeled rows of the cluster; null without labels.
    """
    rows: list[dict[str, Any]] = []
    if values.clusterings:
        clusterer, clustering = next(iter(values.clusterings.items()))
        codes, _ = encode(_dataset(values).rows.column("label"))
        told = _names_by_cluster(values.names.get(clusterer))
        for number, layer in enumerate(clustering.layers):
            inside = np.flatnonzero(layer >= 0)
            clusters, first, size = np.unique(layer[inside], return_index=True, return_counts=True)
            parents = clustering.layers[number - 1][inside[first]] if number else np.full(len(clusters), NO_CLUSTER)
            purities = _purities(layer, codes)
            for cluster, parent, count in zip(clusters.tolist(), parents.tolist(), size.tolist(), strict=True):
                name, second, source, score = told.get(cluster, ("", "", "", 0.0))
                rows.append(
                    {
                        "cluster": cluster,
                        "layer": number,
                        "parent": parent,
                        "size": count,
                        "name": decided.cluster_names.get(cluster, name),
                        "second_name": second,
                        "name_source": source,
                        "name_score": score,
                        "purity": purities.get(cluster),
                    }
                )
    return pa.Table.from_pylist(rows, schema=CLUSTER_SCHEMA)


CLUSTER_SCHEMA = pa.schema(
    [
        ("cluster", pa.int32()),
        ("layer", pa.int32()),
        ("parent", pa.int32()),
        ("size", pa.int64()),
        ("name", pa.string()),
        ("second_name", pa.string()),
        ("name_score", pa.float32()),
        ("purity", pa.float32()),
        ("name_source", pa.string()),
    ]
)


def _purities(layer: npt.NDArray[np.int32], label: npt.NDArray[np.int64]) -> dict[int, float]:
    """Give the share of the most frequent label among the labeled rows of each cluster of a layer that has any."""
    known = (layer >= 0) & (label >= 0)
    if not known.any():
        return {}
    many = int(label.max()) + 1
    pairs, counts = np.unique(layer[known].astype(np.int64) * many + label[known], return_counts=True)
    clusters, start = np.unique(pairs // many, return_index=True)
    share = np.maximum.reduceat(counts, start) / np.add.reduceat(counts, start)
    return dict(zip(clusters.tolist(), share.tolist(), strict=True))


def names_of(names: Names | None) -> dict[int, str]:
    """Map clusters to their names."""
    return {cluster: said[0] for cluster, said in _names_by_cluster(names).items()}


def _names_by_cluster(names: Names | None) -> dict[int, tuple[str, str, str, float]]:
    if names is None:
        return {}
    columns = (names.table.column(name).to_pylist() for name in ("cluster", "name", "second_name", "source", "score"))
    return {
        cluster: (name or "", second or "", source or "", score or 0.0)
        for cluster, name, second, source, score in zip(*columns, strict=True)
    }


def _dataset(values: Values) -> Dataset:
    if values.dataset is None:
        raise RuntimeError("the tables were asked for before the rows were read")
    return values.dataset


__all__ = [
    "Decided",
    "clusters_table",
    "issues_table",
    "names_of",
    "pairs_table",
    "samples_table",
]
