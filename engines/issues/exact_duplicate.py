"""Find rows with the very same content: equal files, equal texts, equal vectors."""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import Float32, Int32, IssueResult
from engines.issues.keep import keep_order, kept_of, listed
from engines.issues.result import Finding, make, pair_table
from engines.parameters import engine
from engines.protocols import Evidence, Progress


@engine
class ExactDuplicate:
    """Score 1 where another row has the same content, else 0.

    Content is the file for pictures, the text for texts, else the raw vector. The same pixels in another file are a near duplicate (the best
    there is), since which of the two files to keep is a real choice; so is the same text in another case, spacing or punctuation. Space
    around a text and the way in which its accents are encoded (Unicode NFC) come from files, not from people, and do not count. Pairs form a
    star around the first row of each group.
    """

    name: ClassVar[str] = "exact_duplicate"
    version: ClassVar[int] = 2
    packages: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ("pictures", "texts", "vectors", "labels")
    scope: ClassVar[str] = "row"

    def __call__(self, evidence: Evidence, *, progress: Progress) -> IssueResult:
        """Score every row."""
        n = len(evidence.dataset)
        progress(0.0, "exact duplicates")
        content = content_of(evidence)
        group = groups_of(content)
        raw = (group >= 0).astype(np.float32)
        kept = kept_of(group, keep_order(evidence))
        ids = evidence.dataset.ids
        members: dict[int, list[int]] = {}
        for row in kept:
            members.setdefault(int(group[row]), []).append(row)
        reasons = {row: _reason(row, members[int(group[row])], ids) for row in kept}
        head = np.array([members[int(group[row])][0] for row in kept], dtype=np.int32)
        rest = np.array(list(kept), dtype=np.int32)
        notes: dict[str, Any] = {"groups": len(members), "compared": "nothing" if content is None else _what(evidence)}
        progress(1.0, "exact duplicates")
        finding = Finding(
            raw=raw if content is not None else np.full(n, np.nan),
            cut=0.5,
            scale=0.05,
            suggestions={row: ids[best] for row, best in kept.items()},
            reasons=reasons,
            pairs=pair_table(head, rest, np.ones(len(rest), dtype=np.float32)),
            skipped="" if content is not None else "needs pictures, texts or vectors",
            notes=notes,
        )
        return make(self, evidence, finding)


def content_of(evidence: Evidence) -> Int32 | None:
    """Number the contents: rows with the same number (n) have the same content; None where there is nothing to compare."""
    if evidence.facts is not None:
        return _codes(evidence.facts.facts.column("content_hash"))
    if evidence.dataset.kind == "texts":
        texts = evidence.dataset.media.column("media").to_pylist()
        plain = [None if text is None else unicodedata.normalize("NFC", text).strip() for text in texts]
        return _codes(pa.chunked_array([pa.array(plain, pa.string())]))
    if evidence.embeddings is not None:
        return _equal_rows(evidence.embeddings.vectors)
    return None


def groups_of(content: Int32 | None) -> Int32:
    """Number the contents that several rows share, in the order of their first row; -1 for contents of one row."""
    if content is None or not len(content):
        return np.full(0 if content is None else len(content), -1, dtype=np.int32)
    _, first, inverse, count = np.unique(content, return_index=True, return_inverse=True, return_counts=True)
    shared = np.flatnonzero(count > 1)
    number = np.full(len(count), -1, dtype=np.int32)
    number[shared[np.argsort(first[shared])]] = np.arange(len(shared), dtype=np.int32)
    groups: Int32 = number[inverse.ravel()]
    return groups


def _codes(column: pa.ChunkedArray) -> Int32:
    encoded = column.combine_chunks().dictionary_encode()
    codes: npt.NDArray[Any] = encoded.indices.to_numpy(zero_copy_only=False)
    if encoded.null_count:
        empty = np.isnan(codes.astype(np.float64))
        codes = np.where(empty, len(encoded.dictionary) + np.cumsum(empty), codes)
    return codes.astype(np.int32)


def _equal_rows(vectors: Float32) -> Int32:
    """Number equal vectors; 0 and -0 are equal. Hashes in blocks, so that no second copy of all vectors is made."""
    import hashlib

    seen: dict[bytes, int] = {}
    codes = np.empty(len(vectors), dtype=np.int32)
    for start in range(0, len(vectors), 8192):
        block = np.ascontiguousarray(vectors[start : start + 8192]) + np.float32(0)
        for offset, row in enumerate(block):
            codes[start + offset] = seen.setdefault(hashlib.blake2b(row.tobytes(), digest_size=16).digest(), len(seen))
    return codes


def _what(evidence: Evidence) -> str:
    return "files" if evidence.facts is not None else "texts" if evidence.dataset.kind == "texts" else "vectors"


def _reason(row: int, members: list[int], ids: list[str]) -> str:
    return f"Same content as {listed([ids[other] for other in members if other != row])}."
