import time

from hypothesis import given
from hypothesis import strategies as st

from explorer.excerpts import CARD, MOST_WORDS, differing, excerpt, pairs, plain
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer

TEXTS = st.text(st.sampled_from("ab \n"), max_size=80)


@given(TEXTS, TEXTS)
def test_all_words_are_there_and_only_new_ones_are_marked(text, other):
    parts = differing(text, other)
    said = [word for words, _ in parts for word in words.split()]
    if said[:1] == ["…"]:
        said = said[1:]
        assert text.split()[-len(said) :] == said
    else:
        assert said == text.split()
    if text.split() == other.split():
        assert not any(changed for _, changed in parts)


def test_the_words_that_differ_are_marked():
    assert differing("my card was stolen today", "my card was lost") == (
        ("my card was", False),
        ("stolen today", True),
    )


def test_a_long_text_begins_shortly_before_the_difference():
    same = " ".join(f"w{i}" for i in range(100))
    (first, changed), (second, marked) = differing(f"{same} end", f"{same} stop")
    assert first.startswith("… w92")
    assert (changed, second, marked) == (False, "end", True)


def test_beside_an_empty_text_nothing_is_marked():
    assert differing("a b", " ") == (("a b", False),)
    assert differing("", "a") == ()


def test_very_long_texts_are_compared_in_time_and_say_that_they_go_on():
    began = time.monotonic()
    parts = differing("ab " * 50_000, "ba " * 50_000)
    assert time.monotonic() - began < 2
    assert parts[-1] == ("…", False)
    assert len(parts[0][0].split()) == MOST_WORDS


def test_an_excerpt_is_one_short_line():
    assert excerpt("a\n\n  b\tc") == "a b c"
    assert excerpt(" \n ") == ""
    assert len(excerpt("word " * 100_000)) <= CARD
    assert excerpt("x" * 100_000).endswith("…")


def test_values_are_written_for_people():
    assert [plain(value) for value in (0.123456, True, 3, [1, 2], b"abc", "x")] == [
        "0.1235",
        "yes",
        "3",
        "1, 2",
        "3 bytes",
        "x",
    ]


def test_the_columns_that_make_the_vector_come_first(tmp_path):
    snap = snapshot(FakeExplorer(240, kind="table", folder=tmp_path).analyze())
    assert [name for name, _ in pairs(snap, 0, 4)] == ["length", "width", "weight", "color"]
    assert len(pairs(snap, 0, 2)) == 2
