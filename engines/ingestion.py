"""The first step of a run: read a source, decode and encode what is new, and keep the result under keys of the content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset, Embeddings, PictureFacts
from engines.errors import SourceError
from engines.keys import chain, digest
from engines.protocols import Progress, SourceOptions, part
from engines.recipe import Recipe
from engines.store import Store
from engines.value import Artifact

GIVEN = "given"
CACHE_FILE = "thumbs.sqlite"


@dataclass(frozen=True, kw_only=True)
class Ingest(Artifact):
    """What reading and decoding a source led to, so that an unchanged source is opened again without a look at its files.

    ``good`` int64: rows of the read data set that can be used; ``rejects``: all rejects; the keys of the values that were made.
    """

    kind_name: ClassVar[str] = "ingest"
    good: npt.NDArray[np.int64]
    rejects: pa.Table
    media_key: str
    facts_key: str
    embeddings_key: str


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """The values of the first step; ``cached`` tells that nothing was decoded or encoded."""

    dataset: Dataset
    facts: PictureFacts | None
    embeddings: Embeddings
    engine: Any
    cached: bool
    notes: dict[str, Any] = field(default_factory=dict)


def ingest_source(
    source: Path, options: SourceOptions, recipe: Recipe, store: Store, *, verify: bool, progress: Progress
) -> Ingested:
    """Read ``source`` and embed its rows, or take the embeddings that it (or ``--embeddings``) brings.

    Raises:
        SourceError: when the source cannot be read, or not one row of it can be used.
    """
    from engines.embed.rowcache import VERSION as FACTS
    from engines.read import read

    dataset, vectors = read(source, options, progress=part(progress, 0.0, 0.05))
    if vectors is None and options.embeddings is not None:
        dataset, vectors = _joined(dataset, Path(options.embeddings), progress)
    if dataset.kind == "vectors":
        assert vectors is not None
        return _given(dataset, vectors, store)
    name = recipe.chosen("embed")[0]
    if vectors is not None:
        # The pictures are still decoded once for thumbnails and facts, by the cheapest encoder.
        name = "pixels"
    encoder = recipe.engine("embed", name)
    given_key = "" if vectors is None else digest("given", *_blocks(vectors))
    # What one decode tells is part of the request: facts of an older version must not come back.
    request = digest(
        "ingest", dataset.media_key, chain("embed", encoder, [], name=name), given_key, str(options.limit), str(FACTS)
    )
    step = _Step(dataset=dataset, vectors=vectors, encoder=encoder, limit=options.limit, request=request, store=store)
    if not verify and (known := step.known()) is not None:
        progress(1.0, "nothing new to read")
        return known
    with store.lock(request, progress):
        return step.run(verify=verify, progress=part(progress, 0.05, 1.0))


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One request to ingest: which rows, with which encoder (or which given vectors), into which store."""

    dataset: Dataset
    vectors: npt.NDArray[np.float32] | None
    encoder: Any
    limit: int | None
    request: str
    store: Store

    def known(self) -> Ingested | None:
        """Give what the same request led to before, where all of its values are still there."""
        ingest = self.store.get(Ingest, self.request)
        if ingest is None:
            return None
        facts = self.store.get(PictureFacts, ingest.facts_key)
        embeddings = self.store.get(Embeddings, ingest.embeddings_key)
        if embeddings is None or facts is None:
            return None
        dataset = _narrow(self.dataset, ingest)
        return Ingested(dataset=dataset, facts=facts, embeddings=embeddings, engine=self.encoder, cached=True)

    def run(self, *, verify: bool, progress: Progress) -> Ingested:
        """Decode and encode what is new and keep the values."""
        from engines.embed.ingest import ingest
        from engines.embed.rowcache import RowCache

        with RowCache(self.store.root / CACHE_FILE) as cache:
            made = ingest(self.dataset, self.encoder, cache=cache, limit=self.limit, progress=progress, verify=verify)
        embeddings = made.embeddings if self.vectors is None else _embeddings(self.vectors[made.rows])
        facts, embeddings = self.store.put(made.facts), self.store.put(embeddings)
        value = Ingest(
            key=self.request,
            good=made.rows,
            rejects=made.dataset.rejects,
            media_key=made.dataset.media_key,
            facts_key=facts.key,
            embeddings_key=embeddings.key,
        )
        self.store.put(value)
        return Ingested(
            dataset=_narrow(self.dataset, value),
            facts=facts,
            embeddings=embeddings,
            engine=self.encoder,
            cached=made.decoded == made.encoded == 0,
            notes={"decoded": made.decoded, "encoded": made.encoded},
        )


def _narrow(dataset: Dataset, ingest: Ingest) -> Dataset:
    kept = dataset.take(ingest.good)
    return replace(
        kept, rejects=ingest.rejects, media_key=ingest.media_key, key=digest("rows", ingest.media_key, kept.columns_key)
    )


def _given(dataset: Dataset, vectors: npt.NDArray[np.float32], store: Store) -> Ingested:
    """Keep the vectors that the source itself holds."""
    embeddings = _embeddings(vectors)
    stored = store.get(Embeddings, embeddings.key)
    return Ingested(
        dataset=dataset, facts=None, embeddings=stored or store.put(embeddings), engine=None, cached=stored is not None
    )


def _embeddings(vectors: npt.NDArray[np.float32]) -> Embeddings:
    probabilities = np.empty((len(vectors), 0), dtype=np.float16)
    key = digest("embed", GIVEN, str(vectors.shape), *_blocks(vectors))
    return Embeddings(key=key, encoder=GIVEN, vectors=vectors, probabilities=probabilities)


def _blocks(vectors: npt.NDArray[np.float32], rows: int = 65536) -> Iterator[bytes]:
    for start in range(0, len(vectors), rows):
        yield np.ascontiguousarray(vectors[start : start + rows]).tobytes()


def _joined(dataset: Dataset, path: Path, progress: Progress) -> tuple[Dataset, npt.NDArray[np.float32]]:
    """Join vectors from a file to the rows: by id where the file has ids of these rows, else by order with equal counts.

    Raises:
        SourceError: when the file has no ids of these rows and another number of vectors.
    """
    from engines.read import read

    told, vectors = read(path, SourceOptions(), progress=progress)
    if vectors is None:
        raise SourceError(f"{path} holds no vectors", "give an .npy or .npz file to --embeddings")
    place = {row_id: number for number, row_id in enumerate(told.ids)}
    wanted = np.array([place.get(row_id, -1) for row_id in dataset.ids], dtype=np.int64)
    if not (wanted >= 0).any():
        total = len(told) + told.rejects.num_rows
        if total != len(dataset):
            raise SourceError(
                f"{path} holds {total} vectors, the source {len(dataset)} rows, and no ids that match",
                "save the vectors in the order of the ids, or add an array `ids` to the .npz",
            )
        bad = set(told.rejects.column("row").to_pylist())
        order = [number for number in range(total) if number not in bad]
        wanted = np.full(total, -1, dtype=np.int64)
        wanted[order] = np.arange(len(order))
    lacking = np.flatnonzero(wanted < 0)
    rejects = pa.table(
        {
            "id": dataset.rows.column("id").take(pa.array(lacking)),
            "path": dataset.rows.column("path").take(pa.array(lacking)),
            "row": pa.array(lacking),
            "stage": pa.array(["embed"] * len(lacking), pa.string()),
            "reason": pa.array([f"no usable vector in {path.name}"] * len(lacking), pa.string()),
        },
        schema=REJECT_SCHEMA,
    )
    kept = np.flatnonzero(wanted >= 0)
    return dataset.take(kept, rejects if len(lacking) else None), np.ascontiguousarray(vectors[wanted[kept]])
