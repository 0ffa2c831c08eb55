"""Take the pixels themselves as the vector: the baseline that every encoder must beat."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.parameters import Doc, Range, engine
from engines.protocols import EncodedBatch


@engine
class Pixels:
    """The whole picture, squeezed to a small square, as numbers from 0 to 1, row by row."""

    modality: ClassVar[str] = "pictures"
    vocabulary: ClassVar[str] = ""
    input_side: ClassVar[int] = 64
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ("pillow",)

    side: Annotated[int, Range(1, 64), Doc("width and height of the small copy")] = 16
    color: Annotated[bool, Doc("three values per pixel instead of its brightness")] = True

    def prepare(self, picture: Image.Image) -> npt.NDArray[Any]:
        """Shrink one upright RGB picture by averaging."""
        small = picture if self.color else picture.convert("L")
        return np.asarray(small.resize((self.side, self.side), Image.Resampling.BOX), dtype=np.uint8).reshape(-1)

    def __call__(self, prepared: npt.NDArray[Any]) -> EncodedBatch:
        """Scale to 0..1."""
        vectors = prepared.astype(np.float32) / np.float32(255.0)
        return EncodedBatch(vectors=vectors, probabilities=np.empty((len(vectors), 0), dtype=np.float16))
