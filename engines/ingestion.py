"""The first step of a run: read the sources, embed what is new, and keep the result under keys of the content."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset, Embeddings, Float32, PictureFacts
from engines.errors import ParameterError, SourceError
from engines.keys import chain, digest, digest_of
from engines.protocols import CorpusEncoder, Progress, Reading, SourceOptions, part
from engines.recipe import MODEL_ENGINES, Recipe, is_model, registry
from engines.store import Store
from engines.value import Artifact

GIVEN = "given"
CACHE_FILE = "thumbs.sqlite"
SCRATCH = "scratch"


@dataclass(frozen=True, kw_only=True)
class Ingest(Artifact):
    """What reading and encoding a source led to, so that an unchanged source is opened again without a look at its files.

    ``good`` int64: rows of the read data set that can be used; ``rejects``: all rejects; the keys of the values that were made.
    ``facts_key`` is empty where rows have no pictures.
    """

    kind_name: ClassVar[str] = "ingest"
    good: npt.NDArray[np.int64]
    rejects: pa.Table
    media_key: str
    facts_key: str
    embeddings_key: str


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """The values of the first step; ``cached`` tells that nothing was decoded or encoded; ``vectors``: all that the source brings."""

    dataset: Dataset
    facts: PictureFacts | None
    embeddings: Embeddings
    engine: Any
    cached: bool
    vectors: Mapping[str, Float32] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Request:
    """Which rows, with which encoder (or which given vectors), into which store."""

    dataset: Dataset
    vectors: Float32 | None
    encoder: Any
    name: str
    limit: int | None
    store: Store

    @property
    def key(self) -> str:
        """Give the key of this request. What one decode tells is part of it: facts of an older version must not come back."""
        from engines.embed.rowcache import VERSION as FACTS

        given = "" if self.vectors is None else digest_of(itertools.chain(["given"], _blocks(self.vectors)))
        encoder = "" if self.encoder is None else chain("embed", self.encoder, [], name=self.name)
        # An encoder of all rows at once may read labels and columns; the others see the media of one row.
        columns = self.dataset.columns_key if isinstance(self.encoder, CorpusEncoder) else ""
        return digest("ingest", self.dataset.media_key, encoder, given, columns, str(self.limit), str(FACTS))

    def known(self, key: str) -> Ingested | None:
        """Give what the same request led to before, where all of its values are still there."""
        ingest = self.store.get(Ingest, key)
        if ingest is None:
            return None
        facts = self.store.get(PictureFacts, ingest.facts_key) if ingest.facts_key else None
        embeddings = self.store.get(Embeddings, ingest.embeddings_key)
        if embeddings is None or (facts is None and ingest.facts_key):
            return None
        dataset = _narrow(self.dataset, ingest)
        return Ingested(dataset=dataset, facts=facts, embeddings=embeddings, engine=self.encoder, cached=True)

    def run(self, key: str, *, verify: bool, progress: Progress) -> Ingested:
        """Decode and encode what is new and keep the values."""
        from engines.embed.encoding import encode
        from engines.embed.rowcache import RowCache

        with RowCache(self.store.root / CACHE_FILE) as cache:
            made = encode(
                self.dataset, self.encoder, self.name, cache=cache, limit=self.limit, verify=verify, progress=progress
            )
        embeddings = made.embeddings if self.vectors is None else given_embeddings(self.vectors[made.rows], self.name)
        facts = self.store.put(made.facts) if made.facts is not None else None
        embeddings = self.store.put(embeddings)
        value = Ingest(
            key=key,
            good=made.rows,
            rejects=made.dataset.rejects,
            media_key=made.dataset.media_key,
            facts_key=facts.key if facts is not None else "",
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


def read_sources(sources: Sequence[Path], options: SourceOptions, store: Store, progress: Progress) -> Reading:
    """Read one source, or several as one; join the vectors of ``--embeddings``.

    Raises:
        SourceError: when a source cannot be read, or vectors do not belong to its rows.
    """
    from engines.read import read, read_several

    scratch = store.root / SCRATCH
    if len(sources) == 1:
        reading = read(sources[0], options, scratch=scratch, progress=part(progress, 0.0, 0.8))
    else:
        reading = read_several(sources, options, scratch=scratch, progress=part(progress, 0.0, 0.8))
    if options.embeddings is not None:
        from engines.read.vectors_join import join_vectors

        reading = join_vectors(reading, Path(options.embeddings), scratch=scratch, progress=part(progress, 0.8, 1.0))
    return reading


def ingest_source(
    sources: Sequence[Path], options: SourceOptions, recipe: Recipe, store: Store, *, verify: bool, progress: Progress
) -> Ingested:
    """Read the sources and embed their rows with the first encoder of the recipe, or take the vectors that they bring.

    Raises:
        SourceError: when a source cannot be read, or not one row of it can be used.
        ParameterError: when the encoder is for another kind of data.
    """
    reading = read_sources(sources, options, store, part(progress, 0.0, 0.05))
    dataset = reading.dataset
    for name in recipe.encoders:
        # Now, not when the first one is done.
        if name not in reading.vectors:
            if dataset.kind in MODEL_ENGINES and is_model(name):
                from engines.embed import model_hub

                model_hub.ensure(name, part(progress, 0.05, 0.1))
            encoder_for(dataset, name, recipe, reading.vectors)
    wanted = recipe.encoders[0] if recipe.encoders else next(iter(reading.vectors), "")
    if dataset.kind == "vectors" or wanted in reading.vectors:
        name = wanted if wanted in reading.vectors else next(iter(reading.vectors))
        vectors = reading.vectors[name]
        if dataset.kind != "pictures":
            return replace(_given(dataset, vectors, name, store, options.limit), vectors=reading.vectors)
        # The pictures are still decoded once for thumbnails and facts, by the cheapest encoder.
        request = Request(
            dataset=dataset,
            vectors=vectors,
            encoder=recipe.engine("embed", "pixels"),
            name=name,
            limit=options.limit,
            store=store,
        )
    else:
        name, encoder = encoder_for(dataset, wanted, recipe, reading.vectors)
        request = Request(dataset=dataset, vectors=None, encoder=encoder, name=name, limit=options.limit, store=store)
    made = ingest_request(request, verify=verify, progress=part(progress, 0.1 if recipe.encoders else 0.05, 1.0))
    return replace(made, vectors=reading.vectors)


def ingest_request(request: Request, *, verify: bool, progress: Progress) -> Ingested:
    """Answer a request from the store, or do the work under its lock."""
    key = request.key
    if not verify and (known := request.known(key)) is not None:
        progress(1.0, "nothing new to read")
        return known
    with request.store.lock(key, progress):
        return request.run(key, verify=verify, progress=progress)


def encoder_for(dataset: Dataset, wanted: str, recipe: Recipe, vectors: Mapping[str, Float32] | None = None) -> tuple[str, Any]:
    """Make the encoder that a person wants, or the default one of the kind of data; give its name too.

    Raises:
        ParameterError: when it is for another kind of data.
    """
    from engines.embed import default

    if dataset.kind == "vectors":
        raise _wrong_encoder(wanted, dataset, vectors or {})
    name = wanted or default(dataset.kind)
    table = registry("embed")
    if is_model(name):
        if dataset.kind not in MODEL_ENGINES:
            raise _wrong_encoder(name, dataset, vectors or {})
    elif table.entry(name).modality not in ("", dataset.kind):
        raise _wrong_encoder(name, dataset, vectors or {})
    encoder = recipe.engine("embed", name, kind=dataset.kind)
    if encoder.modality != dataset.kind:
        raise _wrong_encoder(name, dataset, vectors or {})
    return name, encoder


def _wrong_encoder(name: str, dataset: Dataset, vectors: Mapping[str, Float32]) -> ParameterError:
    """Say which encoders there are for this data set."""
    entries = registry("embed").entries.items()
    fitting = [*vectors, *(other for other, entry in entries if entry.modality == dataset.kind)]
    kind = {"table": "a table of numbers and categories", "vectors": "a file of vectors"}.get(dataset.kind, dataset.kind)
    return ParameterError(f"the encoder {name!r} is not for {kind}", f"choose one of: {', '.join(fitting)}")


def further_spaces(
    dataset: Dataset, vectors: Mapping[str, Float32], recipe: Recipe, store: Store, *, verify: bool
) -> Iterator[tuple[str, Callable[[Progress], Ingested]]]:
    """Give the embeddings that the recipe wants beside the first, each with what computes it for the rows that are used."""
    for name in recipe.encoders[1:]:
        if name not in vectors:
            _, encoder = encoder_for(dataset, name, recipe, vectors)
            request = Request(dataset=dataset, vectors=None, encoder=encoder, name=name, limit=None, store=store)
            yield name, partial(_further, request, verify)


def _further(request: Request, verify: bool, progress: Progress) -> Ingested:
    return ingest_request(request, verify=verify, progress=progress)


def _narrow(dataset: Dataset, ingest: Ingest) -> Dataset:
    kept = dataset.take(ingest.good)
    return replace(
        kept, rejects=ingest.rejects, media_key=ingest.media_key, key=digest("rows", ingest.media_key, kept.columns_key)
    )


def _given(dataset: Dataset, vectors: Float32, name: str, store: Store, limit: int | None) -> Ingested:
    """Keep the vectors that the source itself holds."""
    if limit is not None and limit < len(dataset):
        first = np.sort(np.argsort(np.array(dataset.ids), kind="stable")[:limit]).astype(np.int64)
        dataset, vectors = dataset.take(first), vectors[first]
    embeddings = given_embeddings(vectors, name)
    stored = store.get(Embeddings, embeddings.key)
    return Ingested(
        dataset=dataset, facts=None, embeddings=stored or store.put(embeddings), engine=None, cached=stored is not None
    )


def given_embeddings(vectors: Float32, name: str = GIVEN) -> Embeddings:
    """Wrap vectors that a source brings as a value, keyed by what they hold."""
    if not len(vectors):
        raise SourceError("no row is left with a usable vector")
    probabilities = np.empty((len(vectors), 0), dtype=np.float16)
    key = digest_of(itertools.chain(["embed", GIVEN, name, str(vectors.shape)], _blocks(vectors)))
    return Embeddings(key=key, encoder=name, vectors=vectors, probabilities=probabilities)


def _blocks(vectors: Float32, rows: int = 65536) -> Iterator[bytes]:
    for start in range(0, len(vectors), rows):
        yield np.ascontiguousarray(vectors[start : start + rows]).tobytes()


__all__ = [
    "GIVEN",
    "REJECT_SCHEMA",
    "Ingest",
    "Ingested",
    "Request",
    "encoder_for",
    "given_embeddings",
    "ingest_request",
    "ingest_source",
    "read_sources",
]
