import contextlib
import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engines.errors import SourceError
from engines.protocols import SourceOptions, no_progress
from engines.read.table import TableReader
from engines.read.table_csv import CsvFile
from engines.read.text_lines import TextLines


def write(tmp_path: Path, content: bytes | str, name: str = "t.csv") -> Path:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path / name


def values(path: Path) -> tuple[dict[str, list], list[tuple[int, str]]]:
    """Give all columns as plain values, and the rows that are bad."""
    file = CsvFile(path)
    columns: dict[str, list] = {name: [] for name in file.columns}
    bad: list[tuple[int, str]] = []
    for block in file.blocks():
        bad += [tuple(one) for one in block.bad]
        for name in columns:
            columns[name] += block.column(name).to_pylist()
    return columns, bad


def dataset(path: Path, **options: str):
    with tempfile.TemporaryDirectory() as scratch:
        return TableReader()(path, SourceOptions(**options), scratch=Path(scratch), progress=no_progress).dataset


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@settings(max_examples=80, deadline=None)
@given(st.data(), st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_the_standard_library_writes_is_read_again(data, delimiter, encoding):
    width = data.draw(st.integers(2, 5))
    rows = data.draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8))
    names = [f"column{number}" for number in range(width)]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    with tempfile.TemporaryDirectory() as folder:
        columns, bad = values(write(Path(folder), text.getvalue().encode(encoding)))
    # A row whose quotes are all there is never bad; line ends inside of UTF-16 are read as one kind.
    assert bad == []
    expected = {name: [row[place] or None for row in rows] for place, name in enumerate(names)}
    if encoding == "utf-16":
        columns, expected = _same_ends(columns), _same_ends(expected)
    assert columns == expected


def _same_ends(columns: dict[str, list]) -> dict[str, list]:
    def same(cell: str | None) -> str | None:
        return cell and cell.replace("\r\n", "\n").replace("\r", "\n")

    return {name: [same(cell) for cell in cells] for name, cells in columns.items()}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_known_without_a_mark_too(tmp_path, encoding):
    assert values(write(tmp_path, "text,b\nplain \u0100 words,2\n".encode(encoding))) == (
        {"text": ["plain \u0100 words"], "b": ["2"]},
        [],
    )


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n3,4\n", "a;b\n1;2\n3;4", "a\tb\r\n1\t2\r\n3\t4\r\n", "a|b\r1|2\r3|4", "a,b\n\n1,2\n\n\n3,4\n"]
)
def test_delimiters_line_ends_and_blank_lines(tmp_path, text):
    assert values(write(tmp_path, text)) == ({"a": ["1", "3"], "b": ["2", "4"]}, [])


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("name;text\na;one, two, three\nb;four, five\n", ";"),
        ("text\nhello\nworld\n", ","),
        ('text,label\n"a;b;c",x\n"d;e;f",y\n', ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
    ],
)
def test_the_delimiter_is_the_one_that_fits_all_rows(tmp_path, text, delimiter):
    assert CsvFile(write(tmp_path, text)).delimiter == delimiter


def test_decimal_commas_beside_semicolons_are_numbers(tmp_path):
    rows = dataset(write(tmp_path, "a;b\n1,5;x\n3,25;y\n")).rows
    assert rows.column("a").to_pylist() == [1.5, 3.25]


def test_rows_of_a_wrong_length_are_bad_one_by_one(tmp_path):
    columns, bad = values(write(tmp_path, 'a,b\n1,2\n3\n4,5,6\n"x\ny",7\n8,9\n'))
    assert columns == {"a": ["1", "x\ny", "8"], "b": ["2", "7", "9"]}
    assert bad == [(1, "has 1 value for 2 columns (line 3)"), (2, "has 3 values for 2 columns (line 4)")]


def test_a_quote_that_is_never_closed_is_said(tmp_path):
    columns, bad = values(write(tmp_path, 'a,b\n1,2\n3,"open\n5,6\n7,8\n'))
    assert columns["a"] == ["1"]
    assert bad == [(1, "has a quote that is not closed before the end of the file (line 3)")]


def test_names_that_repeat_or_lack_get_one(tmp_path):
    assert CsvFile(write(tmp_path, "a,a,,a_2,a\n1,2,3,4,5\n")).columns == ["a", "a_3", "column_3", "a_2", "a_4"]


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "is empty"), (b"\n\n", "is empty"), (b"\xef\xbb\xbf", "is empty"), (b"a,b\n", "has no rows")]
)
def test_a_file_without_rows_is_an_error(tmp_path, content, words):
    with pytest.raises(SourceError, match=words) as caught:
        dataset(write(tmp_path, content))
    assert caught.value.hint


def test_windows_text_is_read_and_said(tmp_path):
    content = "text,label\nune journée à la plage,été\nplain words here,x\n".encode("cp1252") + "déjà vu encore,x\n".encode()
    read = dataset(write(tmp_path, content))
    assert [read.media_of(row) for row in range(3)] == ["une journée à la plage", "plain words here", "déjà vu encore"]
    assert read.counts == {"lines_not_utf8": 1}
    assert read.origin["encoding"] == "utf-8; 1 lines as Windows-1252, the first: line 2, byte 0xe9"


def test_a_line_in_neither_encoding_is_a_reject_that_names_byte_and_line(tmp_path):
    read = dataset(write(tmp_path, b"text,label\nsome words,x\nbad \x81 words,y\nmore words,z\n"))
    assert read.labels == ["x", "z"]
    assert [(one["row"], one["reason"]) for one in read.rejects.to_pylist()] == [
        (1, "holds the byte 0x81, which is neither UTF-8 nor Windows-1252 (line 3)")
    ]


def test_what_is_no_text_is_refused(tmp_path):
    with pytest.raises(SourceError, match="is not a text file"):
        dataset(write(tmp_path, b"\x7fELF\x00\x00" + bytes(range(256)) * 10))


def test_ten_thousand_columns(tmp_path):
    names = [f"f{number}" for number in range(10_000)]
    text = io.StringIO()
    csv.writer(text).writerows([names, *[[str(row * 0.5)] * 10_000 for row in range(3)]])
    read = dataset(write(tmp_path, text.getvalue()))
    assert (read.kind, len(read), len(read.origin["features"])) == ("table", 3, 10_000)


def test_a_row_beyond_the_limit_is_an_error_that_names_its_line(tmp_path):
    file = CsvFile(write(tmp_path, "a,b\n1,2\n" + "x" * 5000 + ",3\n"))
    file._lines = TextLines(file.path, limit=4096)
    with pytest.raises(SourceError, match="row that begins in line 3 is longer than") as caught:
        list(file.blocks())
    assert "quote" in caught.value.hint
    file = CsvFile(write(tmp_path, 'a,b\n1,2\n"' + "x\n" * 5000))
    file._lines = TextLines(file.path, limit=4096)
    with pytest.raises(SourceError, match="row that begins in line 3"):
        list(file.blocks())


def test_a_line_of_two_gigabytes_is_refused_without_being_read_whole(tmp_path):
    import resource

    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n1,")
        # A file with a hole: zeros that take no room on the disk.
        file.truncate(2 << 30)
        file.seek(100_000)
        file.write(b"x")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError):
        dataset(path)
    path.write_bytes(b"a,b\n1," + b"y" * 200_000)
    with path.open("r+b") as file:
        file.truncate(2 << 30)
    with pytest.raises(SourceError, match="line 2 is longer than 64 MiB"):
        dataset(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
@example(b'a,b\n"')
@example(b"a\r\rb\r")
@example(b"\xff\xfea\x00")
@example(b"a,b\n1,2\x00\n")
def test_any_bytes_are_rows_or_an_error(content):
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), content)
        with contextlib.suppress(SourceError):
            assert len(dataset(path)) >= 1
