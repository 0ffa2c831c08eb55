"""What each stage promises: one call per engine, values in, one value out, progress called often."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.artifacts import (
    Clustering,
    Dataset,
    Embeddings,
    Float32,
    Int32,
    IssueResult,
    Kind,
    Names,
    NeighborGraph,
    PictureFacts,
    Projection,
)

Progress = Callable[[float, str], None]
"""Called with the fraction done (0..1) and a short message; raises ``Cancelled`` to stop the engine."""


def no_progress(fraction: float, message: str) -> None:
    """Ignore progress."""


def part(progress: Progress, low: float, high: float) -> Progress:
    """Map the 0..1 of a step onto ``low..high`` of the whole."""

    def scaled(fraction: float, message: str) -> None:
        progress(low + (high - low) * min(max(fraction, 0.0), 1.0), message)

    return scaled


def available_threads() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """What a person said about the source on the command line or in the app; None = find out."""

    label: str | None = None
    split: str | None = None
    id: str | None = None
    text: str | None = None
    image: str | None = None
    limit: int | None = None
    embeddings: str | None = None
    predictions: str | None = None
    probabilities: str | None = None


class Reader(Protocol):
    """Read a source as rows, without decoding any media. ``reads`` tells by name and header whether it is this reader's."""

    kind: ClassVar[Kind]

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Tell whether this reader takes the source."""
        ...

    def __call__(self, source: Path, options: SourceOptions, *, progress: Progress) -> tuple[Dataset, Float32 | None]:
        """Read the rows, and the vectors where the source itself holds them.

        Raises:
            SourceError: when the source as a whole cannot be read; single bad rows become rejects.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class EncodedBatch:
    """Vectors float32 (b, d) and class probabilities float16 (b, c), c = 0 without classes."""

    vectors: Float32
    probabilities: npt.NDArray[np.float16]


@runtime_checkable
class PictureEncoder(Protocol):
    """Turn prepared pictures into vectors. ``prepare`` runs in decoding threads, the call itself in one thread, by batches.

    ``input_side``: what both sides of a decoded picture need to have at least (the decoder may use JPEG draft mode down to it).
    """

    modality: ClassVar[str]
    vocabulary: ClassVar[str]
    input_side: ClassVar[int]

    def prepare(self, picture: Image.Image) -> npt.NDArray[Any]:
        """Crop, resize and scale one upright RGB picture to the encoder's input array (any fixed shape and dtype)."""
        ...

    def __call__(self, prepared: npt.NDArray[Any]) -> EncodedBatch:
        """Encode a batch (b, ...) of prepared pictures; loads the weights on the first call."""
        ...


class GraphBuilder(Protocol):
    """Find the k nearest neighbors of the unique valid rows; the one guard against bad vectors is here."""

    def __call__(self, embeddings: Embeddings, *, progress: Progress) -> NeighborGraph:
        """Build the graph; never fails for small, constant or duplicate data."""
        ...


class Projector(Protocol):
    """Lay the rows out on a map, from the graph."""

    def __call__(self, graph: NeighborGraph, *, progress: Progress) -> Projection:
        """Project; finite for every graph, also with m = 0, 1, 2, 3 or k = 0."""
        ...


class Clusterer(Protocol):
    """Group the rows, from the graph (or its prepared vectors), never from a map."""

    def __call__(self, graph: NeighborGraph, *, progress: Progress) -> Clustering:
        """Cluster; a valid Clustering for every graph, also with m = 0, 1, 2 or k = 0."""
        ...


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that a name or a check may lean on; what is missing is None."""

    dataset: Dataset
    embeddings: Embeddings | None = None
    graph: NeighborGraph | None = None
    facts: PictureFacts | None = None
    clustering: Clustering | None = None

    def has(self, need: str) -> bool:
        """Tell whether a need is met: labels, vectors, neighbors, pictures, splits, probabilities, captions, clusters."""
        if need == "labels":
            return len({label for label in self.dataset.labels if label is not None}) >= 1
        if need == "splits":
            return bool(self.dataset.rows.column("split").null_count < len(self.dataset))
        if need == "captions":
            return "caption" in self.dataset.own_columns
        if need == "probabilities":
            return bool(self.embeddings is not None and self.embeddings.probabilities.shape[1] > 0)
        values: dict[str, object] = {
            "vectors": self.embeddings,
            "neighbors": self.graph,
            "pictures": self.facts,
            "clusters": self.clustering,
        }
        return values[need] is not None

    def keys(self, needs: Sequence[str]) -> list[str]:
        """Give the keys of the values that stand behind the needs, for the key of what is computed from them."""
        found = {"rows": self.dataset.media_key}
        for need in needs:
            if need in ("labels", "splits", "captions"):
                found["columns"] = self.dataset.columns_key
            for names, value in (
                (("vectors", "probabilities"), self.embeddings),
                (("neighbors",), self.graph),
                (("pictures",), self.facts),
                (("clusters",), self.clustering),
            ):
                if need in names and value is not None:
                    found[need] = value.key
        return [f"{name}={key}" for name, key in sorted(found.items())]


class Namer(Protocol):
    """Name every cluster of every layer."""

    needs: ClassVar[tuple[str, ...]]
    uses: ClassVar[tuple[str, ...]]

    def __call__(self, evidence: Evidence, *, progress: Progress) -> Names:
        """Name the clusters; says so where a cluster has no clear name."""
        ...


class Check(Protocol):
    """Find one kind of problem. ``needs`` must be met or the check is skipped with words; ``uses`` is taken when it is there."""

    needs: ClassVar[tuple[str, ...]]
    uses: ClassVar[tuple[str, ...]]
    scope: ClassVar[str]

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every row; never fails for one class, n = 1 or all duplicates."""
        ...


@dataclass(frozen=True, kw_only=True)
class ExportRow:
    """One row that leaves: its id, its file (None for vectors), what was decided, and its columns."""

    id: str
    file: bytes | None
    label: str | None
    split: str | None
    columns: Mapping[str, Any] = field(default_factory=dict)


class Exporter(Protocol):
    """Write the rows that stay into a fresh folder; the caller made it and will rename or remove it."""

    suffix: ClassVar[str]

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write below ``target``; give what belongs into export.json (names that were changed, hashes of files)."""
        ...


__all__ = [
    "Check",
    "Clusterer",
    "EncodedBatch",
    "Evidence",
    "ExportRow",
    "Exporter",
    "GraphBuilder",
    "Int32",
    "Namer",
    "PictureEncoder",
    "Progress",
    "Projector",
    "Reader",
    "SourceOptions",
    "available_threads",
    "no_progress",
    "part",
]
