"""Near and exact duplicates among texts that this file writes: sentences from a small grammar, copies with one known change each."""

import random

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from engines.issues.conflicting_duplicate import ConflictingDuplicate
from engines.issues.exact_duplicate import ExactDuplicate
from engines.issues.leak import Leak
from engines.issues.near_duplicate import NearDuplicate
from engines.protocols import no_progress
from tests.engines.issues.cases import texts_case

WHO = "the old baker;my neighbor Ruth;a tired nurse;our new captain;some loud tourists;the village teacher;her younger brother;a retired judge"
DID = "repaired;painted;sold;found;carried;measured;forgot;borrowed;hid;praised;cleaned;described"
WHAT = "a wooden boat;the broken clock;nine silver spoons;an empty violin case;the garden fence;two heavy ladders;a map of the harbor;his last letter"
WHERE = "behind the station;near the cold river;on the third floor;at the spring market;below the stone bridge;in a small museum;across the border"
WHEN = "before sunrise;during the long strike;last Thursday;after the concert;while it rained;in early March;without telling anyone"
PARTS = [part.split(";") for part in (WHO, DID, WHAT, WHERE, WHEN)]


def sentences(rng, n):
    """Sentences of which no two share more than three of their five parts."""
    found, taken = [], set()
    while len(found) < n:
        chosen = [rng.choice(part) for part in PARTS]
        fours = {(*chosen[:left], "", *chosen[left + 1 :]) for left in range(5)}
        if not fours & taken:
            taken |= fours
            words = " ".join(chosen)
            found.append(words[0].upper() + words[1:] + ".")
    return found


def altered(text, kind, rng):
    words = text.split()
    at = rng.randrange(1, len(words) - 2)
    letter = rng.randrange(3, len(text) - 3)
    return {
        "case": text.upper(),
        "punctuation": text[:-1] + " !!",
        "spacing": "  " + "  ".join(words) + "\t",
        "greeting": "Well, " + text[0].lower() + text[1:],
        "drop": " ".join(words[:at] + words[at + 1 :]),
        "swap": " ".join([*words[:at], words[at + 1], words[at], *words[at + 2 :]]),
        "slip": text[:letter] + text[letter + 1] + text[letter] + text[letter + 2 :],
        "letter lost": text[:letter] + text[letter + 1 :],
        "word twice": " ".join([*words[: at + 1], *words[at:]]),
    }[kind]


KINDS = ("case", "punctuation", "spacing", "greeting", "drop", "swap", "slip", "letter lost", "word twice")


def planted(seed, n=500, copies=90):
    rng = random.Random(seed)
    texts = sentences(rng, n)
    truth = {}
    for number, row in enumerate(rng.sample(range(n), copies)):
        kind = KINDS[number % len(KINDS)]
        changed = altered(texts[row], kind, rng)
        if changed not in texts:
            truth[row, len(texts)] = kind
            texts.append(changed)
    return texts, truth


def scored(result):
    columns = [result.pairs.column(name).to_pylist() for name in ("a", "b", "score")]
    return {(a, b): score for a, b, score in zip(*columns, strict=True)}


def recall_at(scores, truth, precision):
    hits = best = 0
    for count, pair in enumerate(sorted(scores, key=lambda pair: -scores[pair]), start=1):
        hits += pair in truth
        if hits / count >= precision:
            best = hits
    return best / len(truth)


@pytest.mark.parametrize("graph", [True, False])
def test_copies_with_one_change_are_found_and_little_else(graph):
    texts, truth = planted(0)
    result = NearDuplicate()(texts_case(texts, graph=graph), progress=no_progress)
    flagged = {pair for pair, score in scored(result).items() if score >= result.cut}
    missed = {kind for pair, kind in truth.items() if pair not in flagged}
    assert len(flagged & set(truth)) >= 0.97 * len(truth), missed
    assert len(flagged & set(truth)) >= 0.9 * len(flagged)


@pytest.mark.parametrize("seed", [1, 2])
def test_better_than_the_cosine_of_tf_idf(seed):
    texts, truth = planted(seed)
    ours = scored(NearDuplicate()(texts_case(texts, graph=False), progress=no_progress))
    matrix = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts)
    cosine = (matrix @ matrix.T).toarray()
    plain = {(a, b): cosine[a, b] for a, b in zip(*np.triu_indices(len(texts), 1), strict=True) if cosine[a, b] > 0.3}
    assert recall_at(ours, truth, 0.95) > recall_at(plain, truth, 0.95) + 0.02
    assert recall_at(ours, truth, 0.95) >= 0.99


def test_a_paraphrase_is_no_near_duplicate_even_with_the_same_vector():
    texts, _ = planted(3, n=60, copies=0)
    texts += ["Where can I find my verification code?", "How do I get hold of the number that proves who I am?"]
    evidence = texts_case(texts)
    result = NearDuplicate()(evidence, progress=no_progress)
    assert not result.flagged()[-2:].any()


def test_lines_of_one_form_are_not_duplicates_of_each_other():
    rng = random.Random(0)
    texts = [
        f"2031-05-{rng.randrange(1, 29):02d} user {rng.randrange(10**6)} logged in from 10.0.{rng.randrange(256)}.{rng.randrange(256)}"
        for _ in range(400)
    ]
    assert not NearDuplicate()(texts_case(texts), progress=no_progress).flagged().any()


def test_many_copies_of_one_text_are_one_group():
    rng = random.Random(0)
    texts, _ = planted(4, n=80, copies=0)
    base = texts[0]
    copies = list(dict.fromkeys(altered(base, "slip", rng) for _ in range(25)))
    group = NearDuplicate()(texts_case(texts + copies), progress=no_progress).groups()
    members = [0, *range(80, 80 + len(copies))]
    assert len(set(group[members].tolist())) == 1
    assert group[0] >= 0
    assert (group >= 0).sum() == len(members)


def test_texts_without_spaces_between_words():
    texts = [
        "你好 请问如何给我的账户转账",
        "请问如何给我的帐户转账",
        "今天天气很好我们去公园散步吧",
        "这家餐厅的菜味道不错价格合理",
        "明天早上八点在车站门口见面",
    ]
    texts += [
        "مرحبا كيف يمكنني تحويل المال إلى حسابي اليوم",
        "مرحبا كيف يمكنني تحويل المال الى حسابي اليوم",
        "أين تقع أقرب محطة قطار من هنا",
    ]
    result = NearDuplicate()(texts_case(texts, graph=False), progress=no_progress)
    assert result.flagged().tolist() == [True, True, False, False, False, True, True, False]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("WHERE IS MY CARD, I ORDERED IT A WEEK AGO", "Has the same words as t00001, in other case, spacing or punctuation."),
        ("Where is my card? I ordered a it week ago.", "Has the same words as t00001, in another order."),
        ("Please, where is my card? I ordered it a week ago.", "Has nearly the same words as t00001: without “please”."),
        ("Where is my acrd? I ordered it a week ago.", "Has nearly the same words as t00001: with “card”, without “acrd”."),
    ],
)
def test_the_reason_names_the_words(other, reason):
    texts = ["Where is my card? I ordered it a week ago.", other, *planted(5, n=30, copies=0)[0]]
    result = NearDuplicate()(texts_case(texts), progress=no_progress)
    assert result.flagged()[:2].all()
    assert result.details.column("reason")[0].as_py() == reason
    assert result.details.column("suggestion")[1].as_py() == "t00000"


def test_exact_means_equal_but_for_space_around_and_the_coding_of_accents():
    texts = ["café today", "cafe\u0301 today\n", "  café today", "Café today", "café  today", "cafe today"]
    result = ExactDuplicate()(texts_case(texts), progress=no_progress)
    assert result.flagged().tolist() == [True, True, True, False, False, False]
    assert result.notes["compared"] == "texts"


def test_duplicates_with_other_labels_and_in_other_splits():
    texts, _ = planted(6, n=40, copies=0)
    texts += [texts[0], altered(texts[1], "slip", random.Random(0)), texts[2], altered(texts[3], "case", random.Random(0))]
    labels = ["a"] * 40 + ["b", "b", "a", "a"]
    splits = ["train"] * 40 + ["train", "train", "test", "test"]
    evidence = texts_case(texts, labels, splits=splits)
    conflict, leak = (check(evidence, progress=no_progress) for check in (ConflictingDuplicate(), Leak()))
    assert np.flatnonzero(conflict.flagged()).tolist() == [0, 1, 40, 41]
    assert np.flatnonzero(leak.flagged()).tolist() == [2, 3, 42, 43]
    assert leak.details.column("reason")[42].as_py().startswith("Same content as t00002, which is in the split train")


def test_the_order_of_rows_does_not_matter():
    texts, _ = planted(7, n=80, copies=30)
    order = np.random.default_rng(0).permutation(len(texts))
    one = NearDuplicate()(texts_case(texts, graph=False), progress=no_progress)
    other = NearDuplicate()(texts_case([texts[row] for row in order], graph=False), progress=no_progress)
    np.testing.assert_allclose(one.raw[order], other.raw, atol=1e-4)
