"""Names are placed over the points of their clusters."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.map import cluster_labels


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=60))
def test_counts_and_places_belong_to_the_cluster(codes: list[int]) -> None:
    clusters = np.array(codes)
    coords = np.random.default_rng(len(codes)).normal(size=(len(codes), 2))
    selected = np.arange(len(codes)) % 2 == 0
    labels = cluster_labels(coords, clusters, ["a", "b", "c", "d"], selected=selected)
    assert [label["id"] for label in labels] == sorted(set(codes) - {-1})
    for label in labels:
        mine = clusters == label["id"]
        assert label["count"] == mine.sum()
        assert label["selected"] == (mine & selected).sum()
        assert coords[mine, 0].min() <= label["x"] <= coords[mine, 0].max()
        assert coords[mine, 1].min() <= label["y"] <= coords[mine, 1].max()


def test_no_rows_no_names() -> None:
    assert cluster_labels(np.zeros((0, 2)), np.zeros(0, int), ["a"]) == []


def test_a_stray_point_does_not_move_a_name() -> None:
    coords = np.random.default_rng(0).normal(size=(50, 2))
    zeros = np.zeros(50, int)
    (before,) = cluster_labels(coords, zeros, ["a"])
    coords[7] = (40, 90)
    (after,) = cluster_labels(coords, zeros, ["a"])
    assert abs(after["x"] - before["x"]) < 0.3
    assert abs(after["y"] - before["y"]) < 0.6
