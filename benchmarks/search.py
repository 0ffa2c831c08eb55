"""Measure search by words without any download: class names as queries, pictures of the class as truth; prints Markdown tables.

::

    python -m benchmarks.search PHOTOS [--texts FILE]

PHOTOS is a folder with one sub-folder of pictures per class, FILE a table of texts with labels. ``P@10``: share of the first ten rows that
are of the class, mean over all classes; ``mAP``: mean average precision; ``F1``: of the rows from the default cut on. "Named": as it is;
"unnamed": the classes that bear the query's name are taken out of the encoder's vocabulary first, as if it had never learned them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.embed.minilm import MiniLM
from engines.ingestion import Ingested, ingest_source
from engines.name.vocabulary import readable
from engines.prompts import unit
from engines.protocols import Ranking, SearchSpace, SourceOptions, no_progress
from engines.recipe import Recipe
from engines.search.conse import ConSE
from engines.search.found import cut_of
from engines.search.meaning import Meaning
from engines.search.words import Words
from engines.store import Store
from engines.wordnet_classes import wordnet

BEST = 10
"""Classes that plain ConSE combines (T of the paper)."""
Scores = npt.NDArray[np.float32]
Search = Callable[[str, SearchSpace], Ranking]


@dataclass(frozen=True)
class Figures:
    """How well one query was answered."""

    precision: float
    average: float
    f1: float


def judged(ranking: Ranking, true: npt.NDArray[np.bool_]) -> Figures:
    """Compare a ranking with what is true."""
    order = np.argsort(-ranking.scores, kind="stable")
    hits = true[order]
    average = (np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean()
    found = ranking.scores >= ranking.cut
    return Figures(float(hits[:10].mean()), float(average), float(2 * (found & true).sum() / max(found.sum() + true.sum(), 1)))


def named_classes(query: str) -> npt.NDArray[np.bool_]:
    """Tell which classes bear a name, or lie below a noun that does."""
    net = wordnet()
    bearing = {node for node, lemmas in enumerate(net.lemmas) if query.lower() in (lemma.lower() for lemma in lemmas)}
    return np.array([bool(bearing & net.ancestors[node]) for node in net.classes])


def unnamed(space: SearchSpace, query: str) -> SearchSpace:
    """Take the classes of a name out of the probabilities."""
    left = np.where(named_classes(query), 0, np.asarray(space.embeddings.probabilities, dtype=np.float32))
    left /= np.maximum(left.sum(axis=1, keepdims=True), 1e-6)
    return replace(space, embeddings=replace(space.embeddings, probabilities=left.astype(np.float16)))


def top_class(query: str, space: SearchSpace) -> Ranking:
    """Answer by the name of each picture's most probable class: its probability where the query is one of its names."""
    net = wordnet()
    probabilities = np.asarray(space.embeddings.probabilities, dtype=np.float32)
    called = [query.lower() in (lemma.lower() for lemma in net.lemmas[node]) for node in net.classes]
    scores = np.where(np.array(called)[probabilities.argmax(axis=1)], probabilities.max(axis=1), 0).astype(np.float32)
    return Ranking(scores=scores, cut=1e-6, engine="top class")


class PlainConSE:
    """ConSE as published: the ten best classes, each class the mean of its names, nothing else."""

    def __init__(self, embed: Callable[[Sequence[str]], Scores]) -> None:
        net = wordnet()
        names = [list(net.lemmas[node]) for node in net.classes]
        vectors = unit(embed([name for one in names for name in one]))
        starts = np.cumsum([0, *(len(one) for one in names)])
        self._classes = np.stack([vectors[start:stop].mean(axis=0) for start, stop in pairwise(starts)])
        self._embed = embed

    def __call__(self, query: str, space: SearchSpace) -> Ranking:
        """Rank by the cosine of eq. 2's vector with the query's."""
        probabilities = np.asarray(space.embeddings.probabilities, dtype=np.float32)
        least = np.partition(probabilities, -BEST, axis=1)[:, -BEST, None]
        combined = unit(np.where(probabilities >= least, probabilities, 0) @ self._classes)
        scores = combined @ unit(self._embed([query]))[0]
        return Ranking(scores=scores, cut=cut_of(scores), engine="plain ConSE")


def row(name: str, search: Search, space: SearchSpace, labels: npt.NDArray[Any], queries: dict[str, str]) -> list[str]:
    """Measure one way of searching over all queries; gives the cells of a row, and prints the classes that are found worst."""
    started = time.perf_counter()
    figures = {label: judged(search(query, space), labels == label) for label, query in queries.items()}
    spent = 1000 * (time.perf_counter() - started) / len(figures)
    means = [np.mean([getattr(one, part) for one in figures.values()]) for part in ("precision", "average", "f1")]
    worst = sorted(figures, key=lambda label: figures[label].precision)[:3]
    said = ", ".join(f"{label} {figures[label].precision:.1f}" for label in worst)
    return [name, *(f"{mean:.3f}" for mean in means), f"{spent:.0f}", said]


def table(title: str, rows: Sequence[Sequence[str]]) -> None:
    """Print rows as Markdown."""
    print(
        f"\n{title}\n\n| search | P@10 | mAP | F1 at the cut | ms per query | worst three |\n|---|---|---|---|---|---|",
        flush=True,
    )
    for cells in rows:
        print(f"| {' | '.join(cells)} |", flush=True)


def opened(source: Path, scratch: Path, recipe: Recipe) -> Ingested:
    """Read and encode a source."""
    return ingest_source([source], SourceOptions(), recipe, Store(scratch), verify=False, progress=no_progress)


def photos(folder: Path, scratch: Path) -> None:
    """Measure the search of pictures."""
    made = opened(folder, scratch, Recipe())
    words = MiniLM()

    def embed(texts: Sequence[str]) -> Scores:
        return words.encode_texts(list(texts))

    space = SearchSpace(dataset=made.dataset, embeddings=made.embeddings, embed_words=embed)
    labels = np.array(made.dataset.labels)
    queries = {label: readable(label) for label in sorted(set(made.dataset.labels) - {None}) if label}
    started = time.perf_counter()
    ConSE()("warm", space)
    print(f"\n{len(labels)} pictures of {len(queries)} classes; the first query took {time.perf_counter() - started:.1f} s")
    ways: list[tuple[str, Search]] = [
        ("name of the top class", top_class),
        ("plain ConSE", PlainConSE(embed)),
        ("conse", ConSE()),
    ]
    table("Named:", [row(name, search, space, labels, queries) for name, search in ways])

    def without(search: Search) -> Search:
        return lambda query, given: search(query, unnamed(given, query))

    table("Unnamed:", [row(name, without(search), space, labels, queries) for name, search in ways])


def texts(file: Path, scratch: Path) -> None:
    """Measure the search of texts."""
    made = opened(file, scratch, Recipe(encoders=("minilm",)))
    words = MiniLM()
    space = SearchSpace(
        dataset=made.dataset, embeddings=made.embeddings, embed_query=lambda given: words.encode_texts(list(given))
    )
    labels = np.array([label or "" for label in made.dataset.labels])
    queries = {label: readable(label).strip("?") for label in sorted(set(labels.tolist()) - {""})}
    vectors = unit(made.embeddings.vectors)

    def cosine(query: str, given: SearchSpace) -> Ranking:
        assert given.embed_query is not None
        scores = vectors @ unit(given.embed_query([query]))[0]
        return Ranking(scores=scores, cut=cut_of(scores), engine="cosine")

    ways: list[tuple[str, Search]] = [
        ("words (BM25)", Words()),
        ("cosine of MiniLM", cosine),
        ("meaning", Meaning()),
    ]
    rows = [row(name, search, space, labels, queries) for name, search in ways]
    table(f"{len(labels)} texts of {len(queries)} labels, whose names are the queries:", rows)


def main() -> None:
    """Measure the given folder, and the given texts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--texts", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        photos(options.photos, Path(scratch) / "photos")
        if options.texts:
            texts(options.texts, Path(scratch) / "texts")


if __name__ == "__main__":
    main()
