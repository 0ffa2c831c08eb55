import os
from pathlib import Path

import numpy as np
import pytest

from engines.errors import SourceError
from engines.protocols import SourceOptions, no_progress
from engines.read.folder import FolderReader
from engines.read.names import escape
from tests import corpus
from tests.engines.read.reading import read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes with two pictures each; the reader opens none of them, so any bytes do."""
    for label in ("cat", "dog", "eel"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in (1, 2):
            (tmp_path / "set" / label / f"{number}.jpg").write_bytes(b"x" * number)
    return tmp_path / "set"


def rows_of(source: Path, **options: object):
    dataset, vectors = read(source, SourceOptions(**options))
    assert vectors is None
    return dataset


def test_ids_labels_and_stats(folder):
    dataset = rows_of(folder)
    assert dataset.ids == ["cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/2.jpg", "eel/1.jpg", "eel/2.jpg"]
    assert dataset.labels == ["cat", "cat", "dog", "dog", "eel", "eel"]
    assert dataset.stats[:, 0].tolist() == [1, 2] * 3
    assert dataset.stats[0, 2] == (folder / "cat" / "1.jpg").stat().st_ino
    assert dataset.media_of(0) == b"cat/1.jpg"
    assert Path(dataset.root) == folder


def test_reading_twice_gives_the_same_keys(folder):
    one, two = rows_of(folder), rows_of(folder)
    assert (one.key, one.media_key, one.columns_key) == (two.key, two.media_key, two.columns_key)


def test_touching_a_file_changes_the_media_key_only(folder):
    before = rows_of(folder)
    os.utime(folder / "cat" / "1.jpg", ns=(1, 1))
    after = rows_of(folder)
    assert after.media_key != before.media_key
    assert after.columns_key == before.columns_key


def test_every_case_of_the_corpus_is_a_row_or_a_reject(tmp_path):
    written = corpus.build(tmp_path / "set")
    dataset = rows_of(tmp_path / "set")
    rejected = {record["id"]: record["reason"] for record in dataset.rejects.to_pylist()}
    assert set(dataset.ids) | set(rejected) == {escape(path) for path in written}
    assert not set(dataset.ids) & set(rejected)
    assert {escape(path) for path, case in written.items() if case.reason is None} <= set(dataset.ids)
    assert dataset.counts == {"broken_links": 2, "empty_folders": 1, "hidden_files": 1, "junk_files": 4, "repeated_folders": 1}
    assert [dataset.media_of(row) for row in range(len(dataset))] == sorted(
        (path for path in written if escape(path) in set(dataset.ids)), key=escape
    )


def test_a_linked_folder_outside_is_read_and_a_second_link_is_not(folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "3.jpg").write_bytes(b"x")
    (folder / "fox").symlink_to(tmp_path / "other", target_is_directory=True)
    (folder / "gnu").symlink_to(tmp_path / "other", target_is_directory=True)
    (folder / "cat" / "dogs").symlink_to(folder / "dog", target_is_directory=True)
    dataset = rows_of(folder)
    assert "fox/3.jpg" in dataset.ids
    assert [row for row in dataset.ids if row.startswith(("gnu", "cat/dogs"))] == []
    assert dataset.counts["repeated_folders"] == 2


def test_a_pipe_is_no_file(folder):
    os.mkfifo(folder / "cat" / "pipe.jpg")
    record = next(record for record in rows_of(folder).rejects.to_pylist() if record["id"] == "cat/pipe.jpg")
    assert "not a regular file" in record["reason"]


def test_a_folder_without_permission_is_a_reject(folder, monkeypatch):
    real = os.scandir

    def refuse(path):
        if isinstance(path, bytes) and path.endswith(b"/dog"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    dataset = rows_of(folder)
    assert [record["reason"] for record in dataset.rejects.to_pylist()] == ["folder cannot be read: Permission denied"]
    assert "dog/1.jpg" not in dataset.ids
    assert len(dataset) == 4


def test_splits_and_deeper_folders(tmp_path):
    for path in ("train/cat/young/a.jpg", "train/dog/a.jpg", "test/cat/a.jpg"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    dataset = rows_of(tmp_path)
    assert dataset.rows.column("split").to_pylist() == ["test", "train", "train"]
    assert dataset.labels == ["cat", "cat", "dog"]
    assert dataset.rows.column("folder").to_pylist() == [None, "young", None]


def test_no_picture_is_opened(folder, monkeypatch):
    def refuse(*_: object, **__: object):
        raise AssertionError("opened a file")

    monkeypatch.setattr(Path, "open", refuse)
    assert len(rows_of(folder)) == 6


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(SourceError, match="is empty"):
        rows_of(tmp_path)


def test_a_folder_without_pictures_says_what_it_holds(tmp_path):
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(SourceError, match=r"no picture") as caught:
        rows_of(tmp_path)
    assert "1 .docx" in caught.value.hint
    assert "archive" not in caught.value.hint
    (tmp_path / "photos.zip").write_bytes(b"PK")
    with pytest.raises(SourceError, match=r"no picture") as caught:
        rows_of(tmp_path)
    assert "give the archive itself" in caught.value.hint


def test_progress_can_stop_it(folder, tmp_path):
    from engines.errors import Cancelled

    def stop(fraction, message):
        assert 0 <= fraction <= 1
        raise Cancelled

    with pytest.raises(Cancelled):
        FolderReader()(folder, SourceOptions(), scratch=tmp_path, progress=stop)
    assert FolderReader()(folder, SourceOptions(), scratch=tmp_path, progress=no_progress).dataset.ids


def test_nothing_is_written_into_the_folder(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    rows_of(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_stats_are_whole_numbers(folder):
    assert rows_of(folder).stats.dtype == np.int64
