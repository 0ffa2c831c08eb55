import dataclasses

import pytest

from explorer import queues
from explorer.cards import card_size, cluster_word, hover_card
from explorer.item import TEXT_AT_ONCE, alike, inspect
from explorer.shared import install
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer
from tests.fakes_shapes import HOSTILE


@pytest.fixture
def texts(tmp_path):
    return FakeExplorer(240, kind="texts", folder=tmp_path).analyze()


def looked_at(ex, row):
    return inspect(ex, snapshot(ex), row, empty="", keys=True)


def test_a_text_is_shown_as_it_is_with_its_lines(texts):
    data = looked_at(texts, 3)
    assert data["text"] == "first line\n\n    indented second line\n" + HOSTILE
    assert data["text_url"] is None
    assert data["image"] is None
    assert data["meta"].startswith(f"{len(data['text'])} characters")


def test_of_a_long_text_the_beginning_comes_at_once_and_the_rest_by_address(texts):
    data = looked_at(texts, 4)
    assert len(data["text"]) == TEXT_AT_ONCE
    assert data["text_url"].endswith("/text/4.txt")


def test_an_empty_text_is_a_text(texts):
    assert looked_at(texts, 1)["text"] == ""
    assert hover_card(texts, 1)["text"] == ""


def test_neighbors_of_a_text_are_texts(texts):
    for neighbor in looked_at(texts, 50)["neighbors"]:
        assert neighbor["text"] == " ".join(texts.text(neighbor["row"]).split())[: len(neighbor["text"])].rstrip() or neighbor[
            "text"
        ].endswith("…")


def test_alike_texts_mark_what_differs(texts):
    snap = snapshot(texts)
    runs = alike(texts, snap, 101, 100)["runs"]
    assert " ".join(run["text"] for run in runs) == texts.text(101)
    changed = " ".join(run["text"] for run in runs if run["changed"])
    assert changed
    assert "number 50" not in changed
    assert alike(texts, snap, 1, 100)["title"] == "empty text"


def test_groups_of_texts_show_their_words(texts, view):
    shared = install(texts)
    snap = snapshot(texts)
    check = snap.checks["near_duplicate"]
    data = queues.groups_data(shared, snap, check, view, queues.queue(snap, check))
    assert data["thumb"] is None
    for group in data["groups"]:
        for member in group["members"]:
            words = " ".join(run["text"] for run in member["runs"])
            assert words.split() == texts.text(member["row"]).split() or "…" in words


def test_a_table_shows_its_columns(tmp_path):
    ex = FakeExplorer(240, kind="table", folder=tmp_path).analyze()
    data = looked_at(ex, 7)
    assert data["columns"]
    assert {"length", "width", "weight", "color", "year"} <= {fact["name"] for fact in data["facts"]}
    assert data["text"] is None
    assert dict(hover_card(ex, 7)["pairs"])["length"] == f"{ex.dataset.rows.column('length')[7].as_py():.4g}"


def test_a_row_of_vectors_says_at_least_where_it_is(tmp_path):
    ex = FakeExplorer(240, kind="vectors", folder=tmp_path).analyze()
    card = hover_card(ex, 7)
    assert card["title"] == "r00007"
    assert [name for name, _ in card["pairs"]] == ["cluster"]
    assert looked_at(ex, 7)["neighbors"][0]["title"].startswith("r0")


def test_short_texts_stand_side_by_side(texts):
    assert card_size(texts, snapshot(texts)) == "medium"
    texts.text = lambda _row: "short"
    assert card_size(texts, snapshot(texts)) == "small"


def test_a_cluster_without_a_name_is_its_number(texts):
    snap = snapshot(texts)
    named = dataclasses.replace(snap, cluster_names={3: "cluster 3", 4: "red boats"})
    assert [cluster_word(named, cluster) for cluster in (-1, 3, 4, 5)] == ["none", "3", "red boats", "5"]
