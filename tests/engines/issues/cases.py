"""Small evidence for the checks: vectors with known structure, and folders of drawn pictures."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image, ImageDraw

from engines.artifacts import REJECT_SCHEMA, Dataset, Embeddings
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
    nothing = pa.array([None] * n, pa.string())
    dataset = Dataset(
        key=digest("case", array.tobytes(), repr(labels), repr(names)),
        kind="vectors",
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
        media=pa.table({"media": pa.array([None] * n, pa.binary())}),
        stats=np.zeros((0, 3), dtype=np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        media_key=digest(repr(names)),
        columns_key=digest(repr(labels), repr(splits)),
    )
    made = Embeddings(
        key=digest(array.tobytes()), encoder="given", vectors=array, probabilities=np.zeros((n, 0), dtype=np.float16)
    )
    found = ExactNeighbors(threads=1)(made) if graph else None
    return Evidence(dataset=dataset, embeddings=made if embeddings else None, graph=found)


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
