"""What is to be seen while a data set is being read: words, and pictures as they come."""

from components.mosaic.face import MosaicData, example, mosaic

__all__ = ["MosaicData", "example", "mosaic"]
