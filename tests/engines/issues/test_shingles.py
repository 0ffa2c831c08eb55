import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.issues.shingles import sketch_pairs, sketches


def shingles(text):
    text = text.ljust(4, "\0")
    return {text[start : start + 4] for start in range(len(text) - 3)}


def test_equal_numbers_estimate_the_shared_shingles():
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    real, estimated = [], []
    for _ in range(60):
        text = "".join(rng.choice(letters, 120))
        cut = int(rng.integers(0, 120))
        other = text[:cut] + "".join(rng.choice(letters, 120 - cut))
        real.append(len(shingles(text) & shingles(other)) / len(shingles(text) | shingles(other)))
        one, two = sketches([text, other])
        estimated.append(float((one == two).mean()))
    assert np.abs(np.array(real) - np.array(estimated)).mean() < 0.06
    assert np.corrcoef(real, estimated)[0, 1] > 0.97


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8), st.randoms(use_true_random=False))
def test_a_sketch_does_not_depend_on_the_other_texts(texts, random):
    whole = sketches(texts)
    order = list(range(len(texts)))
    random.shuffle(order)
    np.testing.assert_array_equal(sketches([texts[row] for row in order]), whole[order])
    for row, text in enumerate(texts):
        np.testing.assert_array_equal(sketches([text])[0], whole[row])


def test_likely_pairs_meet_and_strangers_do_not():
    rng = np.random.default_rng(1)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), 6)) for _ in range(400)]
    texts = ["".join(rng.choice(words, 12)) for _ in range(500)]
    texts += [text[:30] + "x" + text[31:] for text in texts[:100]]
    a, b = sketch_pairs(sketches(texts))
    met = set(zip(a.tolist(), b.tolist(), strict=True))
    planted = {(row, 500 + row) for row in range(100)}
    assert len(met & planted) >= 99
    assert len(met - planted) <= 50


def test_a_crowd_of_equal_texts_stays_cheap():
    a, b = sketch_pairs(sketches(["the same text again"] * 3000))
    assert len(a) <= 16 * 16 * 3000
    assert (a < b).all()


@pytest.mark.parametrize("texts", [[], ["a"], ["", ""], ["\ud800"]])
def test_few_and_strange_texts(texts):
    sketch = sketches(texts)
    assert sketch.shape == (len(texts), 48)
    assert len(sketch_pairs(sketch)[0]) == max(len(texts) - 1, 0)
