"""The table of ImageNet classes in WordNet, and the node rule."""

import json

import numpy as np
import pytest

from engines.name.candidates import members
from engines.name.wordnet import mean_probabilities, propose
from engines.protocols import no_progress
from engines.wordnet_classes import TABLE, wordnet
from tests.engines.name.shapes import class_of, seen


def rule(embeddings, layer, mass=0.4):
    clusters = members(np.array([layer], dtype=np.int32))
    return propose(embeddings.probabilities, clusters, mass=mass, progress=no_progress)


def test_table_is_whole():
    net = wordnet()
    assert len(net.classes) == len(set(net.classes.tolist())) == 1000
    assert net.lemmas[0] == ("entity",)
    assert all(parent < node for node, parents in enumerate(net.parents) for parent in parents)
    # Every chain ends at "entity".
    assert all(0 in net.ancestors[node] for node in net.classes)
    assert TABLE.stat().st_size < 250_000
    assert "Princeton" in json.loads(TABLE.read_text("utf-8"))["source"]


@pytest.mark.parametrize(
    ("number", "lemma"),
    [(0, "tench"), (251, "dalmatian"), (401, "accordion"), (404, "airliner"), (963, "pizza"), (999, "toilet tissue")],
)
def test_classes_are_in_the_order_of_imagenet(number, lemma):
    assert class_of(lemma) == number


def test_names_are_different_and_readable():
    net = wordnet()
    names = [name for name in net.names if name]
    assert len(names) == len({name.lower() for name in names})
    assert not {"entity", "artifact", "placental", "instrumentality", "heavier-than-air craft"} & set(names)
    assert {"kangaroo", "aircraft", "grand piano", "car", "dog", "fruit"} <= set(names)
    assert all(net.names[node] for node in net.classes)
    assert not [name for name in names if "_" in name]


def test_hypernyms_and_depth():
    net = wordnet()
    dalmatian = int(net.classes[class_of("dalmatian")])
    assert net.above(dalmatian) == "dog"
    assert net.depth[dalmatian] > net.depth[0] == 0


def test_one_class_names_itself_and_its_parent():
    (proposal,) = rule(seen({"grand piano": 0.9}, {"grand piano": 0.8, "upright": 0.2}), [0, 0])
    assert proposal.candidates[0].name == "grand piano"
    assert proposal.candidates[0].score == pytest.approx(0.85, abs=0.06)
    assert proposal.second == "piano"


def test_deepest_node_with_enough_mass_wins():
    beliefs = seen({"airliner": 0.35, "warplane": 0.35, "pizza": 0.3}, {"airliner": 0.35, "warplane": 0.3, "pizza": 0.35})
    (proposal,) = rule(beliefs, [0, 0])
    assert proposal.candidates[0].name == "aircraft"
    assert proposal.second in ("airliner", "pizza")
    (alone,) = rule(beliefs, [0, 0], mass=0.34)
    assert alone.candidates[0].name == "airliner"


def test_nothing_in_common_is_no_clear_name():
    (proposal,) = rule(seen({"pizza": 0.5, "lakeside": 0.5}, {"dalmatian": 0.5, "toilet tissue": 0.5}), [0, 0])
    assert not proposal.candidates
    assert proposal.hints


def test_zero_probabilities_do_not_fail():
    (proposal,) = rule(seen({}, {}), [0, 0])
    assert not proposal.candidates


def test_mean_is_taken_over_each_cluster():
    clusters = members(np.array([[0, 0, 1, -1]], dtype=np.int32))
    means = mean_probabilities(
        seen({"pizza": 1}, {"crane": 1}, {"pizza": 1}, {"tench": 1}).probabilities, clusters, no_progress
    )
    assert means[:, class_of("pizza")].tolist() == [0.5, 1.0]
    assert means[:, class_of("tench")].tolist() == [0.0, 0.0]
