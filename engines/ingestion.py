"""The first step of a run: read the sources, embed what is new, and keep the result under keys of the content."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset, Embeddings, PictureFacts
from engines.errors import ParameterError
from engines.keys import chain, digest
from engines.protocols import CorpusEncoder, Progress, SourceOptions, part
from engines.recipe import MODEL_ENGINES, Recipe, is_model, registry
from engines.store import Store
from engines.told import GIVEN, Told, given_embeddings, tell
from engines.value import Artifact

CACHE_FILE = "thumbs.sqlite"


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
    """The values of the first step; ``cached`` tells that nothing was decoded or encoded; ``given``: embeddings that the source brings."""

    dataset: Dataset
    facts: PictureFacts | None
    embeddings: Embeddings
    engine: Any
    cached: bool
    given: Mapping[str, Embeddings] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Request:
    """Which rows, with which encoder (embeddings that are ``given`` under the same name win over what it makes), into which store."""

    dataset: Dataset
    given: Mapping[str, Embeddings] = field(default_factory=dict)
    encoder: Any
    name: str
    limit: int | None
    store: Store

    @property
    def key(self) -> str:
        """Give the key of this request. What one decode tells is part of it: facts of an older version must not come back."""
        from engines.embed.rowcache import VERSION as FACTS

        given = self.given[self.name].key if self.name in self.given else ""
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
        dataset, given = _narrow(self.dataset, ingest), self._given(ingest.good, embeddings)
        return Ingested(dataset=dataset, facts=facts, embeddings=embeddings, engine=self.encoder, cached=True, given=given)

    def run(self, key: str, *, verify: bool, progress: Progress) -> Ingested:
        """Decode and encode what is new and keep the values."""
        from engines.embed.encoding import encode
        from engines.embed.rowcache import RowCache

        with RowCache(self.store.root / CACHE_FILE) as cache:
            made = encode(
                self.dataset, self.encoder, self.name, cache=cache, limit=self.limit, verify=verify, progress=progress
            )
        given = self._given(made.rows)
        facts = self.store.put(made.facts) if made.facts is not None else None
        embeddings = given.get(self.name, made.embeddings)
        embeddings = self.store.get(Embeddings, embeddings.key) or self.store.put(embeddings, part(progress, 1.0, 1.0))
        value = Ingest(
            key=key,
            good=made.rows,
            rejects=made.dataset.rejects,
            media_key=made.dataset.media_key,
            facts_key=facts.key if facts is not None else "",
            embeddings_key=embeddings.key,
        )
        if verify:
            # Whatever was asked before: its key says how the files looked, which is what is not believed now.
            self.store.clear(Ingest)
        self.store.put(value)
        return Ingested(
            dataset=_narrow(self.dataset, value),
            facts=facts,
            embeddings=embeddings,
            engine=self.encoder,
            cached=made.decoded == made.encoded == 0,
            given=given,
            notes={"decoded": made.decoded, "encoded": made.encoded},
        )

    def _given(self, rows: npt.NDArray[np.int64], own: Embeddings | None = None) -> dict[str, Embeddings]:
        """Give the given embeddings of the rows that can be used; ``own`` are those of ``name``, where they are there already."""
        known = {} if own is None or self.name not in self.given else {self.name: own}
        others = {name: value for name, value in self.given.items() if name not in known}
        return known | Told(dataset=self.dataset, spaces=others).take(rows)


def ingest_source(
    sources: Sequence[Path], options: SourceOptions, recipe: Recipe, store: Store, *, verify: bool, progress: Progress
) -> Ingested:
    """Read the sources and embed their rows with the first encoder of the recipe, or take the vectors that they bring.

    Raises:
        SourceError: when a source cannot be read, or not one row of it can be used.
        ParameterError: when the encoder is for another kind of data.
    """
    told = tell(sources, options, store, verify=verify, progress=part(progress, 0.0, 0.05))
    dataset, given = told.dataset, told.spaces
    for name in recipe.encoders:
        # Now, not when the first one is done.
        if name not in given:
            if dataset.kind in MODEL_ENGINES and is_model(name):
                from engines.embed import model_hub

                model_hub.ensure(name, part(progress, 0.05, 0.1))
            encoder_for(dataset, name, recipe, given)
    wanted = recipe.encoders[0] if recipe.encoders else next(iter(given), "")
    if dataset.kind == "vectors" or wanted in given:
        name = wanted if wanted in given else next(iter(given))
        if dataset.kind != "pictures":
            return _given(told, name, store, options.limit)
        # The pictures are still decoded once for thumbnails and facts, by the cheapest encoder.
        encoder = recipe.engine("embed", "pixels")
    else:
        name, encoder = encoder_for(dataset, wanted, recipe, given)
    request = Request(dataset=dataset, given=given, encoder=encoder, name=name, limit=options.limit, store=store)
    return ingest_request(request, verify=verify, progress=part(progress, 0.1 if recipe.encoders else 0.05, 1.0))


def ingest_request(request: Request, *, verify: bool, progress: Progress) -> Ingested:
    """Answer a request from the store, or do the work under its lock."""
    key = request.key
    if not verify and (known := request.known(key)) is not None:
        progress(1.0, "nothing new to read")
        return known
    with request.store.lock(key, progress):
        return request.run(key, verify=verify, progress=progress)


def encoder_for(dataset: Dataset, wanted: str, recipe: Recipe, given: Iterable[str] = ()) -> tuple[str, Any]:
    """Make the encoder that a person wants, or the default one of the kind of data; give its name too.

    Raises:
        ParameterError: when it is for another kind of data.
    """
    from engines.embed import default

    if dataset.kind == "vectors":
        raise _wrong_encoder(wanted, dataset, given)
    name = wanted or default(dataset.kind)
    table = registry("embed")
    if is_model(name):
        if dataset.kind not in MODEL_ENGINES:
            raise _wrong_encoder(name, dataset, given)
    elif table.entry(name).modality not in ("", dataset.kind):
        raise _wrong_encoder(name, dataset, given)
    encoder = recipe.engine("embed", name, kind=dataset.kind)
    if encoder.modality != dataset.kind:
        raise _wrong_encoder(name, dataset, given)
    return name, encoder


def _wrong_encoder(name: str, dataset: Dataset, given: Iterable[str]) -> ParameterError:
    """Say which encoders there are for this data set."""
    entries = registry("embed").entries.items()
    fitting = [*given, *(other for other, entry in entries if entry.modality == dataset.kind)]
    kind = {"table": "a table of numbers and categories", "vectors": "a file of vectors"}.get(dataset.kind, dataset.kind)
    return ParameterError(f"the encoder {name!r} is not for {kind}", f"choose one of: {', '.join(fitting)}")


def further_spaces(
    dataset: Dataset, given: Collection[str], recipe: Recipe, store: Store
) -> Iterator[tuple[str, Callable[[Progress], Ingested]]]:
    """Give the embeddings that the recipe wants beside the first, each with what computes it for the rows that are used.

    Their files were read for the first one, so that there is nothing to verify here.
    """
    for name in recipe.encoders[1:]:
        if name not in given:
            _, encoder = encoder_for(dataset, name, recipe, given)
            request = Request(dataset=dataset, encoder=encoder, name=name, limit=None, store=store)
            yield name, partial(_further, request)


def _further(request: Request, progress: Progress) -> Ingested:
    return ingest_request(request, verify=False, progress=progress)


def _narrow(dataset: Dataset, ingest: Ingest) -> Dataset:
    kept = dataset.take(ingest.good)
    return replace(
        kept, rejects=ingest.rejects, media_key=ingest.media_key, key=digest("rows", ingest.media_key, kept.columns_key)
    )


def _given(told: Told, name: str, store: Store, limit: int | None) -> Ingested:
    """Keep the vectors that the source itself holds."""
    from engines.embed.encoding import first_rows

    dataset, spaces = told.dataset, dict(told.spaces)
    if limit is not None and limit < len(dataset):
        first = first_rows(dataset, limit)
        dataset, spaces = dataset.take(first), told.take(first)
    stored = store.get(Embeddings, spaces[name].key)
    spaces[name] = embeddings = stored or store.put(spaces[name])
    cached = stored is not None and embeddings.key not in told.fresh
    return Ingested(dataset=dataset, facts=None, embeddings=embeddings, engine=None, cached=cached, given=spaces)


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
]
