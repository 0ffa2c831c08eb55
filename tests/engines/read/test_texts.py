import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import Cancelled, SourceError
from engines.protocols import SourceOptions, no_progress
from engines.read import texts
from engines.read.text_lines import TextLines
from engines.read.texts import TextReader


def read(source: Path, **options: str):
    assert TextReader.reads(source)
    return TextReader()(source, SourceOptions(**options), scratch=source.parent / "never", progress=no_progress).dataset


def write(tmp_path: Path, content: bytes | str, name: str = "t.txt") -> Path:
    (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path / name


def contents(dataset) -> list[str]:
    return [dataset.media_of(row) for row in range(len(dataset))]


def test_a_line_is_a_text(tmp_path):
    dataset = read(write(tmp_path, "one two\n\n  \nthree\r\none two\nlast, without end"))
    assert (dataset.kind, contents(dataset)) == ("texts", ["one two", "three", "one two", "last, without end"])
    assert dataset.rows.column("row").to_pylist() == [0, 3, 4, 5]
    assert dataset.counts == {"blank_lines": 2}
    base = hashlib.sha256(b"one two").hexdigest()[:16]
    assert dataset.ids[0::2] == [base, f"{base}-2"]
    assert not (tmp_path / "never").exists()


def test_ids_do_not_depend_on_the_order(tmp_path):
    first = read(write(tmp_path, "a b\nc d\na b\n"))
    assert set(read(write(tmp_path, "c d\na b\na b\n", "u.txt")).ids) == set(first.ids)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), min_size=1, max_size=10), min_size=1, max_size=9
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_was_written_is_read_in_any_encoding(lines, encoding, end):
    kept = [line for line in lines if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), end.join(["first", *lines]).encode(encoding))
        assert contents(read(path)) == ["first", *kept]


@pytest.mark.parametrize("content", ["", "\n\n \n", "\ufeff"])
def test_a_file_without_a_text_is_an_error(tmp_path, content):
    with pytest.raises(SourceError, match="holds no text that can be used"):
        read(write(tmp_path, content))


def test_lines_that_cannot_be_used_are_rejects(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "TextLines", lambda path: TextLines(path, limit=100))
    dataset = read(write(tmp_path, b"good\ncaf\xe9\nbad \x81\n" + b"x" * 5_000_000 + b"\nlast\n"))
    assert contents(dataset) == ["good", "caf\u00e9", "last"]
    assert [(one["row"], one["reason"]) for one in dataset.rejects.to_pylist()] == [
        (2, "holds the byte 0x81, which is neither UTF-8 nor Windows-1252"),
        (3, "is longer than 64 MiB"),
    ]
    assert dataset.rows.column("row").to_pylist() == [0, 1, 4]
    assert dataset.origin["encoding"] == "utf-8; 1 lines as Windows-1252, the first: line 2, byte 0xe9"


def test_a_folder_of_files_has_paths_labels_and_splits_like_one_of_pictures(tmp_path):
    for split in ("train", "test"):
        for label in ("pos", "neg"):
            for number in range(2):
                write(tmp_path, f"{split} {label}\nline {number}", f"d/{split}/{label}/{number}.txt")
    write(tmp_path, "about", "d/README.md")
    dataset = read(tmp_path / "d")
    assert dataset.ids == sorted(f"{s}/{k}/{n}.txt" for s in ("train", "test") for k in ("pos", "neg") for n in range(2))
    assert dataset.rows.column("path").to_pylist() == dataset.ids
    assert dataset.labels == ["neg", "neg", "pos", "pos"] * 2
    assert dataset.rows.column("split").to_pylist() == ["test"] * 4 + ["train"] * 4
    assert dataset.media_of(0) == "test neg\nline 0"


def test_files_that_cannot_be_used_are_rejects(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "FILE_LIMIT", 1000)
    held = [b"good", b"", b" \n", b"caf\xe9", b"\x81", b"x" * 2000, "wide".encode("utf-16"), b"\xef\xbb\xbfmark"]
    for name, content in zip("abcdefgh", held, strict=True):
        write(tmp_path, content, f"d/{name}.txt")
    os.mkfifo(tmp_path / "d" / "i.txt")
    dataset = read(tmp_path / "d")
    assert dataset.ids == ["a.txt", "d.txt", "g.txt", "h.txt"]
    assert contents(dataset) == ["good", "caf\u00e9", "wide", "mark"]
    assert {one["id"]: one["reason"] for one in dataset.rejects.to_pylist()} == {
        "b.txt": "has no text",
        "c.txt": "has no text",
        "e.txt": "holds the byte 0x81, which is neither UTF-8 nor Windows-1252",
        "f.txt": "is longer than 0 MiB",
        "i.txt": "is not a regular file (a pipe, socket or device)",
    }
    assert dataset.counts == {"files_not_utf8": 1}


def test_a_folder_without_a_usable_text_is_an_error(tmp_path):
    write(tmp_path, b"", "d/a.txt")
    with pytest.raises(SourceError, match=r"a\.txt has no text"):
        read(tmp_path / "d")


def test_columns_of_texts_are_refused(tmp_path):
    with pytest.raises(SourceError, match=r"--label: .* has no columns"):
        read(write(tmp_path, "one\n"), label="kind")


def test_reading_can_be_stopped(tmp_path):
    path = write(tmp_path, "some words\n" * 20_000)

    def stop(fraction: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        TextReader()(path, SourceOptions(), scratch=tmp_path, progress=stop)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_texts_or_an_error(content):
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.suppress(SourceError):
            assert len(read(write(Path(folder), content))) >= 1
        with contextlib.suppress(SourceError):
            assert len(read(write(Path(folder), content, "d/a.txt").parent)) == 1
