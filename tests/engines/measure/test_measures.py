"""What every measure promises, for all of them over all hard graphs."""

import numpy as np
import pytest

from engines.errors import Cancelled
from engines.measure import ENGINES
from tests.engines.measure.rows import evidence, of
from tests.engines.neighbors.hard import HARD, hard_graph, normal


@pytest.mark.parametrize("labels", ["two labels", "one label", "half unlabeled"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("name", ENGINES.names())
def test_every_measure_of_a_hard_graph_is_a_number_or_unknown(name, hard, metric, labels):
    graph = hard_graph(hard, metric)
    n = len(graph.unique_of)
    given = {"two labels": "ab" * n, "one label": "a" * n, "half unlabeled": ["a", None] * n}[labels]
    measure = ENGINES.load(name)()(evidence(graph, list(given[:n])))
    assert measure.name == name
    assert measure.values.shape == (n,)
    assert not np.isinf(measure.values).any()
    assert np.isnan(measure.values[graph.unique_of < 0]).all()
    assert measure.notes["k"] <= max(graph.k, 0)


@pytest.mark.parametrize("name", ENGINES.names())
def test_rows_that_share_a_node_and_a_label_share_the_figure_and_order_does_not_matter(name):
    vectors = np.concatenate([normal(60), normal(60)[:20]])
    labels = [("a", "b")[row % 3 == 0] for row in range(60)]
    labels += labels[:20]
    engine = ENGINES.load(name)()
    values = engine(evidence(of(vectors), labels)).values
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values[:20], values[60:])
    order = np.random.default_rng(0).permutation(80)
    moved = engine(evidence(of(vectors[order]), [labels[row] for row in order])).values
    np.testing.assert_allclose(moved, values[order], rtol=1e-4)


@pytest.mark.parametrize("name", ENGINES.names())
def test_blocks_change_nothing_and_a_cancel_leaves(name, monkeypatch):
    from engines.measure import spacing, typicality

    given = evidence(of(np.concatenate([normal(200), normal(200)[:5]])), ["a", "b", "b", None, "c"] * 41)
    engine = ENGINES.load(name)()
    whole = engine(given)
    monkeypatch.setattr(spacing, "BLOCK", 7)
    monkeypatch.setattr(typicality, "BLOCK", 7)
    seen = []
    cut = engine(given, progress=lambda fraction, message: seen.append(fraction))
    np.testing.assert_array_equal(whole.values, cut.values)
    assert whole.notes == cut.notes
    assert len(seen) > 10
    assert seen == sorted(seen)
    with pytest.raises(Cancelled):
        engine(given, progress=_stop)


def _stop(fraction, message):
    if fraction > 0.3:
        raise Cancelled


@pytest.mark.parametrize("name", ENGINES.names())
def test_the_parameter_is_part_of_the_key(name):
    given = evidence(of(normal(50)), ["a", "b"] * 25)
    cls = ENGINES.load(name)
    assert cls()(given).key == cls()(given).key
    assert cls(k=5)(given).key != cls()(given).key
    assert cls(k=5)(given).notes["k"] == 5
