import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.read.names import escape, is_junk, looks_like_picture, suffix_of, unescape

RAW = st.binary(max_size=40) | st.lists(st.sampled_from([b"\\", b"\\xff", b"\xff", b"x5c", b"a", "ä".encode(), b"/"])).map(
    b"".join
)


@given(RAW)
def test_every_path_comes_back_from_its_text(raw):
    assert unescape(escape(raw)) == raw


@given(RAW, RAW)
def test_two_paths_never_share_a_text(one, other):
    assert (escape(one) == escape(other)) == (one == other)


@given(RAW)
def test_the_text_can_be_written_as_utf8(raw):
    assert escape(raw).encode("utf-8").decode("utf-8") == escape(raw)


def test_text_is_not_normalized():
    composed, decomposed = "na\u00efve.jpg", "nai\u0308ve.jpg"
    assert [escape(composed.encode()), escape(decomposed.encode())] == [composed, decomposed]


def test_other_bytes_are_shown_as_escapes():
    assert escape(b"a\xff\\b") == "a\\xff\\x5cb"


@pytest.mark.parametrize("name", [b".DS_Store", b"Thumbs.db", b"desktop.ini", b"._a.jpg", b"__MACOSX", b"a.jpg~"])
def test_junk_is_known(name):
    assert is_junk(name)


@pytest.mark.parametrize(
    ("name", "suffix"), [(b"a.JPG", ".jpg"), (b"a", ""), (b".jpg", ""), (b"a.b.png", ".png"), (b"a.\xff", ".\\xff")]
)
def test_suffix(name, suffix):
    assert suffix_of(name) == suffix


def test_first_bytes_tell_a_picture():
    assert looks_like_picture(b"\xff\xd8\xff\xe0" + bytes(28))
    assert looks_like_picture(b"RIFF\x00\x00\x00\x00WEBPVP8 ")
    assert not looks_like_picture(b"hello, this is text")
    assert not looks_like_picture(b"")
