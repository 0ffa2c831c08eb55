"""Small evidence for the checks: vectors with known structure, folders of drawn pictures, and lists of texts."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image, ImageDraw

from engines.artifacts import REJECT_SCHEMA, Dataset, Embeddings, Kind
from engines.embed.tfidf import Tfidf
from engines.ingestion import ingest_source
from engines.keys import digest
from engines.neighbors.exact import ExactNeighbors
from engines.protocols import Evidence, SourceOptions, no_progress
from engines.recipe import Recipe
from engines.store import Store


def vectors_case(
    vectors: npt.ArrayLike,
    labels: Sequence[str | None] | None = None,
    *,
    splits: Sequence[str | None] | None = None,
    ids: Sequence[str] | None = None,
    graph: bool = True,
    embeddings: bool = True,
) -> Evidence:
    array = np.asarray(vectors, dtype=np.float32)
    n = len(array)
    array = array.reshape(n, -1) if n else np.zeros((0, 4), dtype=np.float32)
    names = list(ids) if ids is not None else [f"r{row:05d}" for row in range(n)]
    dataset = _dataset("vectors", names, pa.array([None] * n, pa.binary()), (labels, splits), array.tobytes())
    made = Embeddings(
        key=digest(array.tobytes()), encoder="given", vectors=array, probabilities=np.zeros((n, 0), dtype=np.float16)
    )
    found = ExactNeighbors(threads=1)(made) if graph else None
    return Evidence(dataset=dataset, embeddings=made if embeddings else None, graph=found)


def texts_case(
    texts: Sequence[str],
    labels: Sequence[str | None] | None = None,
    *,
    splits: Sequence[str | None] | None = None,
    ids: Sequence[str] | None = None,
    graph: bool = True,
) -> Evidence:
    """Texts with their TF-IDF vectors, or without any."""
    names = list(ids) if ids is not None else [f"t{row:05d}" for row in range(len(texts))]
    dataset = _dataset("texts", names, pa.array(list(texts), pa.string()), (labels, splits), repr(texts).encode())
    if not graph:
        return Evidence(dataset=dataset)
    vectors = Tfidf(dimensions=32).encode_rows(dataset)
    made = Embeddings(
        key=digest(vectors.tobytes()),
        encoder="tfidf",
        vectors=vectors,
        probabilities=np.zeros((len(texts), 0), dtype=np.float16),
    )
    return Evidence(dataset=dataset, embeddings=made, graph=ExactNeighbors(threads=1)(made))


def _dataset(
    kind: Kind,
    names: Sequence[str],
    media: pa.Array,
    given: tuple[Sequence[str | None] | None, Sequence[str | None] | None],
    content: bytes,
) -> Dataset:
    labels, splits = given
    nothing = pa.array([None] * len(names), pa.string())
    return Dataset(
        key=digest("case", content, repr(labels), repr(names)),
        kind=kind,
        source="made",
        root="",
        rows=pa.table(
            {
                "id": pa.array(names, pa.string()),
                "path": nothing,
                "label": nothing if labels is None else pa.array(list(labels), pa.string()),
                "split": nothing if splits is None else pa.array(list(splits), pa.string()),
            }
        ),
        media=pa.table({"media": media}),
        stats=np.zeros((0, 3), dtype=np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        media_key=digest(repr(names), content),
        columns_key=digest(repr(labels), repr(splits)),
    )


def blobs(n: int, classes: int = 4, d: int = 24, *, spread: float = 0.5, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Gaussian classes around random centers, and their labels."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(classes, d))
    label = np.arange(n) % classes
    vectors = centers[label] + spread * rng.normal(size=(n, d))
    return vectors.astype(np.float32), [f"class {number}" for number in label]


def scene(seed: int, side: int = 120) -> Image.Image:
    """A drawn picture: soft background, shapes in places and colors of its own."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, size=(3, 3, 3), dtype=np.uint8))
    picture = soft.resize((side, side), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for _ in range(7):
        x, y, r = [*rng.uniform(0, side, 2).tolist(), float(rng.uniform(side / 16, side / 5))]
        color = tuple(int(c) for c in rng.integers(0, 256, size=3))
        (pen.ellipse if rng.random() < 0.5 else pen.rectangle)((x - r, y - r, x + r, y + r), fill=color)
    return picture


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def pictures_case(folder: Path, files: Mapping[str, bytes], encoder: str = "pixels") -> Evidence:
    source = folder / "pictures"
    for name, content in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    store = Store(folder / "workspace")
    recipe = Recipe(encoders=(encoder,))
    done = ingest_source([source], SourceOptions(), recipe, store, verify=False, progress=no_progress)
    graph = ExactNeighbors(threads=1)(done.embeddings)
    return Evidence(dataset=done.dataset, embeddings=done.embeddings, graph=graph, facts=done.facts)
