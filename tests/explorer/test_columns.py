import numpy as np
import pytest

from explorer.columns import choices, coloring
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer


def test_every_choice_can_be_colored(snap):
    for choice in choices(snap):
        colors = coloring(snap, choice.value)
        assert colors.value == choice.value
        width = 4 if colors.kind == "number" else 2
        assert len(colors.frame()) == width * snap.n
        if colors.kind == "category":
            assert len(colors.names) == len(colors.palette) == len(colors.counts) == len(colors.ids)
            assert [int((colors.codes == code).sum()) for code in range(len(colors.names))] == list(colors.counts)
            assert (np.diff(colors.counts) <= 0).all()
        low, high = colors.range
        assert low < high


def test_an_unknown_column_falls_back_to_the_first(snap):
    assert coloring(snap, "column:gone").value == choices(snap)[0].value == "cluster"


def test_layers_change_the_clusters(snap):
    counts = [len(coloring(snap, "cluster", layer).names) for layer in range(3)]
    assert counts == sorted(counts)
    assert coloring(snap, "cluster", 99).names == coloring(snap, "cluster", 2).names


def test_rows_without_a_cluster_have_the_code_for_none(snap):
    colors = coloring(snap, "cluster")
    frame = np.frombuffer(colors.frame(), dtype="<u2")
    assert (frame[snap.clustering.labels < 0] == 65535).all()
    assert (frame[snap.clustering.labels >= 0] < len(colors.names)).all()


def test_severity_is_a_number_and_few_years_a_category(snap):
    assert coloring(snap, "severity:outlier").kind == "number"
    assert coloring(snap, "column:year").kind == "category"


def test_both_faults_of_every_map_can_be_seen_apart(ex, snap):
    labels = {choice.value: choice.label for choice in choices(snap)}
    for name, words in (("umap", "UMAP"), ("tsne", "t-SNE"), ("pca", "PCA")):
        shown = ex.values.projections[name]
        assert labels[f"torn:{name}"] == f"Neighbors torn away, {words}"
        assert labels[f"false:{name}"] == f"False neighbors, {words}"
        np.testing.assert_array_equal(coloring(snap, f"torn:{name}").numbers, shown.torn)
        np.testing.assert_array_equal(coloring(snap, f"false:{name}").numbers, shown.false)
        np.testing.assert_array_equal(coloring(snap, f"trust:{name}").numbers, shown.trust)


def test_decisions_are_a_column(ex):
    ex.decide("exclude", [0])
    ex.decide("relabel", [1], value="star")
    ex.decide("tag", [2], value="t")
    colors = coloring(snapshot(ex), "decision")
    assert [colors.names[code] if code >= 0 else None for code in colors.codes[:4]] == ["excluded", "relabeled", "tagged", None]


@pytest.mark.parametrize("labels", [True, False])
def test_without_labels_there_is_no_label_to_color_by(tmp_path, labels):
    ex = FakeExplorer(240, labels=labels, folder=tmp_path).analyze()
    assert ("label" in {choice.value for choice in choices(snapshot(ex))}) == labels
