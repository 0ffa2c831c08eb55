"""Safe names: what Windows, macOS and Linux take, and no two that any of them confuses."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engines.export.names import LONGEST, NameBook, safe_name, same_name_key

ANYTHING = st.text(st.characters(), max_size=300)
WINDOWS_DEVICE = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(\.|$)")


@pytest.mark.parametrize(
    "name", ["cat", "cat.jpg", "two words", "Käfer", "猫", "a.b.c", "100", "_x", "a-b", "file (1).jpg", "it's"]
)
def test_what_is_safe_stays(name):
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "_"),
        (".", "_"),
        ("..", "_"),
        ("   ", "_"),
        ("../../etc/passwd", "_.._.._etc_passwd"),
        ("a/b", "a_b"),
        ('a\\b:c*d?e"f<g>h|i', "a_b_c_d_e_f_g_h_i"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1 .jpg", "_com1 .jpg"),
        ("console", "console"),
        ("name. . ", "name"),
        ("-rf", "_-rf"),
        ("=1+1", "_=1+1"),
        ("@home", "_@home"),
        (".hidden", "_.hidden"),
        ("backup~", "backup~_"),
        ("line\nbreak\x00", "line_break_"),
        ("Thumbs.db", "_Thumbs.db"),
        ("cafe\u0301", "café"),
        (b"caf\xe9.jpg".decode("utf-8", "surrogateescape"), "caf_xe9.jpg"),
        ("x" * 300 + ".jpeg", "x" * 195 + ".jpeg"),
        ("ü" * 150, "ü" * 100),
    ],
)
def test_what_is_not_safe(name, expected):
    assert safe_name(name) == expected


@given(ANYTHING)
@example("\udcff" * 200)
@example("a." * 150)
def test_every_name_is_safe_everywhere(text):
    name = safe_name(text)
    assert 0 < len(name.encode("utf-8")) <= LONGEST
    assert not set(name) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    assert not name.startswith((".", "-", "=", "+", "@", " "))
    assert not name.endswith((".", " ", "~"))
    assert not WINDOWS_DEVICE.match(name)
    assert safe_name(name) == name, "safe names stay as they are"


@given(
    st.lists(st.one_of(ANYTHING, st.sampled_from(["a", "A", "a-2", "A.jpg", "a.JPG", "ß", "SS", "é", "e\u0301", "con", ""])))
)
def test_no_two_names_are_the_same_on_any_system(wanted):
    book = NameBook()
    book.reserve("", "metadata.csv")
    names = [book.take("", text) for text in wanted]
    keys = [same_name_key(name) for name in names]
    assert len({*keys, "metadata.csv"}) == len(names) + 1
    assert all(len(name.encode("utf-8")) <= LONGEST for name in names)
    assert len({unicodedata.normalize("NFD", name).upper() for name in names}) == len(names)
    again = NameBook()
    again.reserve("", "metadata.csv")
    assert [again.take("", text) for text in wanted] == names


def test_numbers_go_before_the_suffix_and_folders_do_not_mix():
    book = NameBook()
    assert [book.take("cat", name) for name in ("a.jpg", "a.jpg", "A.JPG", "a-2.jpg", "a.png")] == [
        *("a.jpg", "a-2.jpg", "A-3.JPG", "a-2-2.jpg", "a.png")
    ]
    assert book.take("dog", "a.jpg") == "a.jpg"


def test_many_files_of_one_name_take_no_long_search():
    book = NameBook()
    names = [book.take("", "picture.jpg") for _ in range(20_000)]
    assert names[-1] == "picture-20000.jpg"
    assert len(set(names)) == 20_000
