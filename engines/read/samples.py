"""Group the members of a tar file into samples, as WebDataset does: what stands before the first dot of the last part is the key."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.read.listing import METADATA, passed_over
from engines.read.members import BAD, FILE, FOLDER, Members
from engines.read.names import PICTURE_SUFFIXES, escape, suffix_of

LABELS = ("cls", "label", "class", "cls.txt", "label.txt", "class.txt")
CAPTIONS = ("txt", "caption", "text", "caption.txt")
COLUMNS = ("json",)
FIELDS = frozenset({*LABELS, *CAPTIONS, *COLUMNS})
"""Extensions whose bytes are read at once, with the index of a shard."""

_KEY = re.compile(rb"^((?:.*/)?[^./]+)\.([^/]*)$", re.DOTALL)
Rows = npt.NDArray[np.int64]


def split_name(name: bytes) -> tuple[bytes, str] | None:
    """Split a member's name into key and extension (in lower case); None where it has none."""
    match = _KEY.match(name)
    return (match.group(1), match.group(2).decode("utf-8", "backslashreplace").lower()) if match else None


def is_field(name: bytes) -> bool:
    """Tell whether a member holds a label, a caption or columns."""
    told = split_name(name)
    return told is not None and told[1] in FIELDS


def is_picture(extension: str) -> bool:
    """Tell by the extension whether a member is a picture."""
    return suffix_of(b"x." + extension.encode("utf-8", "replace")) in PICTURE_SUFFIXES


def are_samples(names: Iterable[bytes]) -> bool:
    """Tell by the names of the first members whether a tar file holds samples rather than the files of a folder.

    It does when at least half of the keys have two members or more, one of them a label, a caption or columns (``FIELDS``), and no
    table ``metadata.csv``, ``.jsonl`` or ``.parquet`` lies among them. Pictures alone are a folder: it reads them as well.
    """
    found: dict[bytes, set[str]] = {}
    for name in names:
        if name.rpartition(b"/")[2].lower() in METADATA:
            return False
        told = None if _is_passed(name) else split_name(name)
        if told is not None:
            found.setdefault(told[0], set()).add(told[1])
    joint = sum(len(extensions) > 1 and bool(extensions & FIELDS) for extensions in found.values())
    return joint > 0 and 2 * joint >= len(found)


@dataclass(kw_only=True)
class Shard:
    """One tar file: where its bytes lie uncompressed, what it is called below the root, its split, its members and samples.

    ``keys``: key of each sample, in the order of the file. Per member of a sample: ``sample`` (its number), ``extension`` (its number
    in ``extensions``), ``row`` (in ``members``). ``replaced``: rows of members whose name lies in it once more; the last one counts.
    """

    container: Path
    name: str
    split: str | None
    members: Members
    keys: list[bytes] = field(default_factory=list)
    extensions: list[str] = field(default_factory=list)
    sample: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    extension: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    row: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    replaced: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def stem(self) -> str:
        """Give the name without ``.tar`` and what follows."""
        return re.sub(r"\.(tar(\.\w+)?|t(gz|bz2?|xz|zst))$", "", self.name, flags=re.IGNORECASE)

    @cached_property
    def kinds(self) -> npt.NDArray[np.int8]:
        """Give the kind of each member of a sample."""
        kinds: npt.NDArray[np.int8] = self.members.kinds[self.row]
        return kinds

    def of(self, extension: str) -> tuple[Rows, Rows]:
        """Give sample numbers and rows of the members with an extension."""
        if extension not in self.extensions:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        places = np.flatnonzero(self.extension == self.extensions.index(extension))
        return self.sample[places], self.row[places]

    def texts(self, extension: str) -> list[bytes | None]:
        """Give the bytes of the field with an extension, per sample; None where there is none, or it is too long for one."""
        found: list[bytes | None] = [None] * len(self.keys)
        samples, rows = self.of(extension)
        contents: list[bytes | None] = self.members.table.column("content").take(pa.array(rows)).to_pylist()
        for sample, content in zip(samples.tolist(), contents, strict=True):
            found[sample] = content
        return found

    def path(self, row: int) -> str:
        """Name a member for a person: the shard, and the member in it."""
        return f"{self.name}/{escape(self.members.names[row])}"


def group(shard: Shard) -> Shard:
    """Find the samples of a shard."""
    keys: dict[bytes, int] = {}
    extensions: dict[str, int] = {}
    sample, extension, rows = array("q"), array("q"), array("q")
    for row, (name, kind) in enumerate(zip(shard.members.names, shard.members.kinds.tolist(), strict=True)):
        if kind == FOLDER:
            continue
        if _is_passed(name):
            shard.counts["junk_files"] += 1
            continue
        told = split_name(name) if kind in (FILE, BAD) else None
        if told is None:
            shard.counts["links" if kind not in (FILE, BAD) else "members_without_extension"] += 1
            continue
        sample.append(keys.setdefault(told[0], len(keys)))
        extension.append(extensions.setdefault(told[1], len(extensions)))
        rows.append(row)
    shard.keys, shard.extensions = list(keys), list(extensions)
    shard.sample, shard.extension, shard.row = (np.array(values, dtype=np.int64) for values in (sample, extension, rows))
    _keep_last(shard)
    return shard


def pictures(shard: Shard, ranked: Sequence[str]) -> tuple[Rows, dict[int, str]]:
    """Choose the picture of each sample: the row of its member, -1 where there is none; and why, by number of the sample.

    ``ranked``: the extensions that count, the first one first.
    """
    rank = np.array([ranked.index(name) if name in ranked else len(ranked) for name in shard.extensions], dtype=np.int64)
    chosen = np.full(len(shard.keys), -1, dtype=np.int64)
    reasons: dict[int, str] = {}
    if not len(shard.row):
        return chosen, reasons
    ranks = rank[shard.extension]
    places = np.flatnonzero(ranks < len(ranked))
    # From the last wanted to the first, so that the first one stays.
    places = places[np.argsort(-ranks[places], kind="stable")]
    sizes = shard.members.numbers("size")[shard.row[places]]
    good = (shard.kinds[places] == FILE) & (sizes > 0)
    for place in places[~good].tolist():
        bad = shard.kinds[place] == BAD
        reasons[int(shard.sample[place])] = (
            shard.members.at("reason", int(shard.row[place])) if bad else "empty file (zero bytes)"
        )
    chosen[shard.sample[places[good]]] = shard.row[places[good]]
    return chosen, {number: reason for number, reason in reasons.items() if chosen[number] < 0}


def _is_passed(name: bytes) -> bool:
    """Tell whether a member is junk, hidden, or about the whole file (``__...__``, as WebDataset has it, with an extension or not)."""
    stem = name.partition(b".")[0]
    if b"/" not in name and stem.startswith(b"__") and stem.endswith(b"__"):
        return True
    folder, _, last = name.rpartition(b"/")
    return bool(passed_over(b"/" + last)) or (bool(folder) and _is_passed_folder(folder))


@lru_cache(maxsize=4096)
def _is_passed_folder(folder: bytes) -> bool:
    return any(passed_over(b"/" + part) for part in folder.split(b"/"))


def _keep_last(shard: Shard) -> None:
    """Let the last member of a name count where there are several."""
    if not len(shard.row):
        return
    code = shard.sample * len(shard.extensions) + shard.extension
    _, last = np.unique(code[::-1], return_index=True)
    kept = np.sort(len(code) - 1 - last)
    if len(kept) < len(code):
        dropped = np.setdiff1d(np.arange(len(code)), kept)
        shard.replaced = shard.row[dropped]
        shard.sample, shard.extension, shard.row = shard.sample[kept], shard.extension[kept], shard.row[kept]


__all__ = [
    "CAPTIONS",
    "COLUMNS",
    "FIELDS",
    "LABELS",
    "Shard",
    "are_samples",
    "group",
    "is_field",
    "is_picture",
    "pictures",
    "split_name",
]
