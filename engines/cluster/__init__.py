"""Stage cluster: which rows belong together, at several resolutions that nest?"""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="cluster",
    table={
        "leiden": Entry(
            "engines.cluster.leiden:Leiden", "communities of the neighbor graph; finds their number itself", ("igraph",)
        ),
        "hdbscan": Entry(
            "engines.cluster.hdbscan:Hdbscan", "dense regions of the neighbor graph; the rest is noise", ("numba",)
        ),
        "kmeans": Entry("engines.cluster.kmeans:KMeans", "a chosen number of compact clusters of similar size", ("igraph",)),
        "hierarchical_kmeans": Entry(
            "engines.cluster.hierarchical_kmeans:HierarchicalKMeans",
            "clusters of clusters, at several resolutions, evened out over density",
            ("igraph",),
        ),
    },
)

__all__ = ["ENGINES"]
