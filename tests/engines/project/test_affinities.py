"""Affinities of t-SNE, beside openTSNE's and beside what they are defined by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import Cancelled
from engines.project import affinities
from engines.project.affinities import calibrated, uniform
from tests.engines.neighbors.hard import HARD, digits, hard_graph


def shares_of(distances, perplexity):
    """The directed shares of rows (m, k): they lead to k nodes that do not lead back."""
    m, k = distances.shape
    one, other = np.arange(m, m + k, dtype=np.int32), np.arange(m + k, m + 2 * k, dtype=np.int32)
    indices = np.concatenate([np.tile(one, (m, 1)), np.tile(other, (k, 1)), np.tile(one, (k, 1))])
    away = np.concatenate([distances, np.ones((2 * k, k), dtype=distances.dtype)])
    found = calibrated(indices, away, perplexity, threads=2).toarray()[:m, m : m + k]
    return found.astype(np.float64) * 2 * len(indices)


def entropy(shares):
    return -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=1)


@pytest.mark.parametrize("perplexity", [8, 15.3, 30, 60])
def test_affinities_of_the_digits_are_those_of_opentsne(perplexity):
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    graph, _ = digits()
    k = min(int(3 * perplexity), graph.k)
    near, away = graph.indices[:, :k], graph.distances[:, :k]
    chords = np.sqrt(2 * away.astype(np.float64))
    perplexity = min(perplexity, k / 3)
    theirs = PerplexityBasedNN(knn_index=PrecomputedNeighbors(near.astype(np.int64), chords), perplexity=perplexity).P
    for ours in (calibrated(near, away, perplexity, squared=True), calibrated(near, chords, perplexity)):
        assert ours.nnz == theirs.nnz
        assert abs(ours - theirs).max() < 3e-7 * theirs.max()


def test_uniform_affinities_are_those_of_opentsne():
    from openTSNE.affinity import Uniform
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    graph, _ = digits()
    near = graph.indices[:, :15]
    table = PrecomputedNeighbors(near.astype(np.int64), graph.distances[:, :15].astype(np.float64))
    theirs = Uniform(knn_index=table, k_neighbors=15, symmetrize="mean").P
    ours = uniform(near)
    assert ours.nnz == theirs.nnz
    assert abs(ours - theirs).max() < 1e-7 * theirs.max()


@pytest.mark.parametrize("perplexity", [1.5, 2, 5, 30])
def test_the_entropy_is_reached_on_every_row(perplexity):
    # openTSNE's search ends early on a fifth of these rows at perplexity 2: its sums of exponentials vanish.
    graph, _ = digits()
    shares = shares_of(np.sqrt(2 * graph.distances[:60, :90].astype(np.float64)), perplexity)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.exp(entropy(shares)), perplexity, rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 1000),
    st.integers(1, 40),
    st.floats(1, 60),
    st.sampled_from([1e-40, 1e-10, 1.0, 1e10, 1e37]),
    st.sampled_from([0, 1, 2]),
)
def test_any_distances_give_shares_that_fall_and_sum_to_one(seed, k, perplexity, scale, ties):
    rng = np.random.default_rng(seed)
    away = rng.choice([0.0, 1.0, 1.0 + 1e-7], (5, k)) if ties == 1 else rng.exponential(1, (5, k)) ** (1 + 3 * ties)
    away = np.sort((away * scale).clip(0, 3e38).astype(np.float32))
    shares = shares_of(away, perplexity)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-4)
    assert (np.diff(shares, axis=1) <= 1e-6).all()
    nearest = (away[:, :1] == away).sum(axis=1)
    assert (np.exp(entropy(shares)) <= np.maximum(perplexity, nearest) * (1 + 1e-4)).all()


def test_rows_that_cannot_have_the_perplexity_have_the_limit():
    rows = np.array([[0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 2, 3], [1, 1, 2, 3, 4, 5], [2, 2, 2, 2, 2, 2]], dtype=np.float64)
    shares = shares_of(rows, 3.0)
    np.testing.assert_allclose(shares[0], 1 / 6, rtol=1e-6)
    np.testing.assert_allclose(shares[1], [0.25] * 4 + [0, 0], rtol=1e-6)
    np.testing.assert_allclose(np.exp(entropy(shares[2:3])), 3.0, rtol=1e-5)
    np.testing.assert_allclose(shares[3], 1 / 6, rtol=1e-6)
    np.testing.assert_allclose(shares_of(rows, 6.5), 1 / 6, rtol=1e-6)  # more than there are neighbors
    np.testing.assert_allclose(shares_of(rows[2:3], 1.0), [[0.5, 0.5, 0, 0, 0, 0]], rtol=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("hard", HARD)
def test_hard_graphs_have_finite_symmetric_affinities_of_sum_one(hard, metric):
    graph = hard_graph(hard, metric)
    if not graph.k:
        return
    perplexity = max(graph.k / 3, 1.0)
    for found in (calibrated(graph.indices, graph.distances, perplexity, squared=metric == "cosine"), uniform(graph.indices)):
        assert np.isfinite(found.data).all()
        assert (found.data >= 0).all()
        assert abs(found - found.T).max() == 0
        assert float(found.sum(dtype=np.float64)) == pytest.approx(1, rel=1e-5)
        assert found.has_sorted_indices
        assert not found.diagonal().any()


def test_neither_threads_nor_blocks_change_a_byte(monkeypatch):
    graph, _ = digits()
    near, away = graph.indices[:, :30], graph.distances[:, :30]

    def make(threads):
        both = calibrated(near, away, 10.0, squared=True, threads=threads), uniform(near, threads=threads)
        return b"".join(array.tobytes() for found in both for array in (found.data, found.indices, found.indptr))

    whole = make(1)
    assert make(3) == whole
    monkeypatch.setattr(affinities, "BLOCK", 1000)
    assert make(2) == whole


@pytest.mark.parametrize("kind", ["calibrated", "uniform"])
def test_a_cancel_leaves_between_any_two_blocks(monkeypatch, kind):
    monkeypatch.setattr(affinities, "BLOCK", 6000)
    graph, _ = digits()
    near, away = graph.indices[:, :30], graph.distances[:, :30]

    def run(progress):
        if kind == "uniform":
            return uniform(near, threads=2, progress=progress)
        return calibrated(near, away, 10.0, squared=True, threads=2, progress=progress)

    told = []
    run(lambda fraction, message: told.append(fraction))
    assert len(told) == 45  # five steps of nine blocks
    assert told == sorted(told)
    for stop in (0, 10, 44):
        left = iter(range(stop))

        def halt(fraction, message, left=left):
            if next(left, None) is None:
                raise Cancelled

        with pytest.raises(Cancelled):
            run(halt)


def test_memory_mapped_neighbors_are_left_as_they_are(tmp_path):
    graph, _ = digits()
    np.save(tmp_path / "near.npy", graph.indices)
    mapped = np.load(tmp_path / "near.npy", mmap_mode="r")
    found = calibrated(mapped[:, :30], graph.distances[:, :30], 10.0)
    assert abs(found - calibrated(graph.indices[:, :30], graph.distances[:, :30], 10.0)).max() == 0
    np.testing.assert_array_equal(mapped, graph.indices)
