"""The boxes of pictures, and the one label that a picture gets from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from engines.read.columns import text_column

RULE = (
    "the class whose boxes have more than half of the area of all boxes of the picture (of their number, where no box has an area);"
    " no label where no class has that much"
)


@dataclass
class Boxes:
    """Area and number of boxes per picture and class, as they are found."""

    held: dict[int, dict[str, tuple[float, int]]] = field(default_factory=dict)

    def add(self, picture: int, name: str, area: float, count: int = 1) -> None:
        """Take in boxes of a class of a picture with their area together."""
        classes = self.held.setdefault(picture, {})
        known = classes.get(name, (0.0, 0))
        classes[name] = (known[0] + area, known[1] + count)

    def label(self, picture: int) -> str | None:
        """Give the class that holds most of a picture; see ``RULE``."""
        classes = self.held.get(picture, {})
        # Areas where there is one, else counts.
        by = 0 if any(area > 0 for area, _ in classes.values()) else 1
        total = sum(value[by] for value in classes.values())
        for name, value in classes.items():
            if value[by] * 2 > total:
                return name
        return None

    def columns(self, pictures: Sequence[int]) -> dict[str, pa.Array]:
        """Give the person's own columns: the classes of each picture in alphabetical order, and the number of its boxes."""
        held = [self.held.get(picture, {}) for picture in pictures]
        return {
            "classes": text_column([", ".join(sorted(classes)) for classes in held]),
            "boxes": pa.array([sum(count for _, count in classes.values()) for classes in held], pa.int64()),
        }


__all__ = ["RULE", "Boxes"]
