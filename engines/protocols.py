"""What each stage promises: one call per engine, values in, one value out, progress called often."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
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
    Measure,
    Names,
    NeighborGraph,
    PictureFacts,
    Projection,
)
from engines.errors import ParameterError
from engines.spaces import Lexicon

Progress = Callable[[float, str], None]
"""Called with the fraction done (0..1) and a short message; raises ``Cancelled`` to stop the engine."""


def no_progress(fraction: float, message: str) -> None:
    """Ignore progress."""


def part(progress: Progress, low: float, high: float) -> Progress:
    """Map the 0..1 of a step onto ``low..high`` of the whole."""

    def scaled(fraction: float, message: str) -> None:
        progress(low + (high - low) * min(max(fraction, 0.0), 1.0), message)

    return scaled


def titled(progress: Progress, title: str) -> Progress:
    """Put what is being done before every message, as it stands before the messages of a worker."""
    return lambda fraction, message: progress(fraction, f"{title}: {message}")


def available_threads() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """What a person said about the source on the command line or in the app; None = find out.

    ``features``: columns whose numbers and categories make the vector of a row of a table, comma-separated. ``source_names``: what
    several sources are called, in their order.
    """

    label: str | None = None
    split: str | None = None
    id: str | None = None
    text: str | None = None
    image: str | None = None
    caption: str | None = None
    features: str | None = None
    source_names: tuple[str, ...] = ()
    limit: int | None = None
    embeddings: str | None = None
    predictions: str | None = None
    probabilities: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no reader can use.

        Raises:
            ParameterError: for a limit that is no whole number from 1 on, and for a column that is not named by text.
        """
        limit: Any = self.limit
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, Integral) or int(limit) < 1):
            raise ParameterError(f"--limit cannot be {limit!r:.60}", "a whole number, at least 1")
        for name in ("label", "split", "id", "text", "image", "caption", "features"):
            column = getattr(self, name)
            if not isinstance(column, str | None):
                raise ParameterError(f"--{name} cannot be {column!r:.60}", "give the name of a column as text")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a source holds: its rows, and the ready-made vectors that it brings, float32 (n, d) by name in the source's order.

    Vectors are rows of ``dataset``: finite, in its order. ``keys``: those of ``engines.vectors_key`` by name, as far as the reader made them
    while it read.
    """

    dataset: Dataset
    vectors: Mapping[str, Float32] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


class Reader(Protocol):
    """Read a source as rows, without decoding any media. ``reads`` tells by name and header whether it is this reader's."""

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Tell whether this reader takes the source; never raises."""
        ...

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:
        """Read the rows, and the vectors where the source itself holds them.

        ``scratch`` is a folder of the workspace, made on first use, for what would be slow to find again: an index of the members of a
        tar file, media that lie compressed inside of a table. Everything in it may be deleted at any time.

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


@runtime_checkable
class JointEncoder(PictureEncoder, Protocol):
    """A picture encoder with a text tower: words and pictures land in one space (CLIP and its kin)."""

    def encode_texts(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Float32:
        """Encode texts to float32 (b, d), not normalized, in the space of the pictures."""
        ...


@runtime_checkable
class TextEncoder(Protocol):
    """Turn texts into vectors, each text by itself: what else is in the batch does not matter."""

    modality: ClassVar[str]

    def encode_texts(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Float32:
        """Encode texts to float32 (b, d); loads the weights on the first call."""
        ...


@runtime_checkable
class CorpusEncoder(Protocol):
    """Turn all rows of a data set into vectors at once, since what a row gets depends on the others (TF-IDF, scaled columns)."""

    modality: ClassVar[str]

    def encode_rows(self, dataset: Dataset, *, progress: Progress = no_progress) -> Float32:
        """Encode the rows to float32 (n, d), finite."""
        ...


Encoder = PictureEncoder | TextEncoder | CorpusEncoder
"""What the stage embed offers. A class variable ``modality`` says for which kind of data set ("pictures", "texts", "table").

An encoder that reads a model from a folder has a property ``content_key``: a hash of the model's files, which enters the key of what it
makes in place of the folder's name.
"""


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
    lexicon: Lexicon | None = None

    def has(self, need: str) -> bool:
        """Tell whether a need is met: labels, vectors, neighbors, pictures, texts, splits, probabilities, captions, clusters, lexicon."""
        if need == "labels":
            return bool(self.dataset.rows.column("label").null_count < len(self.dataset))
        if need == "splits":
            return bool(self.dataset.rows.column("split").null_count < len(self.dataset))
        if need == "captions":
            return self.dataset.kind == "texts" or "caption" in self.dataset.own_columns
        if need == "texts":
            return self.dataset.kind == "texts"
        if need == "probabilities":
            return bool(self.embeddings is not None and self.embeddings.probabilities.shape[1] > 0)
        values: dict[str, object] = {
            "vectors": self.embeddings,
            "neighbors": self.graph,
            "pictures": self.facts,
            "clusters": self.clustering,
            "lexicon": self.lexicon,
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
                (("lexicon",), self.lexicon),
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


class Measurer(Protocol):
    """Say one figure about the place of every row among the others, from the graph. ``needs`` and ``uses`` as for a check."""

    needs: ClassVar[tuple[str, ...]]
    uses: ClassVar[tuple[str, ...]]

    def __call__(self, evidence: Evidence, *, progress: Progress) -> Measure:
        """Measure every row; NaN where nothing is known, never fails for m = 0, 1, 2, k = 0 or one class."""
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
    """One row that leaves: its id, its media, what was decided, and its columns.

    ``file`` is the path of a file that holds this row's media and nothing else; None where there is no such file. ``text`` is the text of
    a row of texts. ``read`` gives the bytes of the media wherever they lie (a member of a tar file too); None where there are none.
    """

    id: str
    file: bytes | None
    name: str = ""
    text: str | None = None
    read: Callable[[], bytes] | None = None
    label: str | None
    split: str | None
    columns: Mapping[str, Any] = field(default_factory=dict)


class Exporter(Protocol):
    """Write the rows that stay into a fresh folder; the caller made it and will rename or remove it.

    ``with_findings``: whether what was found out (map positions, severities, clusters) goes along beside the person's own columns.
    """

    suffix: ClassVar[str]
    with_findings: ClassVar[bool]

    @classmethod
    def fits(cls, dataset: Dataset) -> str:
        """Say in words why this format cannot hold such a data set; empty where it can. Never raises, reads no file."""
        ...

    def __call__(self, rows: Iterator[ExportRow], target: Path, *, progress: Progress) -> Mapping[str, Any]:
        """Write below ``target``; give what belongs into export.json (names that were changed, hashes of files)."""
        ...


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """What a text query is compared with; ``embed_query`` turns texts into the space of ``embeddings`` (None: it has no text tower).

    ``embed_words`` turns texts into the space of a text encoder, for whoever compares words with words; None where there is none.
    """

    dataset: Dataset
    embeddings: Embeddings
    embed_query: Callable[[Sequence[str]], Float32] | None = None
    embed_words: Callable[[Sequence[str]], Float32] | None = None


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How well each row fits a query: ``scores`` float32 (n), higher is better; ``cut`` from which a row counts as found.

    ``notes`` say in words what the engine understood, and what it cannot know.
    """

    scores: Float32
    cut: float
    engine: str
    notes: tuple[str, ...] = ()


class Searcher(Protocol):
    """Rank the rows of a data set by how well they fit words."""

    @classmethod
    def fits(cls, space: SearchSpace) -> bool:
        """Tell whether this engine can search such a data set."""
        ...

    def __call__(self, query: str, space: SearchSpace, *, progress: Progress) -> Ranking:
        """Score every row against the query; a query without a known word gives no row a score above the cut."""
        ...


__all__ = [
    "Check",
    "Clusterer",
    "CorpusEncoder",
    "EncodedBatch",
    "Encoder",
    "Evidence",
    "ExportRow",
    "Exporter",
    "GraphBuilder",
    "Int32",
    "JointEncoder",
    "Measurer",
    "Namer",
    "PictureEncoder",
    "Progress",
    "Projector",
    "Ranking",
    "Reader",
    "Reading",
    "SearchSpace",
    "Searcher",
    "SourceOptions",
    "TextEncoder",
    "available_threads",
    "no_progress",
    "part",
]
