"""Turn the pictures of a data set into facts, thumbnails and vectors: one decode per new content, everything else from the cache."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset, Embeddings, PictureFacts
from engines.embed import ENGINES
from engines.embed.decode import quiet_pillow
from engines.embed.reading import Claim, Pictures, Seen
from engines.embed.rowcache import Batch, CacheLost, RowCache
from engines.errors import SourceError
from engines.keys import chain, digest
from engines.protocols import PictureEncoder, Progress, available_threads, no_progress
from engines.table_key import table_digest

LOOKUP = 512
ENCODE = 16
"""Pictures per call of an encoder that states no ``batch_size``."""
COMMIT = 64
"""Rows that are written together at most where nothing is encoded."""
GROUP = 4
"""Rows that a thread reads and decodes in one go: each hand-over between threads costs about as much as a small fact."""
REPORT_SECONDS = 0.05

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """The usable rows with what was found: ``rows`` are their numbers in the data set that was given.

    ``decoded`` and ``encoded`` count the pictures that were new to the cache.
    """

    dataset: Dataset
    rows: Rows
    facts: PictureFacts
    embeddings: Embeddings
    decoded: int
    encoded: int


def ingest(
    dataset: Dataset,
    encoder: PictureEncoder,
    *,
    name: str = "",
    cache: RowCache,
    limit: int | None = None,
    verify: bool = False,
    threads: int | None = None,
    progress: Progress = no_progress,
) -> Ingested:
    """Decode and encode every picture whose content the cache does not know.

    ``limit`` keeps the first usable rows in the order of the data set; ``verify`` reads every file again, whatever size and time say.
    The keys of what comes out depend on contents, ids and columns only, so that touching or moving files changes nothing later on.

    Raises:
        SourceError: when not one picture can be used.
        EnvironmentFault: when the cache cannot be written.
        Cancelled: when ``progress`` asks for it; what was encoded so far is in the cache.
    """
    name = name or _name_of(encoder)
    encoder_key = chain("embed", encoder, [], name=name)
    decoded = encoded = 0
    with quiet_pillow():
        for last in (False, True):
            run = _Run(dataset, encoder, encoder_key, cache, limit=limit, verify=verify)
            try:
                run(threads or available_threads(), progress)
                decoded, encoded = decoded + run.decoded, encoded + run.encoded
                hashes = [run.hashes[row] for row in run.good]
                table = cache.facts(hashes)
                vectors, probabilities = cache.vectors(hashes, encoder_key)
                break
            except CacheLost:
                # Damaged in the middle of the run; the second time everything is made anew.
                if last:
                    raise
    rows = np.array(run.good, dtype=np.int64)
    kept = _content_keyed(dataset.take(rows, _rejects(dataset, run.rejected)), hashes)
    content = digest("contents", kept.media_key)
    return Ingested(
        dataset=kept,
        rows=rows,
        facts=PictureFacts(key=digest("facts", table_digest(table)), facts=table),
        embeddings=Embeddings(
            key=digest("embed", encoder_key, content),
            encoder=name,
            vectors=vectors,
            probabilities=probabilities,
            vocabulary=encoder.vocabulary,
        ),
        decoded=decoded,
        encoded=encoded,
    )


class _Run:
    """One pass over the rows, in their order: threads read and decode ahead, this thread encodes and writes."""

    def __init__(
        self, dataset: Dataset, encoder: PictureEncoder, encoder_key: str, cache: RowCache, *, limit: int | None, verify: bool
    ) -> None:
        self.dataset, self.encoder, self.cache, self.verify = dataset, encoder, cache, verify
        self.pictures = Pictures(dataset, encoder, encoder_key, cache)
        self.wanted = len(dataset) if limit is None else min(limit, len(dataset))
        self.good: list[int] = []
        self.hashes: dict[int, str] = {}
        self.rejected: dict[int, str] = {}
        self.decoded = self.encoded = 0
        self._size = int(getattr(encoder, "batch_size", ENCODE))
        self._batch = Batch(encoder=encoder_key)
        self._prepared: list[tuple[str, npt.NDArray[Any]]] = []
        self._not_finite: set[str] = set()
        self._settled: set[str] = set()
        self._started = time.monotonic()
        self._reported = 0.0
        self._new = 0

    def __call__(self, threads: int, progress: Progress) -> None:
        """Go over the rows until enough of them are good."""
        ahead: deque[Future[list[Seen]] | Seen] = deque()
        held = 0
        tasks = self._tasks()
        with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
            try:
                while len(self.good) < self.wanted:
                    while held < self._size + GROUP * threads and (task := next(tasks, None)) is not None:
                        ahead.append(task if isinstance(task, Seen) else pool.submit(self.pictures.see, task))
                        held += 1 if isinstance(task, Seen) else len(task)
                    if not ahead:
                        break
                    first = ahead.popleft()
                    found = [first] if isinstance(first, Seen) else first.result()
                    held -= len(found)
                    for seen in found:
                        if len(self.good) < self.wanted:
                            self._take(seen)
                            self._report(progress)
            finally:
                self.pictures.stop()
                pool.shutdown(cancel_futures=True)
                # Also when cancelled: what is decoded already is worth keeping.
                self._encode()
                self._commit()
        if self._not_finite:
            for row in [row for row in self.good if self.hashes[row] in self._not_finite]:
                self.rejected[row] = "the encoder gave no finite vector for it"
            self.good = [row for row in self.good if row not in self.rejected]
        if not self.good:
            raise _nothing_usable(self.dataset, self.rejected)

    def _tasks(self) -> Iterator[list[int] | Seen]:
        """Give the rows in order: those that the cache knows as seen, the others by their numbers, a few at a time."""
        group: list[int] = []
        for block in self.dataset.blocks(LOOKUP):
            for row in list(block) if self.verify else self.pictures.known(block):
                if isinstance(row, int):
                    group.append(row)
                if group and (isinstance(row, Seen) or len(group) == GROUP):
                    yield group
                    group = []
                if isinstance(row, Seen):
                    yield row
        if group:
            yield group

    def _take(self, seen: Seen) -> None:
        """Book one row; the first row of a content brings what was decoded."""
        if seen.stats is not None and seen.content is not None:
            self._batch.files.append((self.pictures.location(seen.row), *seen.stats, seen.content))
        reason = seen.reason
        if seen.claim is not None:
            fate = seen.claim.result()
            reason = fate.reason
            self._keep(seen.claim)
            self._settled.add(fate.content)
        if reason is not None:
            self.rejected[seen.row] = reason
        else:
            assert seen.content is not None
            self.hashes[seen.row] = seen.content
            self.good.append(seen.row)
        if len(self._prepared) >= self._size:
            # What was encoded is written at once: a kill loses one batch of encoding at most.
            self._encode()
            self._commit()
        # The first ones early: somebody is waiting to see a picture.
        elif len(self._batch) >= (COMMIT if len(self.good) > COMMIT else ENCODE):
            self._commit()

    def _keep(self, claim: Claim) -> None:
        """Put what was decoded into the batch, once per content."""
        fate = claim.result()
        decoded, fate.decoded = fate.decoded, None
        if decoded is not None:
            self._new += 1
            self.decoded += 1
            if decoded.facts is not None:
                self._batch.facts.append(decoded.facts)
            if decoded.prepared is not None:
                self._prepared.append((fate.content, decoded.prepared))
        elif fate.reason is not None and fate.new:
            fate.new = False
            self._batch.broken.append((fate.content, fate.reason))

    def _encode(self) -> None:
        """Encode what waits; a vector that is not finite makes its rows rejects."""
        if not self._prepared:
            return
        waiting, self._prepared = self._prepared, []
        result = self.encoder(np.stack([prepared for _, prepared in waiting]))
        finite = np.asarray(np.isfinite(result.vectors).all(axis=1), dtype=np.bool_)
        for number, (content, _) in enumerate(waiting):
            if finite[number]:
                self._batch.vectors.append((content, result.vectors[number], result.probabilities[number]))
                self.encoded += 1
            else:
                self._not_finite.add(content)

    def _commit(self) -> None:
        batch, self._batch = self._batch, Batch(encoder=self._batch.encoder)
        if len(batch) or batch.broken:
            self.cache.write(batch)
        waiting = {content for content, _ in self._prepared}
        self.pictures.forget(self._settled - waiting)
        self._settled &= waiting

    def _report(self, progress: Progress) -> None:
        now = time.monotonic()
        if now < self._reported + REPORT_SECONDS:
            return
        self._reported = now
        done = min(len(self.good) + len(self.rejected), self.wanted)
        left = (now - self._started) / max(done, 1) * (self.wanted - done)
        work = "embedding" if self._new else "checking"
        clock = f" · {int(left) // 60}:{int(left) % 60:02d} left" if self._new >= ENCODE else ""
        progress(done / max(self.wanted, 1), f"{work} {done:,} of {self.wanted:,} pictures{clock}")


def _name_of(encoder: PictureEncoder) -> str:
    """Find the name under which an encoder is registered; a stranger goes by the name of its class."""
    kind = type(encoder)
    target = f"{kind.__module__}:{kind.__qualname__}"
    return next((name for name, entry in ENGINES.entries.items() if entry.target == target), kind.__qualname__)


def _content_keyed(dataset: Dataset, hashes: list[str]) -> Dataset:
    """Give the data set keys of what its files hold, in place of where and when they were written."""
    ids = table_digest(dataset.rows.select(["id"]))
    media_key = digest("pictures", ids, *hashes)
    columns_key = table_digest(dataset.rows)
    key = digest("dataset", media_key, columns_key, table_digest(dataset.rejects))
    return replace(dataset, key=key, media_key=media_key, columns_key=columns_key)


def _rejects(dataset: Dataset, rejected: dict[int, str]) -> pa.Table:
    rows = sorted(rejected)
    picked = dataset.rows.take(pa.array(rows, pa.int64()))
    return pa.table(
        {
            "id": picked.column("id"),
            "path": picked.column("path"),
            "row": pa.nulls(len(rows), pa.int64()),
            "stage": pa.array(["embed"] * len(rows), pa.string()),
            "reason": pa.array([rejected[row] for row in rows], pa.string()),
        },
        schema=REJECT_SCHEMA,
    )


def _nothing_usable(dataset: Dataset, rejected: dict[int, str]) -> SourceError:
    if not rejected:
        return SourceError(f"{dataset.source} holds no picture")
    row, reason = next(iter(sorted(rejected.items())))
    return SourceError(f"none of {len(rejected):,} pictures can be used", f"the first one, {dataset.ids[row]}: {reason}")
