"""The clusters of a clustering as a list with pictures or texts: look, mark, rename, open."""

from components.cluster_list.face import ClusterEntry, ClusterListData, Handlers, cluster_list, example

__all__ = ["ClusterEntry", "ClusterListData", "Handlers", "cluster_list", "example"]
