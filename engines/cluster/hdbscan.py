"""HDBSCAN on the neighbor graph: its mutual-reachability spanning tree, condensed and cut by the package hdbscan."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from engines.artifacts import NO_CLUSTER, Clustering, NeighborGraph
from engines.cluster.layers import Labels, assemble, coarser
from engines.cluster.spanning import spanning_tree
from engines.keys import chain
from engines.parameters import Doc, Range, engine
from engines.protocols import Progress, no_progress


@engine
class Hdbscan:
    """Find dense regions (Campello, Moulavi, Sander 2013; McInnes and Healy 2017); what lies between them is noise.

    The tree is built on the k nearest neighbors (see ``spanning``). ``min_cluster_size`` is clipped to a tenth of the nodes. The
    finer layer holds the leaves of the same tree. Strength is HDBSCAN's probability of membership.
    """

    name: ClassVar[str] = "hdbscan"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ("hdbscan",)
    isolated: ClassVar[bool] = True

    min_cluster_size: Annotated[int, Range(2, 100_000), Doc("rows that make a cluster")] = 15
    min_samples: Annotated[int, Range(1, 200), Doc("more = more rows are noise")] = 1
    k: Annotated[int, Range(2, 200), Doc("neighbors per row that make the graph")] = 15
    cluster_selection_method: Annotated[Literal["eom", "leaf"], Doc("eom = most persistent clusters, leaf = smallest ones")] = (
        "eom"
    )

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Clustering:
        """Cluster; fewer than four nodes, and data without any denser region, are all noise."""
        key = chain("cluster", self, [graph.key], name=self.name)
        progress(0.0, "spanning tree")
        if graph.m < 4:
            labels = np.full(graph.m, NO_CLUSTER, dtype=np.int64)
            strength = np.zeros(graph.m, dtype=np.float32)
            return assemble(graph, [labels], 0, strength, key=key, name=self.name, notes={"clusters": 0})
        tree = spanning_tree(graph, self.k, self.min_samples)
        progress(0.5, "condensing the tree")
        size = max(2, min(self.min_cluster_size, graph.m // 10))
        labels, probability = _cut(tree, size, self.cluster_selection_method)
        progress(0.8, "finer and coarser layers")
        above = coarser(graph.nodes, labels)
        below = [_cut(tree, size, "leaf")[0]] if self.cluster_selection_method == "eom" else []
        return assemble(
            graph,
            [*above, labels, *below],
            len(above),
            probability.astype(np.float32),
            key=key,
            name=self.name,
            notes={"min_cluster_size": size, "clusters": int(labels.max(initial=-1)) + 1, "noise": float((labels < 0).mean())},
        )


def _cut(tree: npt.NDArray[np.float64], size: int, method: str) -> tuple[Labels, Any]:
    # The package offers no public way from a spanning tree to clusters; pyproject.toml pins its minor version.
    from hdbscan._hdbscan_linkage import label
    from hdbscan.hdbscan_ import _tree_to_labels

    labels, probability, *_ = _tree_to_labels(None, label(tree), size, method)
    return labels.astype(np.int64), probability
