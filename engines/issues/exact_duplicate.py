"""Find rows with the very same content: equal files, equal texts, equal vectors."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import Float32, Int32, IssueResult
from engines.issues.keep import keep_order, kept_of, listed
from engines.issues.result import Finding, make, pair_table
from engines.parameters import engine
from engines.protocols import Evidence, Progress, no_progress, part

BLOCK = 8192


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
        content = content_of(evidence, part(progress, 0.0, 0.5))
        progress(0.5, "exact duplicates: groups")
        group = groups_of(content)
        raw = (group >= 0).astype(np.float32)
        kept = kept_of(group, keep_order(evidence)) if (group >= 0).any() else {}
        ids = evidence.dataset.ids if kept else []
        progress(0.7, "exact duplicates: reasons")
        members: dict[int, list[int]] = {}
        for row in kept:
            members.setdefault(int(group[row]), []).append(row)
        reasons = {row: _reason(row, members[int(group[row])], ids) for row in kept}
        head = np.array([members[int(group[row])][0] for row in kept], dtype=np.int32)
        rest = np.array(list(kept), dtype=np.int32)
        notes: dict[str, Any] = {"groups": len(members), "compared": "nothing" if content is None else _what(evidence)}
        progress(0.9, "exact duplicates")
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


def content_of(evidence: Evidence, progress: Progress = no_progress) -> Int32 | None:
    """Number the contents: rows with the same number (n) have the same content; None where there is nothing to compare."""
    if evidence.facts is not None:
        return _codes(evidence.facts.facts.column("content_hash"))
    if evidence.dataset.kind == "texts":
        texts = evidence.dataset.media.column("media").to_pylist()
        plain: list[str | None] = []
        for start in range(0, len(texts), BLOCK):
            progress(start / len(texts), "exact duplicates")
            plain += [
                None if text is None else unicodedata.normalize("NFC", text).strip() for text in texts[start : start + BLOCK]
            ]
        return _codes(pa.chunked_array([pa.array(plain, pa.string())]))
    if evidence.embeddings is not None:
        return _equal_rows(evidence.embeddings.vectors, progress)
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


def _equal_rows(vectors: Float32, progress: Progress = no_progress) -> Int32:
    """Number equal vectors by their first row; 0 and -0 are equal. Sums in blocks, so that no second copy of all vectors is made."""
    n, d = vectors.shape
    # A sum of the bits with odd factors finds what may be equal; only that is hashed in full.
    factors = (np.arange(1, d + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
    sums = np.empty(n, dtype=np.uint64)
    for start in range(0, n, BLOCK):
        progress(0.8 * start / n, "exact duplicates")
        block = np.ascontiguousarray(vectors[start : start + BLOCK]) + np.float32(0)
        sums[start : start + BLOCK] = block.view(np.uint32).astype(np.uint64) @ factors
    progress(0.8, "exact duplicates")
    order = np.argsort(sums, kind="stable")
    same = np.flatnonzero(sums[order][1:] == sums[order][:-1])
    maybe = np.unique(np.concatenate([order[same], order[same + 1]]))
    codes = np.arange(n, dtype=np.int32)
    seen: dict[bytes, int] = {}
    for start in range(0, len(maybe), BLOCK):
        progress(0.8 + 0.2 * start / len(maybe), "exact duplicates")
        rows = maybe[start : start + BLOCK]
        for row, vector in zip(rows.tolist(), np.ascontiguousarray(vectors[rows]) + np.float32(0), strict=True):
            codes[row] = seen.setdefault(hashlib.blake2b(vector.tobytes(), digest_size=16).digest(), row)
    return codes


def _what(evidence: Evidence) -> str:
    return "files" if evidence.facts is not None else "texts" if evidence.dataset.kind == "texts" else "vectors"


def _reason(row: int, members: list[int], ids: Sequence[str]) -> str:
    return f"Same content as {listed([ids[other] for other in members if other != row])}."
