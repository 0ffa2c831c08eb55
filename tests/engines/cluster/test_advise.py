import numpy as np
import pytest

from engines.advice import Advice
from engines.cluster.advise import _reduced, advise, coding_length
from engines.errors import Cancelled
from engines.neighbors.exact import ExactNeighbors
from engines.store import Store
from tests.engines.neighbors.hard import HARD, embeddings, hard_graph, normal


def test_the_coding_length_of_two_directions_is_shortest_for_two_clusters():
    points = np.repeat(np.eye(2), 50, axis=0)
    one, two, four = np.zeros(100, int), np.repeat([0, 1], 50), np.repeat([0, 1, 2, 3], 25)
    assert coding_length(points, one) == pytest.approx(244.585318, abs=1e-5)
    assert coding_length(points, one) == pytest.approx(102 * np.log(11), abs=1e-9)
    assert coding_length(points, two) == pytest.approx(227.629885, abs=1e-5)
    assert coding_length(points, four) == pytest.approx(303.033648, abs=1e-5)


def test_planted_groups_are_what_two_of_three_measures_advise(tmp_path):
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(8, 32)) * 6)[np.repeat(np.arange(8), 80)] + rng.normal(size=(640, 32))
    found = advise(ExactNeighbors(metric="euclidean")(embeddings(vectors.astype(np.float32))))
    numbers = found.table.column("k").to_pylist()
    assert numbers[0] == 2
    assert numbers[-1] == 64
    near = min(numbers, key=lambda k: abs(k - 8))
    assert sum(found.picks[name] == near for name in ("silhouette", "stability", "coding_length")) >= 2
    assert Store(tmp_path).put(found).table.equals(found.table)


@pytest.mark.parametrize("hard", HARD)
def test_hard_graphs_get_advice_or_none(hard):
    found = advise(hard_graph(hard))
    assert isinstance(found, Advice)
    assert np.isfinite(found.table.column("coding_length").to_numpy()).all()


def test_it_can_be_stopped():
    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        advise(hard_graph("two far components"), progress=stop)


def test_few_rows_of_many_columns_are_advised_as_their_principal_coordinates_are():
    narrow = normal(90, 80)
    wide = np.concatenate([narrow, np.zeros((90, 20), dtype=np.float32)], axis=1)
    one, other = _reduced(narrow), _reduced(wide)
    np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-3)
