from pathlib import Path

import numpy as np
import pytest

from engines.errors import SourceError
from engines.media import MediaFiles
from engines.protocols import SourceOptions, no_progress
from engines.read import read, read_several
from engines.read.several import source_names
from tests import corpus


@pytest.fixture
def two(tmp_path):
    for name, labels in (("old", ("cat", "dog")), ("new", ("dog", "emu"))):
        for number, label in enumerate(labels):
            folder = tmp_path / name / label
            folder.mkdir(parents=True)
            (folder / "1.png").write_bytes(corpus.saved(corpus.picture(number + len(name + label), (9, 8)), "PNG"))
        (tmp_path / name / "broken.txt").write_text("x")
    return [tmp_path / "old", tmp_path / "new"]


def together(sources, scratch, **options):
    return read_several(sources, SourceOptions(**options), scratch=scratch, progress=no_progress)


def test_rows_of_both_stand_under_one_another_with_their_source(two, tmp_path):
    dataset = together(two, tmp_path / "s").dataset
    assert dataset.ids == ["old/cat/1.png", "old/dog/1.png", "new/dog/1.png", "new/emu/1.png"]
    assert dataset.labels == ["cat", "dog", "dog", "emu"]
    assert dataset.rows.column("source").to_pylist() == ["old", "old", "new", "new"]
    assert dataset.rejects.column("id").to_pylist() == ["old/broken.txt", "new/broken.txt"]
    assert dataset.stats.shape == (4, 3)


def test_every_row_finds_its_own_file(two, tmp_path):
    dataset = together(two, tmp_path / "s").dataset
    files = MediaFiles(dataset)
    alone = [row for source in two for row in _bytes(source, tmp_path / "s")]
    assert [files.read(row) for row in range(4)] == alone


def _bytes(source: Path, scratch: Path) -> list[bytes]:
    dataset = read(source, scratch=scratch).dataset
    return [MediaFiles(dataset).read(row) for row in range(len(dataset))]


def test_names_are_those_given_or_made_unique(two, tmp_path):
    assert together(two, tmp_path / "s", source_names=("a", "b")).dataset.ids[0] == "a/cat/1.png"
    paths = [Path("x/set"), Path("y/set"), Path("z/other")]
    assert source_names(paths, SourceOptions()) == ["set-1", "set-2", "other"]


def test_vectors_of_one_length_are_joined_and_own_columns_widened(tmp_path):
    np.savez(tmp_path / "a.npz", vectors=np.eye(3, dtype=np.float32), year=np.array([1, 2, 3]))
    np.savez(tmp_path / "b.npz", vectors=np.ones((2, 3), np.float32), year=np.array([0.5, 1.5]), note=np.array(["p", "q"]))
    reading = together([tmp_path / "a.npz", tmp_path / "b.npz"], tmp_path / "s")
    np.testing.assert_array_equal(reading.vectors["given"], np.concatenate([np.eye(3), np.ones((2, 3))]))
    assert reading.dataset.rows.column("year").to_pylist() == [1.0, 2.0, 3.0, 0.5, 1.5]
    assert reading.dataset.rows.column("note").to_pylist() == [None, None, None, "p", "q"]


def test_vectors_of_different_lengths_are_refused_with_the_numbers(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(3, dtype=np.float32))
    np.save(tmp_path / "b.npy", np.eye(4, dtype=np.float32))
    with pytest.raises(SourceError, match="given 3, given 4"):
        together([tmp_path / "a.npy", tmp_path / "b.npy"], tmp_path / "s")


def test_different_kinds_are_refused(two, tmp_path):
    np.save(tmp_path / "a.npy", np.eye(3, dtype=np.float32))
    with pytest.raises(SourceError, match="different kinds") as caught:
        together([two[0], tmp_path / "a.npy"], tmp_path / "s")
    assert "pictures" in caught.value.message
