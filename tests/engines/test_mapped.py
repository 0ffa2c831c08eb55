"""Mapped files: their pages are given back, what they hold stays."""

import sys
from pathlib import Path

import numpy as np
import pytest

from engines.mapped import let_go
from engines.neighbors.prepare import prepare
from engines.protocols import no_progress
from engines.told import given_embeddings

PAGES = 2**20
"""Bytes of the mapped files here: some hundred pages."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell which pages are resident")


def resident(path: Path) -> int:
    """Count the bytes of a mapped file that are in the memory of this process."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    found = 0
    for line in lines:
        if line.endswith(str(path)):
            found += next(int(entry.split()[1]) for entry in lines if entry.startswith("Rss:")) * 1024
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "vectors.npy"
    np.save(place, np.random.default_rng(0).normal(size=(PAGES // 256, 64)).astype(np.float32))
    return place


@linux
def test_the_pages_of_a_mapped_file_are_given_back_and_read_again(path: Path) -> None:
    mapped = np.load(path, mmap_mode="r")
    total = mapped.sum()
    assert resident(path) >= PAGES
    let_go(np.asarray(mapped)[5:])
    assert resident(path) == 0
    assert mapped.sum() == total


def test_what_was_changed_in_a_private_copy_stays(path: Path) -> None:
    mapped = np.load(path, mmap_mode="c")
    mapped[:] = 7
    let_go(mapped)
    assert (mapped == 7).all()


def test_arrays_in_memory_are_left_alone() -> None:
    array = np.arange(5)
    let_go(array)
    assert array.tolist() == [0, 1, 2, 3, 4]


@linux
def test_preparing_and_hashing_vectors_leaves_none_of_the_file_behind(path: Path) -> None:
    mapped = np.load(path, mmap_mode="r")
    embeddings = given_embeddings(mapped)
    assert resident(path) == 0
    ready = prepare(embeddings.vectors, "cosine", no_progress)
    assert resident(path) == 0
    np.testing.assert_array_equal(ready.nodes, prepare(np.load(path), "cosine", no_progress).nodes)
    assert embeddings.key == given_embeddings(np.load(path)).key
