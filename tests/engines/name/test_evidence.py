"""The whole naming stage: which source speaks, and that names are distinct."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import Cancelled, ParameterError
from engines.name import ENGINES
from engines.name.evidence import BestEvidence
from engines.protocols import Evidence, no_progress
from tests.engines.name.shapes import clustering, dataset, evidence, seen

WORDS = ("dog", "cat", "red car", "blue car", "tree", "")


def names(given_evidence, **parameters):
    table = BestEvidence(**parameters)(given_evidence, progress=no_progress).table
    return {row["cluster"]: row for row in table.to_pylist()}


def layer_names(found, clusters, layer):
    return [found[cluster]["name"] for cluster in clusters.clusters(layer).tolist()]


def test_registry_loads_the_default():
    assert ENGINES.load(ENGINES.default()) is BestEvidence


def test_captions_speak_first():
    found = names(
        evidence(
            clustering([0, 0, 1, 1]),
            captions=["a dog", "dog", "cat", "a cat"],
            labels=["x"] * 4,
            embeddings=seen(*[{"pizza": 1}] * 4),
        )
    )
    assert [(row["name"], row["source"]) for row in found.values()] == [("dog", "captions"), ("cat", "captions")]
    assert all(0 < row["score"] <= 1 for row in found.values())


def test_encoder_speaks_without_captions():
    found = names(
        evidence(clustering([0, 0, 1, 1]), labels=["x"] * 4, embeddings=seen(*[{"pizza": 1}] * 2, *[{"dalmatian": 1}] * 2))
    )
    assert [(row["name"], row["source"]) for row in found.values()] == [("pizza", "wordnet"), ("dalmatian", "wordnet")]


def test_labels_speak_where_nothing_else_does():
    found = names(evidence(clustering([0, 0, 1, 1]), labels=["x", "x", "y", "y"]))
    assert [(row["name"], row["source"]) for row in found.values()] == [("x", "labels"), ("y", "labels")]


def test_no_evidence_is_said_honestly():
    found = names(evidence(clustering([0, 0, 1, 1])))
    assert [(row["name"], row["source"], row["score"]) for row in found.values()] == [
        ("cluster 0", "none", 0.0),
        ("cluster 1", "none", 0.0),
    ]


def test_rows_without_caption_among_captioned_ones_are_called_that():
    found = names(evidence(clustering([0, 0, 0, 1, 1]), captions=["dog", "dog", "dog", None, ""]))
    assert (found[1]["name"], found[1]["source"]) == ("without caption", "none")


def test_unclear_clusters_are_mixed():
    mixed = [{"pizza": 0.2, "lakeside": 0.2, "bathtub": 0.2}, {"dalmatian": 0.3, "toilet tissue": 0.3}]
    found = names(evidence(clustering([0, 0, 1, 1]), embeddings=seen(*mixed, {"pizza": 1}, {"pizza": 1})))
    assert found[0]["name"].startswith("mixed: ")
    assert found[0]["source"] == "none"
    assert found[1]["name"] == "pizza"


def test_a_taken_name_is_refined():
    rows = [{"airliner": 0.5, "warplane": 0.45}] * 3 + [{"airliner": 0.3, "warplane": 0.3, "pizza": 0.3}] * 2
    found = names(evidence(clustering([0, 0, 0, 1, 1]), embeddings=seen(*rows)), mass=0.55)
    assert found[0]["name"] == "aircraft"
    assert found[1]["name"] not in ("", "aircraft")


def test_the_same_rows_on_another_layer_keep_their_name():
    clusters = clustering([0, 0, 0, 1, 1], [2, 2, 2, 3, 4], default=1)
    found = names(evidence(clusters, labels=["a", "a", "a", "b", "b"]))
    assert layer_names(found, clusters, 0) == ["a", "b"]
    assert found[2]["name"] == "a"
    assert {found[3]["name"], found[4]["name"]} == {"b #2", "b #3"}


def test_a_wide_cluster_keeps_the_wide_word():
    captions = [f"{kind} face" for kind in ("smiling", "crying") for _ in range(4)] + ["red car"] * 4
    clusters = clustering([0] * 8 + [1] * 4, [2] * 4 + [3] * 4 + [4] * 4)
    found = names(evidence(clusters, captions=captions))
    assert layer_names(found, clusters, 0)[0] == "face"
    assert layer_names(found, clusters, 1)[:2] == ["smiling face", "crying face"]


def test_empty_and_noise_only_clusterings_have_no_names():
    assert names(evidence(clustering([]))) == {}
    assert names(evidence(clustering([-1, -1]), captions=["a dog", "a dog"])) == {}


def test_without_clusters_it_says_so():
    with pytest.raises(ParameterError, match="no clusters"):
        BestEvidence()(Evidence(dataset=dataset(1)), progress=no_progress)


def test_cancel_stops_it():
    def cancel(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        BestEvidence()(evidence(clustering([0, 0]), captions=["dog", "dog"]), progress=cancel)


@st.composite
def nested(draw):
    n = draw(st.integers(1, 30))
    fine = np.array(draw(st.lists(st.integers(-1, 5), min_size=n, max_size=n)))
    coarse = np.where(fine < 0, -1, fine // 2)
    layers, start = [], 0
    for layer in (coarse, fine):
        used = np.unique(layer[layer >= 0])
        renumbered = np.where(layer < 0, -1, np.searchsorted(used, layer) + start)
        start += len(used)
        layers.append(renumbered.tolist())
    captions = draw(st.lists(st.sampled_from(WORDS), min_size=n, max_size=n))
    labels = draw(st.lists(st.sampled_from(("a", "b", None)), min_size=n, max_size=n))
    return clustering(*layers, default=draw(st.integers(0, 1))), captions, labels


@given(nested(), st.sampled_from(("captions", "labels", "wordnet")))
@settings(max_examples=60, deadline=None)
def test_every_cluster_has_a_name_of_its_own(given_case, source):
    clusters, captions, labels = given_case
    n = clusters.layers.shape[1]
    if source == "captions":
        made = evidence(clusters, captions=captions)
    elif source == "labels":
        made = evidence(clusters, labels=labels)
    else:
        kinds = {"dog": "dalmatian", "cat": "tabby", "tree": "daisy"}
        made = evidence(clusters, embeddings=seen(*({kinds.get(word, "pizza"): 0.7} for word in captions)))
    found = names(made)
    expected = {int(cluster) for layer in range(2) for cluster in clusters.clusters(layer)}
    assert set(found) == expected
    for layer in range(2):
        here = [name.lower() for name in layer_names(found, clusters, layer)]
        assert len(set(here)) == len(here)
        assert all(here)
    for row in found.values():
        assert row["source"] in ("captions", "wordnet", "labels", "none")
        assert 0 <= row["score"] <= 1
        assert row["second_name"] != row["name"]
    again = names(made)
    assert again == found
    assert n == len(captions)


def test_each_cluster_that_labels_name_is_a_chance_to_cancel():
    said = []
    BestEvidence()(
        evidence(clustering([0, 0, 1, 1, 2, 2]), labels=["a", "a", "b", "b", "c", "c"]),
        progress=lambda fraction, message: said.append((fraction, message)),
    )
    words = [message for _, message in said]
    assert words.count("names: labels") == 1 + 3
    assert "names: each its own" in words
    assert [fraction for fraction, _ in said] == sorted(fraction for fraction, _ in said)
