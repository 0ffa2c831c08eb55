"""Renames move to the cluster that is most like the one that was renamed."""

import numpy as np

from engines.curate.clusters import Rename, match_renames


def rename(seq, name, rows):
    return Rename(seq, name, np.array(rows))


LAYERS = np.array([[0, 0, 0, 0, 1, 1, -1, -1], [2, 2, 3, 3, 4, 4, -1, 5]], dtype=np.int32)


def test_the_same_members_keep_the_name_in_every_layer():
    names, unmatched = match_renames([rename(1, "pets", [4, 5])], LAYERS)
    assert (names, unmatched) == ({1: "pets", 4: "pets"}, ())


def test_half_alike_is_enough_and_less_is_not():
    half, less = rename(1, "half", [2, 3, 6, 7]), rename(2, "less", [0, 4, 6])
    assert match_renames([half, less], LAYERS) == ({3: "half"}, (less,))


def test_a_coarse_name_does_not_go_to_the_finer_clusters():
    assert match_renames([rename(1, "animals", [0, 1, 2, 3])], LAYERS)[0] == {0: "animals"}


def test_the_latest_name_of_a_cluster_holds():
    names, unmatched = match_renames([rename(1, "old", [0, 1]), rename(2, "new", [0, 1])], LAYERS)
    assert (names, unmatched) == ({2: "new"}, ())


def test_without_clusters_every_name_is_unmatched():
    given = rename(1, "x", [0])
    assert match_renames([given], np.full((1, 8), -1, dtype=np.int32)) == ({}, (given,))
    assert match_renames([], LAYERS) == ({}, ())
