"""Keys of vectors hang on their name, shape and numbers, never on how they are cut, and stay what they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines import vectors_key
from engines.keys import Digest, digest
from engines.vectors_key import VectorsKey

ARRAY = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 50)), st.sampled_from([7, 10, 50, 65536]))
def test_cuts_do_not_enter(cuts, part):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors_key, "PART", part)
        key = VectorsKey("given", ARRAY.shape)
        for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(ARRAY)], strict=True):
            key.feed(ARRAY[start:stop])
        parts = [ARRAY[start : start + part].tobytes() for start in range(0, len(ARRAY), part)]
        assert key.key == digest("embed", "given", "given", "(50, 3)", *parts)
        assert key.key == vectors_key.vectors_key("given", np.asfortranarray(ARRAY))


def test_the_key_of_two_parts_stays_what_stored_workspaces_have():
    array = np.arange(140_000, dtype=np.float32).reshape(-1, 2)
    assert vectors_key.vectors_key("given", array) == "fe396d7dbb81634f6b6c60d7"


def test_a_part_in_pieces_is_the_whole_part():
    made = Digest("a")
    made.begin(3)
    made.feed(b"b")
    made.feed(b"cd")
    assert made.key == digest("a", "bcd") != digest("a", "b", "cd")
