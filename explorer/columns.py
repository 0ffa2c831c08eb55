"""What the map can be colored by: clusters, labels, splits, decisions, severities and the person's own columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.palette import MISSING, categorical, sequential
from engines.artifacts import Clustering
from engines.codes import encode
from explorer.snapshot import Snapshot, check_title, layer_of, map_name

MAX_CATEGORIES = 1_000
NO_CODE = 65_535
DECISIONS = ("excluded", "relabeled", "tagged", "kept")
CLUSTERERS = {"leiden": "Leiden", "hdbscan": "HDBSCAN", "kmeans": "k-means", "hierarchical_kmeans": "hierarchical k-means"}
TRUST = {"trust": "Trust in the {} map", "torn": "Neighbors torn away, {}", "false": "False neighbors, {}"}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One way to color, for the list; ``group`` heads its neighbors."""

    value: str
    label: str
    group: str


@dataclass(frozen=True, kw_only=True)
class Coloring:
    """A column as colors: codes into ``names`` (-1 = none), most frequent first, or numbers (NaN = none)."""

    value: str
    title: str
    kind: Literal["category", "number"]
    codes: npt.NDArray[np.int64]
    names: Sequence[str]
    ids: Sequence[int]
    counts: Sequence[int]
    none_name: str
    numbers: npt.NDArray[np.float32]
    palette: Sequence[str]
    missing: str = MISSING

    def frame(self) -> bytes:
        """Return what the map fetches: u16 codes or f32 numbers, little endian."""
        if self.kind == "number":
            return self.numbers.astype("<f4").tobytes()
        return np.where(self.codes < 0, NO_CODE, self.codes).astype("<u2").tobytes()

    @property
    def range(self) -> tuple[float, float]:
        """Give the smallest and largest number; 0 and 1 where there is none."""
        known = self.numbers[np.isfinite(self.numbers)]
        if not len(known):
            return 0.0, 1.0
        low, high = float(known.min()), float(known.max())
        return (low, high) if high > low else (low, low + 1.0)


def choices(snap: Snapshot) -> list[Choice]:
    """List what the map can be colored by now."""
    found = []
    if snap.clustering is not None:
        found.append(Choice(value="cluster", label="Cluster", group="Structure"))
    others = list(snap.clusterings)[1:]
    found += [
        Choice(value=f"clusters:{name}", label=f"Cluster by {clusterer_name(name)}", group="Structure") for name in others
    ]
    if snap.label_names:
        found.append(Choice(value="label", label="Label", group="Structure"))
    if snap.splits:
        found.append(Choice(value="split", label="Split", group="Structure"))
    if snap.sources:
        found.append(Choice(value="source", label="Source", group="Structure"))
    found.append(Choice(value="decision", label="Decision", group="Structure"))
    ran = [name for name, check in snap.checks.items() if not check.skipped]
    found += [Choice(value=f"severity:{name}", label=check_title(name), group="Severity") for name in ran]
    found += [Choice(value=f"measure:{name}", label=check_title(name), group="Geometry") for name in snap.measures]
    for name in snap.maps:
        found += [
            Choice(value=f"{kind}:{name}", label=words.format(map_name(name)), group="Trust") for kind, words in TRUST.items()
        ]
    for name in snap.person_columns:
        if not (name == "source" and snap.sources) and _colorable(snap.dataset.rows.column(name)):
            found.append(Choice(value=f"column:{name}", label=name, group="Columns"))
    return found


def coloring(snap: Snapshot, value: str, layer: int | None = None) -> Coloring:
    """Read a column as colors; an unknown one, or one that is gone, reads as the first there is."""
    known = {choice.value: choice for choice in choices(snap)}
    if value not in known:
        value = next(iter(known))
    title = known[value].label
    if value == "cluster":
        return _clusters(snap, layer)
    if value == "label":
        return _categories(value, title, (snap.label_codes, snap.label_names), "no label")
    if value == "split":
        return _categories(value, title, encode(snap.dataset.rows.column("split")), "no split")
    if value == "source":
        return _categories(value, title, encode(snap.dataset.rows.column("source")), "no source")
    if value == "decision":
        return _categories(value, title, (_decisions(snap), DECISIONS), "undecided")
    kind, _, name = value.partition(":")
    if kind == "clusters":
        return _clusters(snap, layer, name)
    if kind == "measure":
        return _numbers(value, title, snap.measures[name])
    if kind in TRUST:
        return _numbers(value, title, getattr(snap.maps[name], kind))
    if kind == "severity":
        return _numbers(value, f"{title} severity", snap.checks[name].severity)
    column = snap.dataset.rows.column(name)
    if _is_number(column.type) and pa.compute.count_distinct(column).as_py() > 12:
        return _numbers(value, title, np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float32))
    codes, items = encode(column)
    return _categories(value, title, (codes, [str(item) for item in items]), "none")


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _colorable(column: pa.ChunkedArray) -> bool:
    if _is_number(column.type):
        return True
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_boolean(column.type)):
        return False
    distinct = int(pa.compute.count_distinct(column).as_py())
    return 2 <= distinct <= MAX_CATEGORIES and distinct <= max(len(column) // 2, 2)


def _decisions(snap: Snapshot) -> npt.NDArray[np.int64]:
    """Give what was decided about each row as a place in ``DECISIONS``; -1 = nothing."""
    kept = np.zeros(snap.n, dtype=bool)
    for check in snap.checks.values():
        kept |= check.kept
    found: npt.NDArray[np.int64] = np.select([snap.excluded, snap.decided.codes >= 0, snap.tags.any, kept], [0, 1, 2, 3], -1)
    return found


def clusterer_name(name: str) -> str:
    """Return how a clustering is called on the screen."""
    return CLUSTERERS.get(name, name)


def clustering_of(snap: Snapshot, value: str) -> Clustering | None:
    """Give the clustering that a way to color shows; None for other columns."""
    kind, _, name = value.partition(":")
    if value == "cluster":
        return snap.clustering
    return snap.clusterings.get(name) if kind == "clusters" else None


def _clusters(snap: Snapshot, layer: int | None, name: str = "") -> Coloring:
    value = f"clusters:{name}" if name else "cluster"
    clustering = clustering_of(snap, value)
    assert clustering is not None
    labels = clustering.layers[layer_of(clustering, layer)] if name else snap.clusters_at(layer)
    ids, places = np.unique(labels[labels >= 0], return_inverse=True)
    counts = np.bincount(places, minlength=len(ids))
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(ids), dtype=np.int64)
    rank[order] = np.arange(len(ids))
    codes = np.full(snap.n, -1, dtype=np.int64)
    codes[labels >= 0] = rank[places]
    known = snap.cluster_names if not name else snap.other_names.get(name, {})
    names = [known.get(int(id_)) or f"cluster {int(id_)}" for id_ in ids[order]]
    return Coloring(
        value=value,
        title="Cluster",
        kind="category",
        codes=codes,
        names=names,
        ids=[int(id_) for id_ in ids[order]],
        counts=[int(count) for count in counts[order]],
        none_name="in no cluster",
        numbers=np.zeros(0, dtype=np.float32),
        palette=categorical(len(ids)),
    )


def _categories(value: str, title: str, items: tuple[npt.NDArray[np.int64], Sequence[str]], none_name: str) -> Coloring:
    """Make colors of codes (n, -1 = none) into different words; the most frequent words come first, the rarest may have no color."""
    codes, words = items
    counts = np.bincount(codes[codes >= 0], minlength=len(words)).tolist()
    used = sorted((number for number, count in enumerate(counts) if count), key=lambda number: (-counts[number], words[number]))
    used = used[:MAX_CATEGORIES]
    names = [words[number] for number in used]
    place = np.full(len(words) + 1, -1, dtype=np.int64)
    place[used] = np.arange(len(used))
    return Coloring(
        value=value,
        title=title,
        kind="category",
        codes=place[codes],
        names=names,
        ids=list(range(len(names))),
        counts=[counts[number] for number in used],
        none_name=none_name,
        numbers=np.zeros(0, dtype=np.float32),
        palette=categorical(len(names)),
    )


def _numbers(value: str, title: str, numbers: npt.NDArray[np.float32]) -> Coloring:
    return Coloring(
        value=value,
        title=title,
        kind="number",
        codes=np.zeros(0, dtype=np.int64),
        names=[],
        ids=[],
        counts=[],
        none_name="none",
        numbers=numbers,
        palette=sequential(16),
    )
