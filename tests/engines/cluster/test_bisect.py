"""A cluster falls apart where its rows do."""

from dataclasses import replace

import numpy as np
import pytest

from engines.cluster.bisect import bisect
from engines.neighbors.exact import ExactNeighbors
from engines.told import given_embeddings


def graph_of(vectors):
    return ExactNeighbors(k=5)(given_embeddings(np.asarray(vectors, dtype=np.float32)))


def two_groups(sizes, d=8, seed=0):
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(2, d)) * 4
    return np.concatenate([middle + rng.normal(size=(size, d)) for middle, size in zip(middles, sizes, strict=True)])


@pytest.mark.parametrize("sizes", [(200, 200), (400, 60), (60, 400)])
def test_two_groups_come_apart_and_the_smaller_one_is_named(sizes):
    cut = bisect(graph_of(two_groups(sizes)), np.arange(sum(sizes)))
    truth = np.arange(sum(sizes)) < sizes[0]
    truth = truth if truth.sum() <= len(truth) / 2 else ~truth
    share = max((cut == truth).mean(), (cut == ~truth).mean() if sizes[0] == sizes[1] else 0)
    assert share > 0.99


def test_only_the_rows_asked_for_are_cut_in_their_order():
    vectors = two_groups((100, 80))
    rows = np.random.default_rng(1).permutation(180)[:90]
    cut = bisect(graph_of(vectors), rows)
    assert cut.shape == (90,)
    assert len({bool(row < 100) for row in rows[cut]}) == 1


def test_duplicates_stay_together_and_equal_rows_are_not_cut():
    vectors = np.concatenate([np.repeat(two_groups((3, 3)), 20, axis=0), two_groups((40, 30), seed=2)])
    graph = graph_of(vectors)
    cut = bisect(graph, np.arange(len(vectors)))
    for node in np.unique(graph.unique_of):
        assert len(set(cut[graph.unique_of == node].tolist())) == 1
    assert not bisect(graph, np.flatnonzero(graph.unique_of == graph.unique_of[0])).any()
    assert not bisect(graph, np.array([], dtype=np.int64)).any()


def test_rows_without_a_direction_stay():
    vectors = two_groups((50, 40))
    graph = graph_of(vectors)
    lost = replace(graph, unique_of=np.where(np.arange(90) == 7, -1, graph.unique_of).astype(np.int32))
    cut = bisect(lost, np.arange(90))
    assert not cut[7]
    assert cut.any()


def test_the_same_seed_cuts_the_same_rows():
    graph = graph_of(np.random.default_rng(3).normal(size=(500, 6)))
    rows = np.arange(500)
    assert np.array_equal(bisect(graph, rows, seed=4), bisect(graph, rows, seed=4))
