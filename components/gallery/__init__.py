"""Show rows as a grid of pictures or text cards, with marks and a current item."""

from components.gallery.face import Badge, GalleryData, Pick, gallery

__all__ = ["Badge", "GalleryData", "Pick", "gallery"]
