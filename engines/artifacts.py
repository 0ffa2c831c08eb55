"""The values that flow between the stages: frozen, checked once when they are made, arrays read-only, each with a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engines.issue_result import PAIR_SCHEMA, Float32, Int32, IssueResult
from engines.keys import digest
from engines.mapped import let_go
from engines.value import Artifact, InvalidValue, require

Kind = Literal["pictures", "texts", "table", "vectors"]

NO_CLUSTER = -1
ROW_COLUMNS = ("id", "path", "label", "split")
RESERVED = frozenset(
    {*ROW_COLUMNS, "x", "y", "cluster", "cluster_name", "strength", "suggested_label", "label_decided", "excluded", "tags"}
)
REJECT_SCHEMA = pa.schema(
    [("id", pa.string()), ("path", pa.string()), ("row", pa.int64()), ("stage", pa.string()), ("reason", pa.string())]
)


@dataclass(frozen=True, kw_only=True)
class Dataset(Artifact):
    r"""The rows of a data set.

    ``rows`` holds the columns id, path, label, split (strings; label and split may be null), then the person's own columns
    (a name that this project uses itself is read as ``own_<name>``). ``path`` is what a person reads: the path relative to
    ``root``, ``\xNN`` for bytes that are no text; null where a row has no file. ``media`` says where the media of each row lies
    (see ``engines.media``): its column ``media`` holds a path as bytes, the text of the row, or null (vectors, tables); ``offset``,
    ``length`` and ``codec``, where present, cut a member out of a container. ``stats`` holds size, mtime_ns and inode of the file per
    row (int64, shape (n, 3)); (0, 3) without files. ``rejects`` lists what could not be used (``REJECT_SCHEMA``); ``counts`` says
    how many things were passed over in silence on purpose (junk files, hidden files, broken links).

    ``origin`` is what the reader understood, as plain values, for the screen and for exports that write what was read: ``reader``,
    ``format``, ``roles`` (part -> column of the source: image, text, label, split, id, caption, ...), ``columns`` (the source's own
    names in their order), ``names`` (column of the source -> column of ``rows``, where they differ), ``label_names`` (where labels
    were numbers with names), ``features`` (columns that make the vector of a table), and what else a reader needs to be repeated.
    """

    kind_name: ClassVar[str] = "dataset"
    kind: Kind
    source: str
    root: str
    rows: pa.Table
    media: pa.Table
    stats: npt.NDArray[np.int64]
    rejects: pa.Table
    counts: dict[str, int] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)
    media_key: str
    columns_key: str

    def check(self) -> None:
        """Check that columns are in order and ids are unique and never empty."""
        require(tuple(self.rows.column_names[:4]) == ROW_COLUMNS, f"columns start with {self.rows.column_names[:4]}")
        own = set(self.rows.column_names[4:])
        require(not own & RESERVED, f"own columns use reserved names: {sorted(own & RESERVED)}")
        ids = self.rows.column("id").cast(pa.string())  # without rows Arrow knows no type
        require(ids.null_count == 0 and not pc.any(pc.equal(ids, "")).as_py(), "an id is empty")
        require(pc.count_distinct(ids).as_py() == len(ids), "ids repeat")
        require(self.media.num_rows == len(ids), "media and rows differ in length")
        require(self.stats.shape in {(len(ids), 3), (0, 3)}, f"stats have shape {self.stats.shape}")
        require(self.rejects.schema.equals(REJECT_SCHEMA), "rejects have another schema")

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @cached_property
    def ids(self) -> Sequence[str]:
        """Give the ids in row order."""
        return list(self.rows.column("id").to_pylist())

    @property
    def labels(self) -> list[str | None]:
        """Give the labels in row order; None where a row has none."""
        return list(self.rows.column("label").to_pylist())

    @property
    def own_columns(self) -> list[str]:
        """Name the person's own columns."""
        return list(self.rows.column_names[4:])

    def media_of(self, row: int) -> bytes | str | None:
        """Give the relative path (bytes) or the text of a row; None for vectors."""
        value: bytes | str | None = self.media.column(0)[row].as_py()
        return value

    def blocks(self, size: int) -> Iterator[range]:
        """Cut the row numbers into ranges of at most ``size`` rows."""
        for start in range(0, len(self), size):
            yield range(start, min(start + size, len(self)))

    def take(self, rows: npt.NDArray[np.int64], rejects: pa.Table | None = None) -> Dataset:
        """Keep some rows in the given order; further ``rejects`` are added to those known."""
        if len(rows) == len(self) and rejects is None and bool(np.all(rows == np.arange(len(self)))):
            return self
        picked = pa.array(rows)
        keep = digest(np.ascontiguousarray(rows, dtype=np.int64).tobytes())
        return Dataset(
            key=digest("take", self.key, keep),
            kind=self.kind,
            source=self.source,
            root=self.root,
            rows=self.rows.take(picked),
            media=self.media.take(picked),
            stats=self.stats[rows] if len(self.stats) else self.stats,
            rejects=self.rejects if rejects is None else pa.concat_tables([self.rejects, rejects]),
            counts=self.counts,
            origin=self.origin,
            media_key=digest("take", self.media_key, keep),
            columns_key=digest("take", self.columns_key, keep),
        )


@dataclass(frozen=True, kw_only=True)
class PictureFacts(Artifact):
    """What one decode of each picture tells.

    ``facts`` has one row per row of the data set: content_hash (string, hash of the file's bytes), pixel_hash (string, hash of the
    upright pixels, size and mode), dhash and phash (uint64), width, height (pixels, upright), mode (string), format (string),
    file_size (bytes), brightness_p1, brightness_p5, brightness_p50, brightness_p95, brightness_p99 (0..1), entropy (bits,
    0..8), sharpness (variance of the Laplacian at a side of at most 256), colorfulness (0 = gray), signature (256 bytes: the upright
    picture as 16 x 16 gray values, box-resized, row by row), colors (48 bytes: the same as 4 x 4 RGB values).
    """

    kind_name: ClassVar[str] = "facts"
    COLUMNS: ClassVar[dict[str, pa.DataType]] = {
        "content_hash": pa.string(),
        "pixel_hash": pa.string(),
        "dhash": pa.uint64(),
        "phash": pa.uint64(),
        "width": pa.int32(),
        "height": pa.int32(),
        "mode": pa.string(),
        "format": pa.string(),
        "file_size": pa.int64(),
        "brightness_p1": pa.float32(),
        "brightness_p5": pa.float32(),
        "brightness_p50": pa.float32(),
        "brightness_p95": pa.float32(),
        "brightness_p99": pa.float32(),
        "entropy": pa.float32(),
        "sharpness": pa.float32(),
        "colorfulness": pa.float32(),
        "signature": pa.binary(256),
        "colors": pa.binary(48),
    }
    facts: pa.Table

    def check(self) -> None:
        """Check the columns and that no hash is null."""
        require(self.facts.schema.equals(pa.schema(list(self.COLUMNS.items()))), "facts have another schema")
        require(all(self.facts.column(name).null_count == 0 for name in self.COLUMNS), "a fact is null")

    def __len__(self) -> int:
        return int(self.facts.num_rows)

    def column(self, name: str) -> npt.NDArray[Any]:
        """Give a column as a numpy array."""
        array: npt.NDArray[Any] = self.facts.column(name).to_numpy()
        return array


@dataclass(frozen=True, kw_only=True)
class Embeddings(Artifact):
    """The encoder's raw output: ``vectors`` float32 (n, d), ``probabilities`` float16 (n, classes) or (n, 0) without classes.

    ``vocabulary`` names the table that the classes index (``"imagenet1k"``) or is empty.
    """

    kind_name: ClassVar[str] = "embeddings"
    encoder: str
    vectors: Float32
    probabilities: npt.NDArray[np.float16]
    vocabulary: str = ""

    def check(self) -> None:
        """Check that vectors are finite float32 (in blocks, so that memory stays bounded)."""
        require(self.vectors.ndim == 2 and self.vectors.dtype == np.float32, f"vectors are {self.vectors.dtype}")
        require(self.probabilities.shape[0] == len(self.vectors), "probabilities and vectors differ in length")
        for start in range(0, len(self.vectors), 65536):
            require(bool(np.isfinite(self.vectors[start : start + 65536]).all()), "a vector is not finite")
            let_go(self.vectors)

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True, kw_only=True)
class NeighborGraph(Artifact):
    """The k nearest neighbors of the unique valid rows ("nodes").

    ``indices`` int32 (m, k) and ``distances`` float32 (m, k): nodes, self removed, ascending distance; cosine distance 1 - cos
    of centered vectors for ``metric`` cosine, else euclidean distance. k = min(wanted, m - 1) and may be 0. ``unique_of`` int32 (n):
    node of each row, -1 for rows without a direction (zero vectors). ``representative`` int32 (m): first row of each node.
    ``center`` float32 (d): the mean that was subtracted (zeros for euclidean). ``nodes`` float32 (m, d'): the prepared vectors of the
    nodes (centered and normalized, perhaps reduced by PCA), what distances were measured on.
    """

    kind_name: ClassVar[str] = "neighbors"
    metric: Literal["cosine", "euclidean"]
    indices: Int32
    distances: Float32
    unique_of: Int32
    representative: Int32
    center: Float32
    nodes: Float32
    mean_cosine: float
    recall: float
    notes: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Check shapes, ranges, order, and that no node is its own neighbor."""
        m, k = self.indices.shape
        require(self.distances.shape == (m, k), "indices and distances differ in shape")
        require(self.indices.dtype == np.int32 and self.distances.dtype == np.float32, "wrong dtype")
        require(len(self.representative) == m and len(self.nodes) == m, "representative or nodes differ in length")
        if k:
            for start in range(0, m, 65536):
                near, away = self.indices[start : start + 65536], self.distances[start : start + 65536]
                own = np.arange(start, start + len(near), dtype=np.int32)[:, None]
                require(bool((near >= 0).all() and (near < m).all()), "a neighbor is no node")
                require(bool(np.isfinite(away).all() and (away >= 0).all()), "a distance is not finite or negative")
                require(bool((np.diff(away, axis=1) >= 0).all()), "distances are not ascending")
                require(not bool((near == own).any()), "a node is its own neighbor")
        require(bool((self.unique_of >= -1).all() and (self.unique_of < max(m, 1)).all()), "unique_of out of range")

    @property
    def m(self) -> int:
        """Count the nodes."""
        return len(self.indices)

    @property
    def k(self) -> int:
        """Count the neighbors per node."""
        return int(self.indices.shape[1])

    def to_rows(self, per_node: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """Expand values per node (m, ...) to values per row (n, ...); rows without a node get ``missing``."""
        rows = np.empty((len(self.unique_of), *per_node.shape[1:]), dtype=per_node.dtype)
        valid = self.unique_of >= 0
        rows[valid] = per_node[self.unique_of[valid]]
        rows[~valid] = missing
        return rows


def _unknown() -> Float32:
    return np.empty(0, dtype=np.float32)


def below(coords: Float32) -> Float32:
    """Give the place (2) below the middle of a map where that goes which lies near nothing on it."""
    if not len(coords):
        return np.zeros(2, dtype=np.float32)
    low, high = coords.min(axis=0), coords.max(axis=0)
    return np.array([(low[0] + high[0]) / 2, low[1] - 0.06 * max(float(high[1] - low[1]), 1.0)], dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Projection(Artifact):
    """A map: ``coords`` float32 (n, 2), finite; rows that share a node share a position.

    ``torn`` and ``false`` float32 (n), 0..1, say how far the map can be trusted at a row (see ``engines.project.trust``): the share of its
    true neighbors that lie elsewhere, and the share of its neighbors on the map that are none; NaN where nothing is known, length 0 where
    nothing was measured.
    """

    kind_name: ClassVar[str] = "projection"
    name: str
    coords: Float32
    torn: Float32 = field(default_factory=_unknown)
    false: Float32 = field(default_factory=_unknown)
    notes: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Check that coordinates are finite and shares lie in 0..1."""
        require(self.coords.ndim == 2 and self.coords.dtype == np.float32, "coords are no float32 table")
        require(bool(np.isfinite(self.coords).all()), "a coordinate is not finite")
        for share in (self.torn, self.false):
            require(len(share) in (0, len(self.coords)), "a share of neighbors is missing")
            known = share[~np.isnan(share)]
            require(bool(((known >= 0) & (known <= 1)).all()), "a share of neighbors is no share")

    @property
    def trust(self) -> Float32:
        """Give float32 (n): 1 less the mean of ``torn`` and ``false``; NaN where nothing is known."""
        if not len(self.torn):
            return np.full(len(self.coords), np.nan, dtype=np.float32)
        return np.asarray(1.0 - (self.torn + self.false) / 2.0, dtype=np.float32)

    def place(self, neighbors: npt.NDArray[Any], distances: npt.NDArray[Any]) -> Float32:
        """Place new rows by their nearest among the rows of this map; gives float32 (q, 2).

        ``neighbors`` (q, k): row numbers, -1 = none; ``distances`` (q, k), ascending, not finite = none. A position is the mean of the
        neighbors' with the weights exp(-2 (d - d1) / (dk - d1)), where d1 and dk are the distances to the first and the last of them; a row
        that coincides with neighbors (distance 0) lies where the first of those lies. A row without neighbors lies below the middle of the
        map.
        """
        neighbors, distances = np.asarray(neighbors), np.asarray(distances, dtype=np.float64)
        there = (neighbors >= 0) & np.isfinite(distances)
        away = np.where(there, distances, np.inf)
        first = away.min(axis=1, initial=np.inf)
        last = np.where(there, away, -np.inf).max(axis=1, initial=-np.inf)
        alone = ~there.any(axis=1)
        first[alone] = last[alone] = 0.0
        weights = np.where(there, np.exp(-2.0 * (away - first[:, None]) / np.maximum(last - first, 1e-30)[:, None]), 0.0)
        same = there & (away == 0)
        twin = same & (np.cumsum(same, axis=1) == 1)
        weights = np.where(same.any(axis=1)[:, None], twin, weights)
        places = np.zeros((len(neighbors), 2))
        for column in range(neighbors.shape[1]):  # one neighbor at a time: memory stays at a few numbers per row
            chosen = np.flatnonzero(there[:, column])
            places[chosen] += weights[chosen, column, None] * self.coords[neighbors[chosen, column]]
        places /= np.where(alone, 1.0, weights.sum(axis=1))[:, None]
        if alone.any():
            places[alone] = below(self.coords)
        return np.asarray(places, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Measure(Artifact):
    """A figure per row that the graph tells: ``values`` float32 (n), NaN where it is unknown."""

    kind_name: ClassVar[str] = "measure"
    name: str
    values: Float32
    notes: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Check that values are numbers or unknown, never infinite."""
        require(self.values.ndim == 1 and self.values.dtype == np.float32, "values are no float32 column")
        require(not bool(np.isinf(self.values).any()), "a value is infinite")


@dataclass(frozen=True, kw_only=True)
class Clustering(Artifact):
    """Nested clusters of rows.

    ``layers`` int32 (number of layers, n), row 0 coarsest; -1 = noise. Cluster ids are unique over all layers: layer l uses the ids
    ``offsets[l] .. offsets[l + 1] - 1``, all of them used. Each cluster of a finer layer lies in one cluster of the next coarser layer.
    ``strength`` float32 (n): how firmly a row belongs to its cluster of the default layer, 0..1, 0 for noise.
    """

    kind_name: ClassVar[str] = "clustering"
    name: str
    layers: Int32
    strength: Float32
    default_layer: int
    notes: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Check that ids are contiguous over the layers and that the layers nest."""
        require(self.layers.ndim == 2 and self.layers.dtype == np.int32, "layers are no int32 table")
        count, n = self.layers.shape
        require(len(self.strength) == n and 0 <= self.default_layer < count, "strength or default layer is wrong")
        coarse, first = None, 0
        for number, layer in enumerate(self.layers):
            inside = layer >= 0
            ids = layer[inside]
            size = max(int(ids.max(initial=-1)) + 1 - first, 0)
            # No layer has more clusters than rows: a wild id must not cost memory before it is refused.
            contiguous = size <= n and int(ids.min(initial=first)) >= first
            require(contiguous and bool((layer >= NO_CLUSTER).all()), f"ids of layer {number} are not contiguous")
            parent = np.full(size, NO_CLUSTER - 1, dtype=np.int32)
            parent[ids - first] = NO_CLUSTER if coarse is None else coarse[inside]
            require(bool((parent >= NO_CLUSTER).all()), f"ids of layer {number} are not contiguous")
            if coarse is not None:
                require(bool((parent[ids - first] == coarse[inside]).all()), "a finer cluster lies in two coarser ones")
            coarse, first = layer, first + size

    @property
    def labels(self) -> Int32:
        """Give the cluster of each row in the default layer."""
        labels: Int32 = self.layers[self.default_layer]
        return labels

    def clusters(self, layer: int) -> npt.NDArray[np.int32]:
        """List the ids of a layer."""
        found: npt.NDArray[np.int32] = np.unique(self.layers[layer][self.layers[layer] >= 0])
        return found

    def parent(self, cluster: int, layer: int) -> int:
        """Give the cluster of the next coarser layer that holds this one; -1 at the top or where it is noise there."""
        if layer == 0:
            return NO_CLUSTER
        return int(self.layers[layer - 1][np.argmax(self.layers[layer] == cluster)])


@dataclass(frozen=True, kw_only=True)
class Names(Artifact):
    """Names of all clusters of a clustering.

    ``table``: cluster (int32), name, second_name, source (captions, texts, joint, wordnet, labels, none), score (float32, 0..1).
    """

    kind_name: ClassVar[str] = "names"
    SCHEMA: ClassVar[pa.Schema] = pa.schema(
        [
            ("cluster", pa.int32()),
            ("name", pa.string()),
            ("second_name", pa.string()),
            ("source", pa.string()),
            ("score", pa.float32()),
        ]
    )
    table: pa.Table

    def check(self) -> None:
        """Check the schema and that each cluster has one name."""
        require(self.table.schema.equals(self.SCHEMA), "names have another schema")
        clusters = self.table.column("cluster").to_pylist()
        require(len(set(clusters)) == len(clusters), "a cluster has two rows of names")


__all__ = [
    "NO_CLUSTER",
    "PAIR_SCHEMA",
    "REJECT_SCHEMA",
    "RESERVED",
    "ROW_COLUMNS",
    "Artifact",
    "Clustering",
    "Dataset",
    "Embeddings",
    "Float32",
    "Int32",
    "InvalidValue",
    "IssueResult",
    "Kind",
    "Measure",
    "Names",
    "NeighborGraph",
    "PictureFacts",
    "Projection",
    "below",
    "require",
]
