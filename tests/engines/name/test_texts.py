"""Names of clusters of texts."""

# ruff: noqa: RUF001 - Russian is written in Cyrillic letters

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.name.candidates import members
from engines.name.distinct import distinct
from engines.name.evidence import BestEvidence
from engines.name.texts import propose, terms_of, written
from engines.protocols import Evidence, no_progress
from tests.engines.name.shapes import clustering, dataset

RATE = [
    "Why is the exchange rate wrong?",
    "your exchange rate is bad",
    "The exchange rate was not what I expected",
    "I got a wrong exchange rate in the UK",
]
STOLEN = [
    "My card was stolen",
    "Please help, the card got stolen",
    "someone took my card",
    "I think my card is stolen in the UK",
]
IDENTITY = ["How do I verify my identity?", "identity check", "can't verify the identity", "why must you know my identity"]


def named(texts, layer, clear=0.3):
    clusters = members(np.array([layer], dtype=np.int32))
    proposals = propose(texts, clusters, clear=clear, progress=no_progress)
    return [(one.name, one.second, one.source) for one in distinct(clusters, proposals, 0)]


def test_clusters_of_sentences_get_names_that_read_well():
    found = named([*RATE, *STOLEN, *IDENTITY], [0] * 4 + [1] * 4 + [2] * 4)
    assert [name for name, *_ in found] == ["exchange rate", "card stolen", "verify identity"]
    assert {source for *_, source in found} == {"texts"}


def test_a_word_without_a_pair_is_joined_with_the_next_one():
    texts = [
        "the fee at an ATM",
        "an ATM took a fee",
        "fee?",
        "ATM!",
        "delivery of parcels",
        "delivery when",
        "a delivery",
        "x",
    ]
    assert named(texts, [0] * 4 + [1] * 4)[0][0] in ("fee, ATM", "ATM, fee")


def test_forms_of_one_word_are_not_joined():
    texts = ["verify it", "verified", "verify now, code", "verified, code", "a code to verify"] + ["rain"] * 5
    assert named(texts, [0] * 5 + [1] * 5)[0][0] in ("verify, code", "code, verify")


def test_pairs_pass_over_stop_words_but_not_over_punctuation():
    found = terms_of("verify my identity. Passport lost", without=frozenset({"my"}))
    assert found == {"verify", "identity", "passport", "lost", "verify identity", "passport lost"}


def test_capitals_are_kept_where_they_mean_something():
    assert written(["we live in the UK and like iPhones", "Why here", "The UK is far"]) == {"uk": "UK", "iphones": "iPhones"}
    assert written(["A Title With Every Word Large", "Some Other Title"]) == {}


@pytest.mark.parametrize(
    ("texts", "name", "silent"),
    [
        (
            ["Wo ist die Karte von der Bank", "Ich habe die Karte nicht", "Warum ist die Karte nicht da und wo"],
            "Karte",
            "wo ist die von der ich habe nicht warum da und",
        ),
        (
            ["Où est la carte de mon compte", "je ne trouve pas la carte et le code", "pourquoi la carte est là"],
            "carte",
            "où est la de mon je ne pas le et pourquoi",
        ),
        (
            ["где моя карта и что с ней", "я не знаю где карта", "карта у меня не та"],
            "карта",
            "где моя и что с ней я не у меня не та",
        ),
    ],
)
def test_stop_words_follow_the_language(texts, name, silent):
    other = ["rain falls today", "rain and wind", "heavy rain"]
    words = named([*texts * 4, *other], [0] * 12 + [1] * 3)[0][0].replace(",", "").split()
    assert name in words
    assert not set(words) & set(silent.split())


def test_nothing_in_common_is_mixed():
    texts = ["apples", "apples", "trains", "trains", "lamps", "lamps", "stones", "stones", "verbs", "verbs", "doors", "doors"]
    ((name, _, source),) = named(texts, [0] * 12)
    assert name.startswith("mixed: ")
    assert source == "none"


def test_texts_without_words_get_no_name():
    assert named(["1 2 3", "??", ""], [0, 0, 0]) == [("cluster 0", "", "none")]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=12), st.data())
@settings(max_examples=40, deadline=None)
def test_any_texts_give_unique_names(texts, data):
    layer = data.draw(st.lists(st.integers(0, 2), min_size=len(texts), max_size=len(texts)))
    layer = np.unique(layer, return_inverse=True)[1].tolist()
    names = [name for name, *_ in named(texts, layer)]
    assert len({name.lower() for name in names}) == len(names) == max(layer) + 1
    assert all(names)


def test_the_default_namer_reads_the_texts_of_rows():
    texts = [*RATE, *STOLEN]
    plain = dataset(len(texts))
    rows = replace(plain, kind="texts", media=pa.table({"media": pa.array(texts, pa.string())}))
    made = Evidence(dataset=rows, clustering=clustering([0] * 4 + [1] * 4))
    found = BestEvidence()(made, progress=no_progress).table.to_pylist()
    assert [(row["name"], row["source"]) for row in found] == [("exchange rate", "texts"), ("card stolen", "texts")]
