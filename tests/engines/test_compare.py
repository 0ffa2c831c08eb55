import numpy as np
import pyarrow as pa
import pytest

from engines import compare as module
from engines.artifacts import Dataset
from engines.compare import compare, early_enrichment, effective_rank, knn_accuracy, mean_cosine, vasicek_ratio
from engines.keys import digest
from engines.protocols import no_progress
from engines.read.columns import assemble
from engines.read.rejects import Rejects
from engines.store import Store
from tests.fakes import blobs, embeddings


def rows(labels: list[str | None]) -> Dataset:
    ids = [str(number) for number in range(len(labels))]
    table = assemble(ids, [None] * len(ids), labels, [None] * len(ids), {})
    return Dataset(
        key="d" * 24,
        kind="vectors",
        source="s",
        root="/",
        rows=table,
        media=pa.table({"media": pa.nulls(len(ids), pa.binary())}),
        stats=np.empty((0, 3), np.int64),
        rejects=Rejects().table(),
        media_key="m",
        columns_key=digest(*(label or "" for label in labels)),
    )


@pytest.mark.parametrize(("eigenvalues", "wanted"), [([1, 0, 0, 0], 0.5625), ([1, 1, 1, 1], 0.0), ([4, 3, 2, 1], 0.2125)])
def test_early_enrichment_is_that_of_the_formula(eigenvalues, wanted):
    assert early_enrichment(np.array(eigenvalues, dtype=float)) == pytest.approx(wanted)


@pytest.mark.parametrize("factor", [1e37, 1e-37])
def test_the_figures_do_not_depend_on_the_scale_of_the_vectors(factor, tmp_path):
    vectors, truth = blobs(60)
    vectors = vectors / np.abs(vectors).max()
    labels = rows([str(label) for label in truth])
    found = [
        compare(
            {"given": embeddings(np.asarray(vectors * size, dtype=np.float32))},
            labels,
            Store(tmp_path / str(size)),
            no_progress,
        )
        for size in (1.0, factor)
    ]
    one, other = (comparison.table.to_pylist()[0] for comparison, _ in found)
    assert one["knn_accuracy"] == other["knn_accuracy"]
    assert one["effective_rank"] == pytest.approx(other["effective_rank"], rel=1e-3)
    assert one["mean_cosine"] == pytest.approx(other["mean_cosine"], abs=1e-4)


def test_effective_rank_counts_directions():
    assert effective_rank(np.array([1.0, 1.0, 1.0, 0.0])) == pytest.approx(3.0)
    assert effective_rank(np.array([5.0, 0.0])) == pytest.approx(1.0)
    assert effective_rank(np.zeros(3)) is None


def test_the_vasicek_ratio_of_a_gaussian_is_near_zero_and_grows_with_unequal_axes():
    rng = np.random.default_rng(0)
    even = rng.normal(size=(5000, 16)).astype(np.float32)
    assert vasicek_ratio(even) == pytest.approx(0.0009, abs=0.0006)
    assert vasicek_ratio(even * np.arange(1, 17, dtype=np.float32)) == pytest.approx(0.2438, abs=0.02)
    assert vasicek_ratio(even[:10]) is None


def test_the_mean_cosine_is_that_of_all_pairs():
    vectors = np.random.default_rng(1).normal(1, 1, (40, 5)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = (unit @ unit.T)[np.triu_indices(40, 1)]
    assert mean_cosine(vectors) == pytest.approx(float(pairs.mean()), abs=1e-5)


def test_the_vote_of_the_neighbors_is_compared_with_sklearn():
    from sklearn.model_selection import LeaveOneOut, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    vectors, truth = blobs(120, 4, 3)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    wanted = cross_val_score(KNeighborsClassifier(1, metric="cosine"), unit, truth, cv=LeaveOneOut()).mean()
    assert knn_accuracy(unit, [str(code) for code in truth], k=1) == pytest.approx(wanted)


def test_rows_without_label_are_left_out_and_one_class_says_nothing():
    vectors, truth = blobs(60, 4, 3)
    labels = [str(code) for code in truth]
    assert knn_accuracy(vectors, ["a"] * 60) is None
    assert knn_accuracy(vectors, [None, *labels[1:]]) == pytest.approx(knn_accuracy(vectors[1:], labels[1:]))


def test_spaces_are_compared_with_the_first_one_and_kept(tmp_path):
    vectors, truth = blobs(200, 16, 5)
    noise = np.random.default_rng(3).normal(size=(200, 8)).astype(np.float32)
    spaces = {"good": embeddings(vectors), "noise": embeddings(noise).with_key("n" * 24)}
    dataset, store = rows([str(code) for code in truth]), Store(tmp_path)
    found, cached = compare(spaces, dataset, store, no_progress)
    good, bad = found.table.to_pylist()
    assert not cached
    assert good["knn_accuracy"] > 0.95
    assert bad["knn_accuracy"] < 0.5
    assert good["neighbor_overlap"] == pytest.approx(1.0)
    assert bad["neighbor_overlap"] < 0.3
    assert (good["dimensions"], bad["dimensions"]) == (16, 8)
    assert compare(spaces, dataset, store, no_progress)[1]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_few_or_equal_rows_are_no_error(tmp_path, n):
    same = embeddings(np.ones((n, 4), np.float32))
    found, _ = compare({"same": same}, rows(["a"] * n), Store(tmp_path), no_progress)
    assert found.table.num_rows == 1


def test_every_search_of_neighbors_reports_too(tmp_path):
    vectors, labels = blobs(60, 4)
    said = []
    space = embeddings(vectors)
    compare({"one": space}, rows([str(label) for label in labels]), Store(tmp_path), lambda *told: said.append(told))
    assert [fraction for fraction, _ in said] == sorted(fraction for fraction, _ in said)
    assert all(message.startswith("comparing encoders: one") for _, message in said[:-1])
    assert sum("neighbors of" in message for _, message in said) == 2


def test_the_vasicek_ratio_is_the_same_in_blocks_of_components(monkeypatch):
    vectors, said = np.random.default_rng(0).normal(size=(90, 25)).astype(np.float32) ** 3, []
    whole = vasicek_ratio(vectors)
    monkeypatch.setattr(module, "COLUMNS", 10)
    assert vasicek_ratio(vectors, lambda fraction, _: said.append(fraction)) == whole
    assert said == [0.0, 0.0, 0.4, 0.8]  # the axes, and three blocks
