"""Encode the rows of a data set, whatever their kind: pictures by one decode each, texts one by one, or all rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset, Embeddings, PictureFacts
from engines.embed.rowcache import RowCache
from engines.errors import SourceError
from engines.keys import chain, digest
from engines.protocols import CorpusEncoder, Progress, no_progress


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """The usable rows with what was found: ``rows`` are their numbers in the data set that was given.

    ``decoded`` and ``encoded`` count what was new to the cache. ``facts`` is None where rows are no pictures.
    """

    dataset: Dataset
    rows: npt.NDArray[np.int64]
    facts: PictureFacts | None
    embeddings: Embeddings
    decoded: int
    encoded: int


def encode(
    dataset: Dataset,
    encoder: Any,
    name: str,
    *,
    cache: RowCache,
    limit: int | None = None,
    verify: bool = False,
    progress: Progress = no_progress,
) -> Encoded:
    """Encode what the cache does not know; rows that cannot be encoded become rejects.

    Raises:
        SourceError: when not one row can be used.
        Cancelled: when ``progress`` asks for it; what was encoded so far is in the cache.
    """
    if dataset.kind == "pictures":
        from engines.embed.ingest import ingest

        made = ingest(dataset, encoder, name=name, cache=cache, limit=limit, verify=verify, progress=progress)
        return Encoded(
            dataset=made.dataset,
            rows=made.rows,
            facts=made.facts,
            embeddings=made.embeddings,
            decoded=made.decoded,
            encoded=made.encoded,
        )
    if isinstance(encoder, CorpusEncoder):
        return _whole(dataset, encoder, name, limit=limit, progress=progress)
    from engines.embed.text_rows import encode_text_rows

    return encode_text_rows(dataset, encoder, name, cache=cache, limit=limit, progress=progress)


def _whole(dataset: Dataset, encoder: CorpusEncoder, name: str, *, limit: int | None, progress: Progress) -> Encoded:
    """Let an encoder see all rows at once; its vectors depend on every one of them, and so does the key."""
    kept = first_rows(dataset, limit)
    chosen = dataset.take(kept)
    vectors = np.ascontiguousarray(encoder.encode_rows(chosen, progress=progress), dtype=np.float32)
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.any():
        raise SourceError(f"not one row of {dataset.source} could be encoded by {name}", "look at its columns")
    good = np.flatnonzero(finite)
    key = digest("embed", chain("embed", encoder, [], name=name), chosen.media_key, chosen.columns_key)
    return Encoded(
        dataset=chosen.take(good, rejected(chosen, dict.fromkeys(np.flatnonzero(~finite).tolist(), "no finite vector for it"))),
        rows=kept[good],
        facts=None,
        embeddings=Embeddings(
            key=key,
            encoder=name,
            vectors=vectors[good],
            probabilities=np.empty((len(good), 0), dtype=np.float16),
        ),
        decoded=0,
        encoded=len(good),
    )


def first_rows(dataset: Dataset, limit: int | None) -> npt.NDArray[np.int64]:
    """Choose the first ``limit`` rows in the order of ids, given in the order of the data set."""
    if limit is None or limit >= len(dataset):
        return np.arange(len(dataset), dtype=np.int64)
    order = np.argsort(np.array(dataset.ids, dtype=object), kind="stable")[:limit]
    return np.sort(order).astype(np.int64)


def rejected(dataset: Dataset, reasons: dict[int, str]) -> pa.Table | None:
    """List rows of a data set as rejects of the stage embed; None where there are none."""
    if not reasons:
        return None
    rows = sorted(reasons)
    picked = dataset.rows.take(pa.array(rows, pa.int64()))
    return pa.table(
        {
            "id": picked.column("id"),
            "path": picked.column("path"),
            "row": pa.nulls(len(rows), pa.int64()),
            "stage": pa.array(["embed"] * len(rows), pa.string()),
            "reason": pa.array([reasons[row] for row in rows], pa.string()),
        },
        schema=REJECT_SCHEMA,
    )


__all__ = ["Encoded", "encode", "first_rows", "rejected"]
