"""Naming with a joint encoder that was trained on generated pictures, so that the truth is known."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pytest

from engines.errors import Cancelled, ParameterError
from engines.name import ENGINES
from engines.name.candidates import members
from engines.name.evidence import BestEvidence
from engines.name.joint import JointWords, propose
from engines.name.vocabulary import vocabulary
from engines.prompts import placed
from engines.protocols import Evidence, no_progress
from engines.spaces import Lexicon
from tests.engines.name.shapes import clustering, dataset
from tests.tiny_joint import COLORS, SHAPES, THINGS, TinyJoint, embedded

EACH = 12


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A person's file of words."""
    file = tmp_path_factory.mktemp("words") / "own.txt"
    file.write_text("\n".join((*THINGS, *COLORS)))
    return str(file)


@lru_cache(maxsize=8)
def lexicon_of(words: tuple[str, ...]) -> Lexicon:
    vectors = placed(words, TinyJoint().encode_texts) if words else np.empty((0, 1), dtype=np.float32)
    return Lexicon(key=f"lexicon {len(words)}", encoder="tiny", words=pa.table({"word": list(words)}), vectors=vectors)


@pytest.fixture(scope="module")
def pictures():
    return embedded(EACH)


@pytest.fixture(scope="module")
def layers(pictures):
    """Clusters by shape, and below them by color and shape."""
    shapes = [SHAPES.index(thing.split()[1]) for thing in pictures[1]]
    return clustering(shapes, [THINGS.index(thing) + len(SHAPES) for thing in pictures[1]], default=1)


def truth_of(cluster: int) -> str:
    return SHAPES[cluster] if cluster < len(SHAPES) else THINGS[cluster - len(SHAPES)]


def evidence_of(pictures, clusters, words, **columns):
    n = len(pictures[1])
    return Evidence(
        dataset=dataset(n, **columns), embeddings=pictures[0], clustering=clusters, lexicon=lexicon_of(tuple(words))
    )


def rows_of(names):
    return {row["cluster"]: row for row in names.table.to_pylist()}


def test_the_right_name_is_among_the_first_three_of_nine_in_ten_planted_clusters(pictures, layers, own):
    words = lexicon_of(tuple(vocabulary([], own)))
    assert len(words) > 4000
    proposals = propose(words, pictures[0].vectors, members(layers.layers), clear=0.4, progress=no_progress)
    right = [truth_of(at) in [one.name for one in proposal.candidates[:3]] for at, proposal in enumerate(proposals)]
    assert np.mean(right[: len(SHAPES)]) >= 0.9
    assert np.mean(right[len(SHAPES) :]) >= 0.9


@pytest.mark.parametrize("namer", [JointWords, BestEvidence])
def test_names_are_right_unique_and_tell_their_source(namer, pictures, layers, own):
    engine = namer(vocabulary=own)
    words = engine.vocabulary_of(Evidence(dataset=dataset(len(pictures[1]))))
    found = rows_of(engine(evidence_of(pictures, layers, words), progress=no_progress))
    assert len({row["name"].lower() for row in found.values()}) == len(found) == len(SHAPES) + len(THINGS)
    assert np.mean([row["name"] == truth_of(cluster) for cluster, row in found.items()]) >= 0.85
    assert {row["source"] for row in found.values()} == {"joint"}
    assert all(0.4 <= row["score"] <= 1 and row["second_name"] not in ("", row["name"]) for row in found.values())


def test_siblings_are_told_apart_by_what_differs(pictures):
    """Both clusters are circles: of the words that fit both, neither may take its name."""
    chosen = np.flatnonzero([thing in ("red circle", "blue circle") for thing in pictures[1]])
    embeddings = replace(pictures[0], vectors=pictures[0].vectors[chosen], probabilities=pictures[0].probabilities[chosen])
    clusters = members(np.array([[pictures[1][row] == "blue circle" for row in chosen]], dtype=np.int32))
    words = lexicon_of(("circle", *COLORS, *THINGS))
    red, blue = propose(words, embeddings.vectors, clusters, clear=0.4, progress=no_progress)
    assert red.candidates[0].name.startswith("red")
    assert blue.candidates[0].name.startswith("blue")


def test_a_cluster_of_everything_is_mixed_and_says_what_it_holds(pictures, own):
    things = np.array([THINGS.index(thing) for thing in pictures[1]])
    # The first 20 kinds of things are thrown together at random, the others are clusters of their own.
    labels = np.where(things < 20, 0, things - 19)
    found = rows_of(
        JointWords(vocabulary=own)(
            evidence_of(pictures, clustering(labels.tolist()), vocabulary([], own)), progress=no_progress
        )
    )
    assert found[0]["name"].startswith("mixed: ")
    assert (found[0]["source"], found[0]["score"] < 0.4) == ("none", True)
    held = found[0]["name"].removeprefix("mixed: ").split(", ")
    assert all(thing.split()[-1] in SHAPES for thing in held)
    assert all(row["source"] == "joint" for cluster, row in found.items() if cluster)


def test_labels_of_the_data_set_are_words_too(pictures, layers):
    labels = [thing.replace(" ", "_") for thing in pictures[1]]
    made = evidence_of(pictures, layers, vocabulary(labels), labels=labels)
    found = rows_of(JointWords()(made, progress=no_progress))
    assert np.mean([found[at]["name"] == truth_of(at) for at in range(len(SHAPES), len(found))]) >= 0.9


def test_captions_still_speak_first(pictures, layers, own):
    captions = [f"one {thing}" for thing in pictures[1]]
    found = rows_of(
        BestEvidence(vocabulary=own)(evidence_of(pictures, layers, THINGS, captions=captions), progress=no_progress)
    )
    assert {row["source"] for row in found.values()} == {"captions"}
    n = len(captions)
    assert BestEvidence().vocabulary_of(Evidence(dataset=dataset(n, captions=captions))) == []
    assert len(BestEvidence().vocabulary_of(Evidence(dataset=dataset(n, captions=["one", *[None] * (n - 1)])))) > 4000


def test_without_a_text_tower_it_says_what_to_choose(pictures, layers):
    evidence = Evidence(dataset=dataset(len(pictures[1])), embeddings=pictures[0], clustering=layers)
    with pytest.raises(ParameterError, match="text tower"):
        JointWords()(evidence, progress=no_progress)
    assert {row["source"] for row in rows_of(BestEvidence()(evidence, progress=no_progress)).values()} == {"none"}
    with pytest.raises(ParameterError, match="no clusters"):
        JointWords()(Evidence(dataset=dataset(1)), progress=no_progress)


def test_the_same_names_come_twice(pictures, layers, own):
    made = evidence_of(pictures, layers, vocabulary([], own))
    assert rows_of(JointWords()(made, progress=no_progress)) == rows_of(JointWords()(made, progress=no_progress))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_one_cluster_and_zero_vectors_do_not_fail(n, pictures):
    vectors = np.zeros((n, pictures[0].vectors.shape[1]), dtype=np.float32)
    vectors[0] = pictures[0].vectors[0]
    small = (replace(pictures[0], vectors=vectors, probabilities=np.empty((n, 0), np.float16)), pictures[1][:n])
    for layer in ([0] * n, [-1] * n, list(range(n))):
        for words in (("red",), ("red", "circle", "wug"), ()):
            clusters = clustering(layer)
            found = rows_of(JointWords()(evidence_of(small, clusters, words), progress=no_progress))
            assert set(found) == set(range(max(layer) + 1))


def test_cancel_stops_it(pictures, layers):
    def cancel(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        JointWords()(evidence_of(pictures, layers, THINGS), progress=cancel)


def test_the_registry_offers_it():
    assert ENGINES.load("joint") is JointWords
