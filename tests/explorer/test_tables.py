"""The tables say what the values say, counted here row by row."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa

from explorer.rowwise import Tags, Words
from explorer.tables import OWN_LAYER, Decided, clusters_table, found_table, samples_table, with_decisions, without_nan


def test_clusters_are_counted_as_they_are(ex):
    values, n = ex.values, len(ex.dataset)
    name, clustering = next(iter(values.clusterings.items()))
    labels = [None if row % 3 == 0 else label for row, label in enumerate(ex.dataset.labels)]
    rows = ex.dataset.rows.set_column(2, "label", pa.array(labels, pa.string()))
    values = replace(values, dataset=replace(ex.dataset, rows=rows), clusterings={name: clustering})
    table = clusters_table(values, Decided.nothing(n)).to_pylist()
    assert len(table) == sum(len(clustering.clusters(layer)) for layer in range(len(clustering.layers)))
    for row in table:
        members = np.flatnonzero(clustering.layers[row["layer"]] == row["cluster"])
        known = Counter(labels[member] for member in members if labels[member] is not None)
        assert row["size"] == len(members)
        assert row["parent"] == clustering.parent(row["cluster"], row["layer"])
        expected = max(known.values()) / known.total() if known else None
        assert (row["purity"] is None) == (expected is None)
        if expected is not None:
            np.testing.assert_allclose(row["purity"], expected, rtol=1e-6)


def test_clusters_that_a_person_made_stand_before_those_of_the_engine(ex):
    clustering = next(iter(ex.values.clusterings.values()))
    labels = clustering.labels
    one, other = (int(cluster) for cluster in np.unique(labels[labels >= 0])[:2])
    rows = np.flatnonzero((labels == one) | (labels == other))
    ex.decide("merge", rows.tolist(), value="both")
    new = int(clustering.layers.max()) + 1
    samples, clusters = ex.samples, ex.clusters
    assert set(samples["cluster"][rows]) == {new}
    assert set(samples["cluster_name"][rows]) == {"both"}
    own = clusters[clusters["layer"] == OWN_LAYER]
    assert own[["cluster", "parent", "size", "name"]].values.tolist() == [[new, -1, len(rows), "both"]]
    counted = samples["cluster"][samples["cluster"] >= 0].value_counts().to_dict()
    now = clusters[clusters["layer"].isin([OWN_LAYER, clustering.default_layer])].set_index("cluster")["size"].to_dict()
    assert now == counted
    assert len(ex.select(f"cluster = {new}")) == len(ex.select("cluster_name = 'both'")) == len(rows)
    ex.undo()
    assert ex.samples["cluster"].tolist() == labels.tolist()


def test_tags_and_names_of_clusters_stand_at_their_rows(ex):
    n = len(ex.dataset)
    tags = Tags({"b": np.arange(n) % 3 > 0, "a": np.arange(n) % 3 == 2}, n)
    named = {int(cluster): f"name {cluster}" for cluster in np.unique(next(iter(ex.values.clusterings.values())).labels)}
    decided = replace(Decided.nothing(n), tags=tags, cluster_names=named)
    table = samples_table(ex.values, decided, [])
    assert table.column("tags").to_pylist() == [[[], ["b"], ["a", "b"]][row % 3] for row in range(n)]
    assert table.schema.field("tags").type == pa.list_(pa.string())
    clusters = table.column("cluster").to_pylist()
    assert table.column("cluster_name").to_pylist() == [named[cluster] if cluster >= 0 else "" for cluster in clusters]


def test_trust_and_its_two_faults_stand_beside_each_other_for_every_map(ex):
    maps = ex.values.projections
    values = replace(
        ex.values,
        projections={**maps, "pca": replace(maps["pca"], torn=np.zeros(0, np.float32), false=np.zeros(0, np.float32))},
    )
    table = samples_table(values, Decided.nothing(len(ex.dataset)), ["umap", "tsne", "pca"])
    shares = ("trust", "torn", "false_neighbors")
    names = [name for name in table.column_names if name.endswith(shares)]
    assert names == [f"{prefix}{share}" for prefix in ("", "tsne_", "pca_") for share in shares]
    np.testing.assert_array_equal(table.column("torn").to_numpy(), maps["umap"].torn)
    np.testing.assert_array_equal(table.column("tsne_false_neighbors").to_numpy(), maps["tsne"].false)
    np.testing.assert_array_equal(table.column("tsne_trust").to_numpy(), maps["tsne"].trust)
    assert {table.column(f"pca_{share}").null_count for share in shares} == {len(ex.dataset)}


def test_decisions_go_into_their_columns_and_nowhere_else(ex):
    n, rows = len(ex.dataset), np.arange(len(ex.dataset))
    check = next(name for name, issue in ex.values.issues.items() if not issue.skipped)
    labels = Words(["x", "y"], np.where(rows % 4 == 0, rows % 8 // 4, -1))
    decided = replace(Decided.nothing(n), labels=labels, excluded=rows % 5 == 0, thresholds={check: 0.0, "no_check": 0.5})
    found = found_table(ex.values, ["pca"])
    table = with_decisions(found, ex.values, decided)
    assert table.column_names == found.column_names
    assert table.schema == found.schema
    assert table.column("label_decided").to_pylist() == list(labels)
    assert table.column("excluded").to_pylist() == (rows % 5 == 0).tolist()
    assert table.column(f"{check}_flagged").to_pylist() == ex.values.issues[check].flagged(0.0).tolist()
    same = set(table.column_names) - {"label_decided", "excluded", f"{check}_flagged"}
    assert table.select(sorted(same)).equals(found.select(sorted(same)))
    assert found.equals(samples_table(ex.values, Decided.nothing(n), ["pca"]))


def test_not_a_number_is_nothing_where_sql_looks():
    table = pa.table({"a": [1.0, np.nan, None], "b": pa.array([np.nan, 2.0, 3.0], pa.float32()), "c": ["x", None, "nan"]})
    assert without_nan(table).to_pydict() == {"a": [1.0, None, None], "b": [None, 2.0, 3.0], "c": ["x", None, "nan"]}
    assert without_nan(table).schema == table.schema
