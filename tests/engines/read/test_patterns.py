import os
from glob import glob as library_glob
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.errors import SourceError
from engines.protocols import no_progress
from engines.read.patterns import fixed_part, is_pattern, matches, written_out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ["a"]),
        ("{a,b}", ["a", "b"]),
        ("x-{000..003}.tar", ["x-000.tar", "x-001.tar", "x-002.tar", "x-003.tar"]),
        ("{9..11}", ["9", "10", "11"]),
        ("{08..11}", ["08", "09", "10", "11"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{a,b}{1..2}", ["a1", "a2", "b1", "b2"]),
        ("{a,{b,c}d}", ["a", "bd", "cd"]),
        ("{a}", ["{a}"]),
        ("{a}{b,c}", ["{a}b", "{a}c"]),
        ("{a,}", ["a", ""]),
        ("{", ["{"]),
    ],
)
def test_braces(text, expected):
    assert sorted(written_out(text)) == sorted(expected)


def test_too_many_braces_are_refused():
    for text in ("{1..999999999}", "{1..1000}{1..1000}", "{a,b}" * 40):
        with pytest.raises(SourceError, match="stands for more than"):
            written_out(text)


@given(st.text(alphabet="ab{},.*?[]0", max_size=25))
def test_any_text_is_written_out_or_refused(text):
    assert all(isinstance(one, str) for one in written_out(text))
    is_pattern(text)


def test_signs():
    assert [is_pattern(text) for text in ("a*", "a?", "[ab]", "{a,b}", "{1..2}", "a", "{a}", "a.b", "{}")] == [True] * 5 + [
        False
    ] * 4


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("photos/**/*.jpg", "photos"),
        ("*.jpg", "."),
        ("/a/b/{c,d}/e", "/a/b"),
        ("/*.jpg", "/"),
        ("a/b.jpg", "a"),
        ("a/{b}/*.jpg", "a/{b}"),
    ],
)
def test_where_a_pattern_starts_from(pattern, expected):
    assert fixed_part(Path(pattern)) == Path(expected)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.png", "x/a.jpg", "x/y/a.jpg", "x/y/B.JPG", ".hidden/a.jpg", "x/.h.jpg", "z[1]/a.jpg", "ü/ö.jpg"):
        (tmp_path / "t" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / name).write_bytes(b"x")
    return tmp_path / "t"


PATTERNS = (
    "*",
    "*.jpg",
    "**/*.jpg",
    "**/*",
    "x/*.jpg",
    "*/*.jpg",
    "?.jpg",
    "[ab].*",
    ".*/*.jpg",
    "x/.*",
    "**/y/*",
    "*/y/[aB].*",
    "x/*/a.jpg",
    "z[[]1]/*",
    "?/ö.jpg",
    "q/*",
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_matches_are_those_of_the_standard_library(tree, pattern):
    expected = {path for path in library_glob(str(tree / pattern), recursive=True) if path != f"{tree}/"}  # noqa: PTH207  # compared with it
    assert set(matches(tree / pattern, no_progress)) == expected


@pytest.mark.parametrize("pattern", PATTERNS)
def test_relative_patterns_give_relative_paths(tree, pattern, monkeypatch):
    monkeypatch.chdir(tree)
    assert sorted(matches(Path(pattern), no_progress)) == sorted(path for path in library_glob(pattern, recursive=True) if path)  # noqa: PTH207  # compared with it


def test_braces_keep_their_order_and_name_each_path_once(tree):
    found = list(matches(tree / "{x,.}/{a,a,b}.{jpg,png}", no_progress))
    assert [os.path.relpath(path, tree) for path in found] == ["x/a.jpg", "a.jpg", "b.png"]


def test_a_loop_of_links_is_entered_once_and_real_folders_come_first(tree):
    (tree / "a_loop").symlink_to(tree, target_is_directory=True)
    (tree / "b_other").symlink_to(tree / "x", target_is_directory=True)
    found = [os.path.relpath(path, tree) for path in matches(tree / "**" / "*.jpg", no_progress)]
    assert sorted(found) == ["a.jpg", "x/a.jpg", "x/y/a.jpg", "z[1]/a.jpg", "ü/ö.jpg"]


def test_two_stars_at_the_end_mean_the_folder(tree):
    assert list(matches(tree / "x" / "**", no_progress)) == [str(tree / "x")]
