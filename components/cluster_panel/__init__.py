"""The panel of the page Clusters: one cluster with what it holds, several to be merged, or one that is about to be split."""

from components.cluster_panel.face import Bar, ClusterPanelData, Half, Handlers, cluster_panel, example

__all__ = ["Bar", "ClusterPanelData", "Half", "Handlers", "cluster_panel", "example"]
