"""Small values for the tests of search: spaces from plain lists, and a text encoder that knows exact words only."""

import zlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from engines.artifacts import REJECT_SCHEMA, Dataset, Embeddings
from engines.protocols import SearchSpace
from engines.tokens import stem_of, words_of

DIMENSIONS = 256


def bag(texts: Sequence[str]) -> np.ndarray:
    """Give each text the sum of its words' vectors, drawn from the hash of a word; another one for no words at all."""
    found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in map(stem_of, words_of(text)) if words_of(text) else ["no words"]:
            found[row] += np.random.default_rng(zlib.crc32(word.encode("utf-8", "surrogatepass"))).normal(0, 1, DIMENSIONS)
    return found


def dataset(
    n: int,
    *,
    kind: str = "pictures",
    texts: Sequence[str | None] | None = None,
    captions: Sequence[str | None] | None = None,
    labels: Sequence[str | None] | None = None,
    paths: Sequence[str] | None = None,
    key: str = "",
) -> Dataset:
    columns = {
        "id": pa.array([f"row-{row}" for row in range(n)]),
        "path": pa.array(paths or [None] * n, pa.string()),
        "label": pa.array(labels or [None] * n, pa.string()),
        "split": pa.nulls(n, pa.string()),
    }
    if captions is not None:
        columns["caption"] = pa.array(captions, pa.string())
    said = repr((texts, captions, labels, paths, key))
    return Dataset(
        key=said,
        kind=kind,
        source="",
        root="",
        rows=pa.table(columns),
        media=pa.table({"media": pa.array(texts or [None] * n, pa.string())}),
        stats=np.zeros((0, 3), dtype=np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        media_key=said,
        columns_key=said,
    )


def embeddings(vectors: np.ndarray, probabilities: np.ndarray | None = None) -> Embeddings:
    n = len(vectors)
    return Embeddings(
        key="e",
        encoder="fake",
        vectors=np.asarray(vectors, dtype=np.float32),
        probabilities=np.empty((n, 0), np.float16) if probabilities is None else probabilities,
        vocabulary="" if probabilities is None else "imagenet1k",
    )


def text_space(texts: Sequence[str | None], **given) -> SearchSpace:
    vectors = bag([text or "" for text in texts])
    return SearchSpace(dataset=dataset(len(texts), kind="texts", texts=texts), embeddings=embeddings(vectors), **given)


def found(ranking) -> list[int]:
    """List the rows that count as found, the best first."""
    order = np.argsort(-ranking.scores, kind="stable")
    return [int(row) for row in order if ranking.scores[row] >= ranking.cut]
