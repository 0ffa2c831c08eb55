import numpy as np
import pytest
import scipy.sparse as sp

from engines.errors import Cancelled
from engines.project.descent import Descent, Phase
from engines.protocols import no_progress


def ring(m):
    """Every node is tied to the next three."""
    near = sp.diags_array([np.ones(m - step) for step in (1, 2, 3)], offsets=[1, 2, 3]).tocsr()
    both = near + near.T
    return sp.csr_array(both / both.sum())


def layout(m, seed=0):
    """Places as spread out as those of t-SNE: about one per two square units."""
    return np.random.default_rng(seed).normal(size=(m, 2)) * np.sqrt(m) / 3


def exact_gradient(affinities, places, exaggeration):
    dense = affinities.toarray() * exaggeration
    difference = places[:, None] - places
    kernel = 1 / (1 + (difference**2).sum(axis=2))
    np.fill_diagonal(kernel, 0)
    weights = (dense - kernel / kernel.sum()) * kernel
    return (weights[..., None] * difference).sum(axis=1), (dense, kernel / kernel.sum())


@pytest.mark.parametrize(("m", "exaggeration", "tolerance"), [(60, 1.0, 1e-5), (1500, 1.0, 1e-2), (1500, 12.0, 1e-2)])
def test_the_gradient_is_the_exact_one(m, exaggeration, tolerance):
    affinities, places = ring(m), layout(m)
    wanted, _ = exact_gradient(affinities, places, exaggeration)
    found = Descent(affinities, places, threads=1).gradient(exaggeration)
    assert np.linalg.norm(found - wanted) < tolerance * np.linalg.norm(wanted)


def test_the_gradient_is_that_of_opentsne():
    from openTSNE.tsne import kl_divergence_bh

    affinities, places = ring(400), layout(400)
    divergence, wanted = kl_divergence_bh(
        places.copy(), sp.csr_matrix(affinities), 1, {"theta": 0.0}, None, should_eval_error=True
    )
    descent = Descent(affinities, places, threads=1)
    np.testing.assert_allclose(descent.gradient(), wanted, atol=1e-5 * np.abs(wanted).max())
    assert descent.divergence() == pytest.approx(divergence, rel=1e-5)


def test_the_divergence_is_that_of_kullback_and_leibler_and_falls():
    affinities, places = ring(300), layout(300)
    _, (p, q) = exact_gradient(affinities, places, 1.0)
    descent = Descent(affinities, places, threads=1)
    before = descent.divergence()
    assert before == pytest.approx((p[p > 0] * np.log(p[p > 0] / q[p > 0])).sum(), rel=1e-5)
    descent.run([Phase(rounds=100, exaggeration=1.0, momentum=0.8)], no_progress)
    assert descent.divergence() < 0.5 * before
    np.testing.assert_allclose(descent.places.mean(axis=0), 0, atol=1e-9)


def test_rounds_do_as_opentsne_does():
    from openTSNE.tsne import gradient_descent, kl_divergence_bh

    affinities, start = ring(200), 1e-4 * layout(200)
    phases = [Phase(rounds=12, exaggeration=4.0, momentum=0.5), Phase(rounds=8, exaggeration=1.0, momentum=0.8)]
    descent = Descent(affinities, start, threads=1)
    descent.run(phases, no_progress)
    theirs, optimizer = start - start.mean(axis=0), gradient_descent()
    for phase in phases:
        optimizer(
            theirs,
            sp.csr_matrix(affinities),
            phase.rounds,
            kl_divergence_bh,
            learning_rate=200 / phase.exaggeration,
            momentum=phase.momentum,
            exaggeration=phase.exaggeration,
            theta=0.0,
        )
    np.testing.assert_allclose(descent.places, theirs, atol=2e-3 * np.abs(theirs).max())


def test_the_same_bytes_on_any_number_of_threads():
    affinities, start = ring(2500), layout(2500)
    found = []
    for threads in (1, 2, 3):
        descent = Descent(affinities, start, threads=threads)
        descent.run([Phase(rounds=15, exaggeration=1.0, momentum=0.8)], no_progress)
        found.append(descent.places.tobytes())
    assert found[0] == found[1] == found[2]


def test_cancel_leaves_within_ten_rounds():
    told = []

    def stop(fraction, message):
        told.append(message)
        if fraction >= 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        Descent(ring(100), layout(100), threads=1).run([Phase(rounds=100, exaggeration=1.0, momentum=0.8)], stop)
    assert [message for message in told if message == "round 30 of 100"]
    assert told[-1] == "round 30 of 100"


@pytest.mark.parametrize("m", [1100, 50])
def test_nodes_that_coincide_or_have_no_neighbors_stay_finite(m):
    none = sp.csr_array((m, m))
    descent = Descent(none, np.zeros((m, 2)), threads=1)
    descent.run([Phase(rounds=3, exaggeration=1.0, momentum=0.8)], no_progress)
    assert np.isfinite(descent.places).all()
    assert np.isfinite(descent.divergence())
