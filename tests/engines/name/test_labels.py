"""Majority labels as names."""

import numpy as np

from engines.name.candidates import members
from engines.name.labels import propose


def proposals(labels, layer):
    return propose(labels, members(np.array([layer], dtype=np.int32)))


def test_majority_names_the_cluster():
    (proposal,) = proposals(["7", "7", "7", "1"], [0, 0, 0, 0])
    assert [candidate.name for candidate in proposal.candidates] == ["7"]
    assert proposal.candidates[0].score == 0.75
    assert proposal.second == "1"


def test_two_labels_that_fill_a_cluster_name_it_together():
    (proposal,) = proposals(["4", "4", "9", "9"], [0, 0, 0, 0])
    assert [candidate.name for candidate in proposal.candidates] == ["4, 9"]


def test_many_labels_are_no_name():
    (proposal,) = proposals(list("0123456789"), [0] * 10)
    assert not proposal.candidates
    assert len(proposal.hints) >= 2


def test_mostly_unlabeled_clusters_are_left_alone():
    assert proposals([None, None, None, "a"], [0, 0, 0, 0]) == [None]
    assert proposals([None, None], [0, 0]) == [None]
