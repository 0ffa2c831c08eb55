import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engines.errors import Cancelled, SourceError
from engines.protocols import SourceOptions, no_progress
from engines.read.path_list import PathListReader
from tests.engines.read.sources import FILES, assert_same, build, folder_rows, open_with, reasons, rejects

JPEG = b"\xff\xd8\xff whatever"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three classes with a picture each."""
    for label in ("cat", "dog", "eel"):
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "set" / label / "1.jpg").write_bytes(JPEG)
    return tmp_path / "set"


def opened(source: Path, scratch: Path, **options: object):
    return open_with(PathListReader, source, scratch, **options)


def listed(target: Path, *lines: str) -> Path:
    target.write_bytes(os.fsencode("\n".join(lines) + "\n"))
    return target


@pytest.mark.parametrize("absolute", [False, True])
def test_a_list_of_all_pictures_is_the_folder(tmp_path, scratch, absolute):
    folder = build(tmp_path / "set")
    (folder / "metadata.csv").unlink()
    (folder / "train" / "cat" / "no_suffix").unlink()
    lines = [str(folder / name) if absolute else name for name in FILES]
    source = listed(folder / "list.txt", *lines)
    dataset = opened(source, scratch)
    source.unlink()
    assert_same(dataset, folder_rows(folder, scratch))
    assert rejects(dataset) == []
    assert dataset.origin["format"] == "paths"
    assert dataset.origin["labels"] == "folders"


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", " "])
def test_a_label_may_follow_each_path(pictures, scratch, delimiter):
    source = listed(pictures / "list.lst", f"eel/1.jpg{delimiter}7", f"cat/1.jpg{delimiter}kitten", "dog/1.jpg")
    dataset = opened(source, scratch)
    assert dataset.ids == ["cat/1.jpg", "dog/1.jpg", "eel/1.jpg"]
    assert dataset.labels == ["kitten", None, "7"]
    assert dataset.rows.column("folder").to_pylist() == ["cat", "dog", "eel"]
    assert dataset.origin["roles"] == {"image": "path", "label": "label"}


def test_names_with_commas_and_blanks_are_whole_paths_when_they_exist(tmp_path, scratch):
    for name in ("a, b.jpg", "c d.jpg"):
        (tmp_path / name).write_bytes(JPEG)
    dataset = opened(listed(tmp_path / "list.txt", "a, b.jpg", "c d.jpg"), scratch)
    assert dataset.ids == ["a, b.jpg", "c d.jpg"]


def test_pictures_elsewhere_are_called_by_their_absolute_paths(pictures, tmp_path, scratch):
    (tmp_path / "lists").mkdir()
    source = listed(tmp_path / "lists" / "list.txt", "../set/cat/1.jpg", str(pictures / "dog" / "1.jpg"))
    dataset = opened(source, scratch)
    assert dataset.ids == [str(pictures / "cat" / "1.jpg"), str(pictures / "dog" / "1.jpg")]
    assert dataset.labels == ["cat", "dog"]
    assert dataset.media_of(0) == os.fsencode(pictures / "cat" / "1.jpg")


def test_lines_that_name_nothing_are_rejects(pictures, scratch):
    (pictures / "notes.md").write_text("x")
    (pictures / "empty.jpg").write_bytes(b"")
    lines = [
        "# pictures",
        "",
        "cat/1.jpg",
        "dog/1.jpg",
        "./cat//1.jpg",
        "gone.jpg",
        "eel",
        "notes.md",
        "empty.jpg",
        "x" * 5000,
        "y" * 100_000,
        "cat/1.jpg/x",
    ]
    dataset = opened(listed(pictures / "list.txt", *lines, *(["eel/1.jpg"] * 8)), scratch)
    assert dataset.ids == ["cat/1.jpg", "dog/1.jpg", "eel/1.jpg"]
    told = dict(rejects(dataset))
    assert told["gone.jpg"] == "line 6: there is no such file"
    assert told["eel"] == "a folder"
    assert told["notes.md"] == "not a picture: a .md file"
    assert told["empty.jpg"] == "empty file (zero bytes)"
    assert told["cat/1.jpg/x"] == "line 12: there is no such file"
    for words in (
        "line 5 names cat/1.jpg once more",
        "line 10 is no path",
        "line 11 is no path",
        "line 14 names eel/1.jpg once more",
    ):
        assert words in reasons(dataset)


def test_bytes_that_are_no_text_and_other_line_ends(tmp_path, scratch):
    (tmp_path / os.fsdecode(b"\xff.jpg")).write_bytes(JPEG)
    (tmp_path / "käse.jpg").write_bytes(JPEG)
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf\xff.jpg\r\n" + "käse.jpg".encode())
    assert opened(tmp_path / "list.txt", scratch).ids == ["\\xff.jpg", "käse.jpg"]


@pytest.mark.parametrize(
    "text", ["", "some words\nand more words\n", "cat/1.jpg\nwords\nwords\nwords\n", "\0\0\0", "# nothing\n"]
)
def test_other_texts_are_left_to_other_readers(pictures, text):
    (pictures / "list.txt").write_text(text)
    assert not PathListReader.reads(pictures / "list.txt")


def test_only_texts_are_looked_at(pictures):
    assert not PathListReader.reads(pictures)
    assert not PathListReader.reads(pictures / "nothing.txt")
    assert not PathListReader.reads(listed(pictures / "list.csv", "cat/1.jpg"))


def test_an_option_without_a_meaning_is_refused(pictures, scratch):
    with pytest.raises(SourceError, match="--label: a list of paths has no columns"):
        opened(listed(pictures / "list.txt", "cat/1.jpg"), scratch, label="x")


def test_progress_can_stop_it(pictures, scratch):
    def stop(fraction, message):
        raise Cancelled

    source = listed(pictures / "list.txt", *["cat/1.jpg"] * 5000)
    with pytest.raises(Cancelled):
        PathListReader()(source, SourceOptions(), scratch=scratch, progress=stop)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.lists(
        st.sampled_from([b"cat/1.jpg", b"dog/1.jpg", b"\n", b"\r", b"\t", b",", b"\0", b"..", b"/", b"\xff", b"x" * 300])
    ).map(b"".join)
)
def test_any_bytes_give_rows_or_one_error(tmp_path, raw):
    (tmp_path / "cat").mkdir(exist_ok=True)
    (tmp_path / "cat" / "1.jpg").write_bytes(JPEG)
    (tmp_path / "list.txt").write_bytes(raw)
    PathListReader.reads(tmp_path / "list.txt")
    try:
        dataset = PathListReader()(tmp_path / "list.txt", SourceOptions(), scratch=tmp_path, progress=no_progress).dataset
    except SourceError:
        return
    assert dataset.ids == ["cat/1.jpg"]
