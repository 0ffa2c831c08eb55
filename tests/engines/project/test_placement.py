import numpy as np
import pytest

from engines.project.placement import BORDER, placed, tiny_layout
from tests.engines.neighbors.hard import HARD, hard_graph


@pytest.mark.parametrize("hard", HARD)
def test_a_map_carries_its_trust_row_by_row(hard):
    graph = hard_graph(hard, "euclidean")
    places = graph.nodes[:, :2] if graph.m > 3 and graph.nodes.shape[1] > 1 else np.zeros((graph.m, 2), dtype=np.float32)
    made = placed(graph, places, key="key", name="test", notes={"own": 1})
    n = len(graph.unique_of)
    assert made.notes["own"] == 1
    for share in (made.torn, made.false, made.trust):
        assert share.shape == (n,)
        assert share.dtype == np.float32
        assert np.isnan(share[graph.unique_of < 0]).all()
        known = share[~np.isnan(share)]
        assert ((known >= 0) & (known <= 1)).all()
    for name in ("torn", "false"):
        mean = made.notes[name]
        assert mean is None or 0 <= mean <= 1


def test_duplicates_share_place_and_trust_and_lost_rows_have_none():
    graph = hard_graph("groups of 20 duplicates")
    made = placed(graph, graph.nodes[:, :2].copy(), key="key", name="test", notes={})
    assert (made.coords[:20] == made.coords[0]).all()
    assert len(np.unique(made.torn)) <= graph.m
    graph = hard_graph("rows of zeros")
    places = graph.nodes[:, :2].copy()
    made = placed(graph, places, key="key", name="test", notes={})
    lost = graph.unique_of < 0
    assert np.isnan(made.trust[lost]).all()
    assert np.isfinite(made.trust[~lost]).all()
    low, high = places.min(axis=0), places.max(axis=0)
    height = max(high[1] - low[1], 1.0)
    np.testing.assert_allclose(made.coords[lost, 1], low[1] - BORDER * height, rtol=1e-5)


def test_progress_reaches_the_caller_and_never_falls():
    graph = hard_graph("two far components")
    seen = []
    placed(
        graph, graph.nodes[:, :2].copy(), key="k", name="n", notes={}, progress=lambda fraction, message: seen.append(fraction)
    )
    assert seen
    assert seen == sorted(seen)
    assert max(seen) <= 1


def test_up_to_three_nodes_have_places_of_their_own():
    for m in range(4):
        assert len(np.unique(tiny_layout(m), axis=0)) == m
