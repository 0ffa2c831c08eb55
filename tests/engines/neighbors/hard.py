"""Vectors that break graph, map and cluster methods, and the digits of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from engines.artifacts import Embeddings, Float32, NeighborGraph
from engines.keys import digest
from engines.neighbors.exact import ExactNeighbors


def embeddings(vectors) -> Embeddings:
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    return Embeddings(
        key=digest(vectors.tobytes(), str(vectors.shape)),
        encoder="test",
        vectors=vectors,
        probabilities=np.empty((len(vectors), 0), dtype=np.float16),
    )


def normal(n: int, d: int = 8, seed: int = 0) -> Float32:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def _two_far_components() -> Float32:
    far = normal(60)
    far[:30] += 50
    return far


def _zeros_among() -> Float32:
    vectors = normal(30)
    vectors[[0, 7, 29]] = 0
    return vectors


HARD: dict[str, Callable[[], Float32]] = {
    "no row": lambda: normal(0),
    "one row": lambda: normal(1),
    "two rows": lambda: normal(2),
    "three rows": lambda: normal(3),
    "four rows": lambda: normal(4),
    "five rows": lambda: normal(5),
    "fewer rows than k": lambda: normal(20),
    "all identical": lambda: np.ones((40, 8), dtype=np.float32),
    "all zero": lambda: np.zeros((12, 8), dtype=np.float32),
    "groups of 20 duplicates": lambda: np.repeat(normal(6), 20, axis=0),
    "one row and its opposite": lambda: np.repeat(np.array([[1.0, 2.0], [-1.0, -2.0]], dtype=np.float32), 5, axis=0),
    "rows of zeros": _zeros_among,
    "two far components": _two_far_components,
    "one column": lambda: normal(25, 1),
    "on a line": lambda: np.outer(np.arange(1, 41), np.ones(5)).astype(np.float32),
    "a constant column": lambda: np.concatenate([normal(50, 3), np.full((50, 1), 7.0)], axis=1).astype(np.float32),
    "a grid with ties": lambda: np.array([[x, y, 1] for x in range(8) for y in range(8)], dtype=np.float32),
    "tiny numbers": lambda: normal(30) * np.float32(1e-30),
    "huge numbers": lambda: normal(30) * np.float32(1e30),
    "nearly equal rows": lambda: (1 + 1e-6 * normal(40)).astype(np.float32),
}


@cache
def hard_graph(name: str, metric: str = "cosine") -> NeighborGraph:
    return ExactNeighbors(metric=metric)(embeddings(HARD[name]()))


@cache
def digits() -> tuple[NeighborGraph, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return ExactNeighbors()(embeddings(data.data)), data.target
