import numpy as np

from engines.issues.imbalance import Imbalance
from engines.protocols import no_progress
from tests.engines.issues.cases import vectors_case


def test_a_class_with_hardly_any_rows_is_flagged():
    labels = ["cat"] * 60 + ["dog"] * 50 + ["owl"] * 2 + ["elk"] + [None]
    result = Imbalance()(vectors_case(np.ones((114, 2)), labels), progress=no_progress)
    assert np.flatnonzero(result.flagged()).tolist() == [110, 111, 112]
    assert result.raw[112] > result.raw[110]
    assert np.isnan(result.raw[113])
    assert result.details.column("reason")[112].as_py() == "Its class elk has 1 row, an average class 28."


def test_even_classes_are_fine():
    result = Imbalance()(vectors_case(np.ones((40, 2)), ["a", "b"] * 20), progress=no_progress)
    assert not result.flagged().any()
    np.testing.assert_allclose(result.raw, 0)


def test_one_class_cannot_be_uneven():
    assert Imbalance()(vectors_case(np.ones((4, 2)), ["a"] * 4), progress=no_progress).skipped == "needs two classes"
