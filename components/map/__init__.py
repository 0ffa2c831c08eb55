"""Draw the map of a data set: points, cluster names, lasso, box, hover cards."""

from components.map.events import Click, ClusterClick, Lasso, Mode
from components.map.face import MapData, map_view
from components.map.labels import MapLabel, cluster_labels

__all__ = ["Click", "ClusterClick", "Lasso", "MapData", "MapLabel", "Mode", "cluster_labels", "map_view"]
