"""Two groupings side by side: what is shown of them and what it is said to mean."""

from dataclasses import replace

import numpy as np
import pytest

from explorer import groupings
from explorer.contingency import choose, contingency_data
from explorer.figures import agreements_table
from explorer.snapshot import snapshot


def shown(shared, view):
    return contingency_data(shared, snapshot(shared.ex), view)


def add(ex, name, labels):
    """Put another clustering beside the first."""
    first = next(iter(ex.values.clusterings.values()))
    layers = np.unique(labels, return_inverse=True)[1].astype(np.int32)[None] - int((labels < 0).any())
    ex.values.clusterings[name] = replace(first, key=name, name=name, layers=layers, default_layer=0)
    ex.revision += 1


def test_clusters_are_named_and_counted(shared, view, snap):
    data = shown(shared, view)
    assert (data["one"], data["other"]) == ("leiden", "label")
    assert [grouping["label"] for grouping in data["groupings"]] == ["Leiden", "your labels"]
    clusters = [line["head"] for line in data["lines"] if line["head"]["kind"] == "group"]
    assert {head["text"] for head in clusters} == {snap.cluster_names[int(id_)] for id_ in snap.clustering.clusters(1)}
    assert [head["count"] for head in clusters] == sorted((head["count"] for head in clusters), reverse=True)
    assert data["lines"][-1]["head"]["text"] == "in none"
    assert sum(sum(line["counts"]) for line in data["lines"]) == 240
    for line in data["lines"]:
        assert sum(line["counts"]) == line["head"]["count"]
        if line["best"] >= 0:
            assert data["columns"][line["best"]]["text"] == line["head"]["text"]
    assert [line["best"] for line in data["lines"]] == [*range(12), -1], "what agrees lies on the diagonal"
    assert data["note"] == ""
    assert data["sentence"].startswith("12 of 12 clusters of Leiden have a partner among your labels; ")


def test_sides_are_chosen_and_one_that_is_gone_is_forgotten(shared, view):
    add(shared.ex, "kmeans", np.arange(240) % 3)
    choose(view, "label", "kmeans")
    data = shown(shared, view)
    assert (data["one"], data["other"]) == ("label", "kmeans")
    assert data["sentence"].startswith("None of the 12 labels has a partner in k-means; two are partners when at least half")
    assert (
        sorted(head["text"] for head in data["columns"]) == [f"cluster {number}" for number in (0, 1, 2)]
        or len(data["columns"]) == 3
    )
    choose(view, "kmeans", "hdbscan")
    assert shown(shared, view)["one"] == "leiden"


def test_the_rest_is_named_with_its_number(shared, view):
    add(shared.ex, "kmeans", np.arange(240) // 8)
    choose(view, "kmeans", "label")
    data = shown(shared, view)
    assert [line["head"]["text"] for line in data["lines"]][-1] == "18 others"
    assert data["note"] == "Rows: the 12 largest of 30."
    choose(view, "label", "kmeans")
    assert "Columns: of 30 the 12 that fit these rows best." in shown(shared, view)["note"]


def test_a_clustering_of_nothing_but_noise_is_told(shared, view):
    add(shared.ex, "hdbscan", np.full(240, -1))
    choose(view, "hdbscan", "label")
    data = shown(shared, view)
    assert data["sentence"] == "There are no clusters of HDBSCAN."
    assert [line["head"]["text"] for line in data["lines"]] == ["in none"]


def test_decisions_and_turns_compare_nothing_anew(shared, monkeypatch):
    ex = shared.ex
    first = ex.compare("leiden", "label")
    monkeypatch.setattr(groupings, "compare_groups", lambda a, b: pytest.fail("compared again"))
    ex.decide("exclude", [0])
    assert ex.agreements["leiden", "label"] is first
    turned = ex.compare("label", "leiden")
    assert turned.names_a == first.names_b
    assert ex.compare("label", "leiden") is turned
    monkeypatch.undo()
    add(ex, "leiden", np.arange(240) % 3)
    assert ex.compare("leiden", "label") is not first


def test_a_sample_is_told_with_the_figures(shared, monkeypatch):
    assert "drawn by chance" not in agreements_table(shared)["note"]
    whole = shared.ex.compare("leiden", "label")
    monkeypatch.setattr(type(shared.ex), "agreements", {("leiden", "label"): replace(whole, ami_rows=100)})
    assert "The mutual information is that of 100 rows, drawn by chance" in agreements_table(shared)["note"]
