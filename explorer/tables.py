"""The tables that leave: samples, issues, pairs, clusters and rejects, with the columns that the outside relies on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engines.artifacts import NO_CLUSTER, PAIR_SCHEMA, Dataset, Names, Projection
from engines.codes import encode
from engines.curate.clusters import laid_over
from engines.pipeline import Values
from explorer.rowwise import Tags, Words

OWN_LAYER = -1
"""The layer, in the table of clusters, of those that a person made."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a person decided, per row (or nothing at all): what the tables need to know of the decisions.

    ``own_clusters`` int32 (n): the id of the cluster that a person made out of a row and others, -1 = none; None where nobody made one.
    """

    excluded: npt.NDArray[np.bool_]
    labels: Words
    tags: Tags
    thresholds: Mapping[str, float] = field(default_factory=dict)
    cluster_names: Mapping[int, str] = field(default_factory=dict)
    own_clusters: npt.NDArray[np.int32] | None = None

    def over(self, layer: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Lay the clusters that a person made over a layer."""
        return layer if self.own_clusters is None else laid_over(layer, self.own_clusters)

    @classmethod
    def nothing(cls, n: int) -> Decided:
        """Give the state of a data set that nobody has touched."""
        return cls(excluded=np.zeros(n, dtype=bool), labels=Words([], np.full(n, -1, dtype=np.int32)), tags=Tags({}, n))


def samples_table(values: Values, decided: Decided, projectors: Sequence[str]) -> pa.Table:
    """Build one row per sample.

    Columns: id, path, label, split, x, y (first projector; others ``<projector>_x``, ``_y``), cluster, cluster_name, strength,
    trust, torn, false_neighbors (in the first map; others ``<projector>_trust`` and so on), one per measure (density, rarity,
    local_dimension, typicality), ``<check>_severity`` and ``<check>_flagged`` per check, suggested_label, label_decided, excluded,
    tags, text (of texts), own columns. What is not computed yet is null.
    """
    return with_decisions(found_table(values, projectors), values, decided)


def found_table(values: Values, projectors: Sequence[str]) -> pa.Table:
    """Build the samples as they are before anything is decided."""
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
    columns |= _cluster_columns(values, n)
    for number, name in enumerate(present):
        columns |= _trust_columns(values.projections[name], "" if number == 0 else f"{name}_")
    for name, measure in values.measures.items():
        columns[name] = pa.array(measure.values, from_pandas=True)
    suggested = pa.nulls(n, pa.string())
    for name, issue in values.issues.items():
        columns[f"{name}_severity"] = pa.array(issue.severity, from_pandas=True)
        columns[f"{name}_flagged"] = pa.array(issue.flagged())
        if name == "label_issue":
            suggested = issue.details.column("suggestion")
    columns["suggested_label"] = suggested
    columns |= _decided_columns(Decided.nothing(n))
    if dataset.kind == "texts" and "text" not in dataset.own_columns:
        columns["text"] = dataset.media.column("media")
    for name in dataset.own_columns:
        free = name
        while free in columns:
            free = f"own_{free}"
        columns[free] = dataset.rows.column(name)
    return pa.table(columns)


def with_decisions(found: pa.Table, values: Values, decided: Decided) -> pa.Table:
    """Put what was decided into the columns of ``found_table`` that tell of it; the others stay as they are."""
    columns = _decided_columns(decided)
    if values.clusterings and (decided.cluster_names or decided.own_clusters is not None):
        clusterer, clustering = next(iter(values.clusterings.items()))
        names = names_of(values.names.get(clusterer)) | dict(decided.cluster_names)
        labels = decided.over(clustering.labels)
        columns |= {"cluster": pa.array(labels), "cluster_name": _names(labels, names)}
    for name, threshold in decided.thresholds.items():
        if name in values.issues and f"{name}_flagged" in found.column_names:
            columns[f"{name}_flagged"] = pa.array(values.issues[name].flagged(threshold))
    for name, column in columns.items():
        found = found.set_column(found.column_names.index(name), name, column)
    return found


def without_nan(table: pa.Table) -> pa.Table:
    """Put null in place of NaN, which SQL takes for the largest number."""
    for place, column in enumerate(table.columns):
        if pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py():
            known = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
            table = table.set_column(place, table.field(place).name, known)
    return table


def _decided_columns(decided: Decided) -> dict[str, pa.Array]:
    labels, tags = decided.labels.column(), decided.tags.column()
    return {"label_decided": labels, "excluded": pa.array(decided.excluded), "tags": tags}


def _cluster_columns(values: Values, n: int) -> dict[str, pa.Array]:
    if not values.clusterings:
        return {
            "cluster": pa.nulls(n, pa.int32()),
            "cluster_name": pa.nulls(n, pa.string()),
            "strength": pa.nulls(n, pa.float32()),
        }
    clusterer, clustering = next(iter(values.clusterings.items()))
    labels = clustering.labels
    return {
        "cluster": pa.array(labels),
        "cluster_name": _names(labels, names_of(values.names.get(clusterer))),
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

    ``purity`` is the share of the most frequent label among the labeled rows of the cluster; null without labels. The clusters that a
    person made by merging and splitting are layer -1, without a parent; their rows are in no other cluster.
    """
    rows: list[dict[str, Any]] = []
    if values.clusterings:
        clusterer, clustering = next(iter(values.clusterings.items()))
        codes, _ = encode(_dataset(values).rows.column("label"))
        told = _names_by_cluster(values.names.get(clusterer))
        own = decided.own_clusters
        layers = [
            (number, layer if own is None else np.where(own >= 0, NO_CLUSTER, layer))
            for number, layer in enumerate(clustering.layers)
        ]
        for number, layer in [*layers, *([] if own is None else [(OWN_LAYER, own)])]:
            inside = np.flatnonzero(layer >= 0)
            clusters, first, size = np.unique(layer[inside], return_index=True, return_counts=True)
            parents = clustering.layers[number - 1][inside[first]] if number > 0 else np.full(len(clusters), NO_CLUSTER)
            tops = top_labels(layer, codes)
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
                        "purity": tops[cluster][1] if cluster in tops else None,
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


def top_labels(layer: npt.NDArray[np.integer], label: npt.NDArray[np.int64]) -> dict[int, tuple[int, float]]:
    """Give for each cluster of a layer that has labeled rows the most frequent label and its share among them."""
    known = (layer >= 0) & (label >= 0)
    if not known.any():
        return {}
    many = int(label.max()) + 1
    pairs, counts = np.unique(layer[known].astype(np.int64) * many + label[known], return_counts=True)
    cluster = pairs // many
    order = np.lexsort((-counts, cluster))
    clusters, start = np.unique(cluster[order], return_index=True)
    tops = order[start]
    share = counts[tops] / np.add.reduceat(counts, start)
    return dict(zip(clusters.tolist(), zip((pairs[tops] % many).tolist(), share.tolist(), strict=True), strict=True))


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
    "found_table",
    "issues_table",
    "names_of",
    "pairs_table",
    "samples_table",
    "top_labels",
    "with_decisions",
    "without_nan",
]
