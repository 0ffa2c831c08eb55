"""Encode texts one by one: each content once, what is known from the row cache, resumable after a kill."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np

from engines.artifacts import Dataset, Embeddings
from engines.embed.encoding import Encoded, first_rows, rejected
from engines.embed.rowcache import Batch, CacheLost, RowCache
from engines.errors import SourceError
from engines.keys import chain, digest
from engines.protocols import Progress, TextEncoder, part
from engines.table_key import table_digest

COMMIT = 256
"""Texts that are encoded between two commits: what a kill loses at most."""


def encode_text_rows(
    dataset: Dataset, encoder: TextEncoder, name: str, *, cache: RowCache, limit: int | None, progress: Progress
) -> Encoded:
    """Encode every text that the cache does not know; equal texts are encoded once, blank ones are rejects.

    Raises:
        SourceError: when not one text can be used.
        Cancelled: when ``progress`` asks for it; what was encoded so far is in the cache.
    """
    texts: list[str | None] = dataset.media.column("media").to_pylist()
    blank = {row: "no text" for row, text in enumerate(texts) if not (text or "").strip()}
    good = np.array([row for row in range(len(texts)) if row not in blank], dtype=np.int64)
    if limit is not None and limit < len(good):
        good = good[first_rows(dataset.take(good), limit)]
    encoder_key = chain("embed", encoder, [], name=name)
    contents = [content_of(texts[row] or "") for row in good.tolist()]
    encoded = 0
    for last in (False, True):
        try:
            known = {content: texts[row] or "" for content, row in zip(contents, good.tolist(), strict=True)}
            encoded += _encode_new(known, encoder, encoder_key, cache, progress)
            vectors, probabilities = cache.vectors(contents, encoder_key)
            break
        except CacheLost:
            if last:
                raise
    finite = np.asarray(np.isfinite(vectors).all(axis=1), dtype=np.bool_)
    blank |= dict.fromkeys(good[~finite].tolist(), "the encoder gave no finite vector for it")
    good, contents = good[finite], [content for content, fine in zip(contents, finite.tolist(), strict=True) if fine]
    if not len(good):
        raise SourceError(
            f"not one text of {dataset.source} can be used", "look at the column of texts, or name it with --text"
        )
    chosen = dataset.take(good, rejected(dataset, blank))
    media_key = digest("texts", table_digest(chosen.rows.select(["id"])), *contents)
    columns_key = table_digest(chosen.rows)
    chosen = replace(
        chosen,
        media_key=media_key,
        columns_key=columns_key,
        key=digest("dataset", media_key, columns_key, table_digest(chosen.rejects)),
    )
    return Encoded(
        dataset=chosen,
        rows=good,
        facts=None,
        embeddings=Embeddings(
            key=digest("embed", encoder_key, media_key),
            encoder=name,
            vectors=np.ascontiguousarray(vectors[finite]),
            probabilities=probabilities[finite],
        ),
        decoded=0,
        encoded=encoded,
    )


def content_of(text: str) -> str:
    """Hash a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _encode_new(texts: dict[str, str], encoder: TextEncoder, encoder_key: str, cache: RowCache, progress: Progress) -> int:
    states = cache.states(list(texts), encoder_key)
    # Texts of one length together: a batch is as long as its longest text.
    new = sorted(
        (content for content in texts if not states[content].vector), key=lambda content: (len(texts[content]), content)
    )
    # The long ones first: when memory does not suffice a person learns it at once.
    waiting = iter(reversed(new))
    started, done = time.monotonic(), 0
    while block := list(islice(waiting, COMMIT)):
        left = (time.monotonic() - started) / max(done, 1) * (len(new) - done)
        clock = f" · {int(left) // 60}:{int(left) % 60:02d} left" if done else ""
        said = f"embedding {done:,} of {len(new):,} texts{clock}"
        progress(done / len(new), said)
        report = partial(_with_words, part(progress, done / len(new), (done + len(block)) / len(new)), said)
        vectors = encoder.encode_texts([texts[content] for content in block], progress=report)
        batch = Batch(encoder=encoder_key)
        nothing = np.empty(0, dtype=np.float16)
        batch.vectors = [
            (content, np.ascontiguousarray(vector, dtype=np.float32), nothing)
            for content, vector in zip(block, vectors, strict=True)
        ]
        cache.write(batch)
        done += len(block)
    progress(1.0, f"embedded {len(texts):,} texts")
    return done


def _with_words(progress: Progress, words: str, fraction: float, message: str) -> None:
    """Pass the fraction on with our own words."""
    del message
    progress(fraction, words)


__all__ = ["content_of", "encode_text_rows"]
