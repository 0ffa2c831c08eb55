import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

from engines.issues import folds
from engines.issues.folds import random_rank, stratified_folds, twins
from engines.issues.label_classifier import CrossValidation
from engines.issues.label_issue import LabelIssue
from engines.protocols import no_progress
from tests.engines.issues.cases import blobs, vectors_case


def flipped(labels, share, seed):
    rng = np.random.default_rng(seed)
    names = sorted(set(labels))
    wrong = rng.random(len(labels)) < share
    changed = [
        str(rng.choice([name for name in names if name != label])) if bad else label
        for label, bad in zip(labels, wrong, strict=True)
    ]
    return changed, wrong


@pytest.mark.parametrize(("method", "floor"), [("blend", 0.985), ("classifier", 0.975), ("neighbors", 0.965)])
def test_planted_flips_of_digits_come_first(method, floor):
    digits = load_digits()
    keep = slice(0, 900)
    labels, wrong = flipped([str(t) for t in digits.target[keep]], 0.1, 0)
    result = LabelIssue(method=method)(vectors_case(digits.data[keep] / 16, labels), progress=no_progress)
    assert average_precision_score(wrong, result.raw) >= floor
    flagged = result.flagged()
    assert wrong[flagged].mean() >= 0.9
    assert flagged[wrong].mean() >= 0.8
    suggested = result.details.column("suggestion").to_pylist()
    right = [suggested[row] == str(digits.target[row]) for row in np.flatnonzero(flagged & wrong)]
    assert np.mean(right) >= 0.95


def test_clean_labels_are_hardly_flagged():
    digits = load_digits()
    result = LabelIssue()(vectors_case(digits.data[:900], [str(t) for t in digits.target[:900]]), progress=no_progress)
    assert result.flagged().mean() <= 0.01


def test_the_reason_counts_the_neighbors():
    vectors, labels = blobs(80, spread=0.2)
    labels[0] = "class 1"
    result = LabelIssue()(vectors_case(vectors, labels), progress=no_progress)
    assert result.flagged()[0]
    assert result.details.column("suggestion")[0].as_py() == "class 0"
    reason = result.details.column("reason")[0].as_py()
    assert reason == "15 of its 15 nearest neighbors are labeled class 0; none shares the given label class 1."


def test_copies_of_a_wrong_label_do_not_vouch_for_each_other():
    vectors, labels = blobs(120, spread=0.3)
    rng = np.random.default_rng(0)
    copies = vectors[:1] + 1e-3 * rng.normal(size=(4, vectors.shape[1]))
    result = LabelIssue(method="classifier")(
        vectors_case(np.concatenate([vectors, copies]), [*labels[:0], "class 2", *labels[1:], *["class 2"] * 4]),
        progress=no_progress,
    )
    assert result.flagged()[[0, 120, 121, 122, 123]].all()


def test_a_class_of_two_gets_no_score():
    vectors, labels = blobs(60)
    labels[0] = labels[1] = "rare"
    result = LabelIssue()(vectors_case(vectors, labels), progress=no_progress)
    assert np.isnan(result.raw[:2]).all()
    assert result.notes["classes_too_small"] == 1
    assert not np.isnan(result.raw[2:]).any()


def test_one_class_is_skipped_with_words():
    vectors, _ = blobs(20)
    result = LabelIssue()(vectors_case(vectors, ["cat"] * 20), progress=no_progress)
    assert "two classes" in result.skipped


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    vectors, labels = blobs(48, seed=seed)
    ids = [f"id{row}" for row in range(48)]
    order = rng.permutation(48)
    one = LabelIssue()(vectors_case(vectors, labels, ids=ids), progress=no_progress)
    other = LabelIssue()(
        vectors_case(vectors[order], [labels[row] for row in order], ids=[ids[row] for row in order]), progress=no_progress
    )
    np.testing.assert_allclose(one.raw[order], other.raw, atol=2e-2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 4)), min_size=1, max_size=60), st.integers(2, 6))
def test_folds_keep_groups_together_and_are_even(rows, folds):
    group = np.unique([g for g, _ in rows], return_inverse=True)[1].astype(np.int32)
    assume(len(np.unique(group)) > 1)
    label = np.array([lab for _, lab in rows])
    fold = stratified_folds(group, label, random_rank([str(i) for i in range(len(rows))], 0), folds)
    assert ((fold >= 0) & (fold < folds)).all()
    for number in np.unique(group):
        assert len(set(fold[group == number].tolist())) == 1
    heads = [fold[group == number][0] for number in np.unique(group)]
    sizes = np.bincount(heads, minlength=folds)
    assert sizes.max() - sizes.min() <= 1


def test_twins_are_found_and_strangers_are_not():
    vectors, _ = blobs(50)
    graph = vectors_case(np.concatenate([vectors, vectors[:3] * 1.0001 + 1e-5])).graph
    group = twins(graph)
    assert graph.m == 53
    for row in range(3):
        assert group[graph.unique_of[row]] == group[graph.unique_of[50 + row]]
    assert len(set(group.tolist())) == 50


def test_probabilities_are_out_of_sample_and_add_up():
    vectors, labels = blobs(60)
    label = np.array([int(name[-1]) for name in labels])
    fold = np.arange(60) // 4 % 5
    rank = random_rank([str(i) for i in range(60)], 0)
    model = CrossValidation(vectors, np.arange(60), label, fold, rank, 4, 1.0)
    seen = np.zeros(60, dtype=int)
    for rows, probabilities in model:
        seen[rows] += 1
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (seen == 1).all()


def test_the_budget_bounds_the_rows_that_train(monkeypatch):
    vectors, labels = blobs(4000, d=8)
    label = np.array([int(name[-1]) for name in labels])
    rank = random_rank([str(i) for i in range(4000)], 0)
    monkeypatch.setattr("engines.issues.label_classifier.BUDGET", 1e4)
    model = CrossValidation(vectors, np.arange(4000), label, np.arange(4000) % 5, rank, 4, 1.0)
    picked = model._sample(np.arange(3200))
    assert len(picked) == model.training_rows == 1000
    assert np.bincount(label[picked]).tolist() == [250, 250, 250, 250]


def test_ids_are_ranked_in_blocks_between_which_a_person_can_cancel(monkeypatch):
    ids, said = [str(i) for i in range(25)], []
    whole = random_rank(ids, 3)
    monkeypatch.setattr(folds, "BLOCK", 10)
    np.testing.assert_array_equal(random_rank(ids, 3, lambda fraction, _: said.append(fraction)), whole)
    assert said == [0.0, 0.4, 0.8]


def test_rows_that_are_all_copies_of_one_thing_are_dealt_out_one_by_one():
    rank = random_rank([str(row) for row in range(40)], 0)
    label = np.arange(40) % 2
    folds = stratified_folds(np.zeros(40, dtype=np.int32), label, rank, 5)
    assert np.bincount(folds * 2 + label).tolist() == [4] * 10
