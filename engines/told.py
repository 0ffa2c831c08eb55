"""What sources tell: their rows, and the vectors that they bring as embeddings; a file of vectors that did not change is not read again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engines.artifacts import Dataset, Embeddings, Float32
from engines.errors import SourceError
from engines.keys import digest
from engines.protocols import Progress, Reading, SourceOptions, no_progress, part
from engines.store import TEMPORARY, Store, write_atomically
from engines.value import Artifact
from engines.vectors_key import GIVEN, vectors_key

SCRATCH = "scratch"
VERSION = "1"
"""Raised when the same file leads to something else."""

Rows = npt.NDArray[np.int64]
R = TypeVar("R", "RecalledRows", "RecalledJoin")


@dataclass(frozen=True, kw_only=True)
class Told:
    """The rows, and embeddings of them by name in the order of the sources; ``fresh``: keys of those that were not in the store before."""

    dataset: Dataset
    spaces: Mapping[str, Embeddings] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()

    def take(self, rows: Rows) -> dict[str, Embeddings]:
        """Give the embeddings of some rows, in the given order."""
        if len(rows) == len(self.dataset) and bool((rows == np.arange(len(rows))).all()):
            return dict(self.spaces)
        return {name: given_embeddings(value.vectors[rows], name) for name, value in self.spaces.items()}


@dataclass(frozen=True, kw_only=True)
class RecalledRows(Artifact):
    """The parts of the ``Dataset`` of files of vectors, the plain ones as JSON, which keeps their order; names and keys of its embeddings."""

    kind_name: ClassVar[str] = "told"
    plain: str
    rows: pa.Table
    media: pa.Table
    stats: npt.NDArray[np.int64]
    rejects: pa.Table
    spaces: list[list[str]]

    @property
    def dataset(self) -> Dataset:
        """Put the rows together again."""
        tables = {"rows": self.rows, "media": self.media, "rejects": self.rejects}
        return Dataset.restore(json.loads(self.plain), {"stats": self.stats}, tables)


@dataclass(frozen=True, kw_only=True)
class RecalledJoin(Artifact):
    """The rows of a data set that have a vector in a file of their own, rejects for the others, names and keys of the embeddings."""

    kind_name: ClassVar[str] = "joined"
    kept: Rows
    lacking: pa.Table
    spaces: list[list[str]]


@dataclass(frozen=True, kw_only=True)
class _Memory:
    """What files led to the last time: under ``name`` lie the state that they were in and the key of the value.

    ``state`` is made of path, size, time and inode, and of what else the value hangs on; it is empty where there is no such file.
    """

    store: Store
    files: tuple[Path, ...]
    name: str
    hangs_on: tuple[str, ...]

    @property
    def place(self) -> Path:
        return self.store.root / SCRATCH / "vectors" / f"{digest(*map(os.fsencode, self.files), self.name)}.json"

    def state(self) -> str:
        seen = []
        for path in self.files:
            try:
                info = path.stat()
            except OSError:
                return ""
            if not path.is_file():
                return ""
            seen.append(f"{os.fspath(path.resolve())} {info.st_size} {info.st_mtime_ns} {info.st_ino}")
        return digest(VERSION, *seen, *self.hangs_on)

    def get(self, cls: type[R]) -> tuple[R, dict[str, Embeddings]] | None:
        """Give the value and its embeddings, where files are as they were and all of it is still there."""
        key = ""
        with suppress(OSError, ValueError, KeyError, TypeError):
            noted = json.loads(self.place.read_bytes())
            key = str(noted["key"]) if noted["state"] == self.state() else ""
        value = self.store.get(cls, key) if key else None
        if value is None:
            return None
        spaces = {name: self.store.get(Embeddings, key) for name, key in value.spaces}
        found = {name: space for name, space in spaces.items() if space is not None}
        return (value, found) if len(found) == len(spaces) else None

    def put(self, value: RecalledRows | RecalledJoin, state: str) -> None:
        """Note what the files led to when they were in this state."""
        if not state:
            return
        if not self.store.has(type(value), value.key):
            self.store.put(value)
        text = json.dumps({"state": state, "key": value.key})
        write_atomically(self.place, lambda path: path.write_text(text, encoding="ascii"))


def tell(sources: Sequence[Path], options: SourceOptions, store: Store, *, verify: bool, progress: Progress) -> Told:
    """Read one source, or several as one; join the vectors of ``--embeddings``. ``verify``: read files, too, that look unchanged.

    Raises:
        SourceError: when a source cannot be read, or vectors do not belong to its rows.
    """
    from engines.read.vectors import VectorReader

    if verify:
        _forget(store.root / SCRATCH)
    step = part(progress, 0.0, 0.8)
    if all(VectorReader.reads(source) for source in sources):
        said = repr(replace(options, embeddings=None))
        memory = _Memory(store=store, files=tuple(sources), name=said, hangs_on=(str(VectorReader.version),))
        told = _rows(memory, sources, options, verify=verify, progress=step)
    else:
        reading = _read(sources, options, store, step)
        told = Told(dataset=reading.dataset, spaces=_spaces(reading, step))
    if options.embeddings is not None:
        told = _joined(told, Path(options.embeddings), store, verify=verify, progress=part(progress, 0.8, 1.0))
    return told


def _forget(scratch: Path) -> None:
    """Remove what readers remember of files that look unchanged; what is being written just now, and downloads, stay."""
    for path in scratch.rglob("*"):
        passing = path.suffix == ".tmp" or path.name.startswith(TEMPORARY)
        if path.is_file() and not passing and not path.relative_to(scratch).parts[0].startswith("hub-"):
            with suppress(OSError):
                path.unlink()


def _rows(memory: _Memory, sources: Sequence[Path], options: SourceOptions, *, verify: bool, progress: Progress) -> Told:
    """Read files of vectors, or recall what they led to."""
    recalled = None if verify else memory.get(RecalledRows)
    if recalled is not None:
        progress(1.0, "nothing new to read")
        return Told(dataset=recalled[0].dataset, spaces=recalled[1])
    state = memory.state()
    reading = _read(sources, options, memory.store, progress)
    told = _stored(reading, memory, state, progress)
    plain, arrays, tables = reading.dataset.parts()
    text, spaces = json.dumps(plain), _keys(told)
    key = digest("told", text, json.dumps(spaces))
    memory.put(RecalledRows(key=key, plain=text, spaces=spaces, **arrays, **tables), state)
    return told


def _joined(told: Told, path: Path, store: Store, *, verify: bool, progress: Progress) -> Told:
    """Join the vectors of a file to the rows, or recall which ones belong together."""
    from engines.read.vectors_join import READERS, join_vectors

    dataset = told.dataset
    versions = [str(getattr(kind, "version", 1)) for kind in READERS]
    hangs_on = (dataset.key, str(dataset.origin.get("reader")), json.dumps(_keys(told)), *versions)
    memory = _Memory(store=store, files=(path,), name=dataset.source, hangs_on=hangs_on)
    recalled = None if verify else memory.get(RecalledJoin)
    if recalled is not None:
        progress(1.0, "nothing new to read")
        join, spaces = recalled
        return Told(dataset=dataset.take(join.kept, join.lacking if len(join.lacking) else None), spaces=spaces)
    state = memory.state()
    vectors = {name: value.vectors for name, value in told.spaces.items()}
    before = Reading(dataset=dataset, vectors=vectors, keys=dict(_keys(told)))
    reading = join_vectors(before, path, scratch=store.root / SCRATCH, progress=progress)
    made = _stored(reading, memory, state, progress)
    there = pc.is_in(dataset.rows.column("id"), value_set=reading.dataset.rows.column("id").combine_chunks())
    kept = np.flatnonzero(there.to_numpy()).astype(np.int64)
    lacking = reading.dataset.rejects.slice(len(dataset.rejects))
    key = digest("joined", reading.dataset.key, json.dumps(_keys(made)))
    memory.put(RecalledJoin(key=key, kept=kept, lacking=lacking, spaces=_keys(made)), state)
    return made


def _read(sources: Sequence[Path], options: SourceOptions, store: Store, progress: Progress) -> Reading:
    from engines.read import read, read_several

    scratch = store.root / SCRATCH
    if len(sources) == 1:
        return read(sources[0], options, scratch=scratch, progress=progress)
    return read_several(sources, options, scratch=scratch, progress=progress)


def _spaces(reading: Reading, progress: Progress) -> dict[str, Embeddings]:
    step = part(progress, 1.0, 1.0)
    return {
        name: given_embeddings(vectors, name, reading.keys.get(name, ""), step) for name, vectors in reading.vectors.items()
    }


def _stored(reading: Reading, memory: _Memory, state: str, progress: Progress) -> Told:
    """Keep the vectors of a reading in the store, where they can be found without the file.

    Raises:
        SourceError: when a file changed since it was in this state: vectors are copied after they were hashed, and a key must tell what
            lies under it.
    """
    store, made = memory.store, _spaces(reading, progress)
    fresh = frozenset(value.key for value in made.values() if not store.has(Embeddings, value.key))
    writing = part(progress, 1.0, 1.0)
    spaces = {name: store.get(Embeddings, value.key) or store.put(value, writing) for name, value in made.items()}
    if state != memory.state():
        for key in fresh:
            store.drop(Embeddings, key)
        names = ", ".join(map(str, memory.files))
        raise SourceError(f"{names} changed while it was read", "open it again when it is no longer being written")
    return Told(dataset=reading.dataset, spaces=spaces, fresh=fresh)


def _keys(told: Told) -> list[list[str]]:
    return [[name, value.key] for name, value in told.spaces.items()]


def given_embeddings(vectors: Float32, name: str = GIVEN, key: str = "", progress: Progress = no_progress) -> Embeddings:
    """Wrap vectors that a source brings as a value; ``key`` is made of what they hold where it is not known yet."""
    if not len(vectors):
        raise SourceError("no row is left with a usable vector")
    probabilities = np.empty((len(vectors), 0), dtype=np.float16)
    key = key or vectors_key(name, vectors, progress)
    progress(1.0, "checking vectors")
    return Embeddings(key=key, encoder=name, vectors=vectors, probabilities=probabilities)


__all__ = ["GIVEN", "Told", "given_embeddings", "tell"]
