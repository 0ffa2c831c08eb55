import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from engines.errors import Cancelled
from engines.issues.label_classifier import Axes
from engines.issues.logistic import fit
from tests.engines.issues.cases import blobs


@pytest.mark.parametrize("classes", [2, 4])
def test_it_comes_to_the_same_probabilities_as_scikit_learn(classes):
    vectors, labels = blobs(300, d=12, spread=1.5)
    label = np.array([int(name[-1]) % classes for name in labels])
    turned = Axes(vectors.astype(np.float32), 12, 0)[np.arange(300)]
    ours = fit(turned, label, 1.0, 300).probabilities(turned, classes)
    theirs = LogisticRegression(C=1.0, max_iter=2000, tol=1e-6).fit(turned, label).predict_proba(turned)
    # Of two classes scikit-learn penalizes one vector of weights, a softmax two that are half as long.
    tolerance = 0.02 if classes > 2 else 0.15
    np.testing.assert_allclose(ours, theirs, atol=tolerance)
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() >= 0.99


def test_the_same_data_give_the_same_bytes():
    vectors, labels = blobs(200, d=8)
    label = np.array([int(name[-1]) for name in labels])
    one, other = (fit(vectors.astype(np.float32), label, 3.0, 20) for _ in range(2))
    assert one.weights.tobytes() == other.weights.tobytes()


def test_a_class_that_trained_nowhere_has_no_probability():
    vectors, _ = blobs(40, d=4)
    label = np.where(np.arange(40) % 2, 3, 1)
    found = fit(vectors.astype(np.float32), label, 1.0, 20).probabilities(vectors.astype(np.float32), 5)
    assert (found[:, [0, 2, 4]] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 1e-6, 1e6])
def test_vectors_of_any_length_give_finite_weights(scale):
    vectors, labels = blobs(60, d=4)
    label = np.array([int(name[-1]) for name in labels])
    found = fit((vectors * scale).astype(np.float32), label, 1.0, 20)
    assert np.isfinite(found.weights).all()
    assert np.isfinite(found.intercepts).all()


def test_it_can_be_stopped():
    def stop():
        raise Cancelled

    vectors, labels = blobs(40, d=4)
    with pytest.raises(Cancelled):
        fit(vectors.astype(np.float32), np.array([int(name[-1]) for name in labels]), 1.0, 20, stop)


def test_axes_keep_the_angles_and_have_a_length_of_one_on_the_mean():
    vectors = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)
    axes = Axes(vectors, 6, 0)
    found = axes[np.arange(200)]
    assert axes.shape == (200, 6)
    assert np.mean((found**2).sum(axis=1)) == pytest.approx(1, abs=1e-4)
    centered = vectors - vectors.mean(axis=0)
    power = np.mean((centered**2).sum(axis=1))
    np.testing.assert_allclose(found @ found.T, centered @ centered.T / power, atol=1e-4)
