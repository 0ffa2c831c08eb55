"""Encode pictures, and texts where the model has a tower for them, with models of the library transformers: CLIP, SigLIP, DINO and others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.artifacts import Float32
from engines.embed.model_files import ModelFiles, find, folder_of
from engines.embed.model_loading import device_of, is_joint, precision_of, torch_module
from engines.embed.model_network import CPU_BLOCK, CPU_LARGEST, GPU_BLOCK, TEXT_BLOCK, Blocks, Network, network
from engines.embed.picture_processing import PictureProcessing, picture_processing
from engines.errors import ParameterError
from engines.keys import digest
from engines.parameters import Doc, Range, engine, speed_only
from engines.protocols import EncodedBatch, Progress, no_progress

CLIP_VARIABLE = "DATASET_EXPLORER_CLIP"


@engine
class Transformers:
    """Any model of pictures that the library transformers knows by itself, from a folder or the hub's cache, safetensors only.

    Vectors float32 (b, d), not normalized: of a model with a text tower (CLIP, SigLIP and kin) the projected picture vector, else the
    pooler's output, the class token, or the mean of the tokens, see ``Network.pictures``. Pictures are prepared as the model's own
    processor does it, to 1e-5. No code that comes with a model is run, and no pickle is opened.

    ``Transformers(model=...)`` gives a ``JointTransformers`` where the model has a text tower, so that its type tells what it can do.

    The key holds the content of the model's files in place of their place, and the precision that ``auto`` comes to on this machine in place
    of the word. On the CPU a picture's vector does not depend on the other pictures of its batch, to the last bit.
    """

    modality: ClassVar[str] = "pictures"
    vocabulary: ClassVar[str] = ""
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ("pillow", "torch", "transformers")

    model: Annotated[str, Doc("folder with config.json and model.safetensors, or owner/name of the hub")] = speed_only("")
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], Doc("where to compute; auto = a graphics card if there is one")
    ] = speed_only("auto")
    # Not only speed, but what it comes to stands in content_key, so that auto and fp32 are one on a CPU.
    precision: Annotated[Literal["auto", "fp32", "fp16", "bf16"], Doc("auto = fp32 on the CPU, fp16 elsewhere")] = speed_only(
        "auto"
    )
    batch: Annotated[int, Range(0, 4096), Doc("pictures at once; 0 = as many as are quick and fit")] = speed_only(0)
    threads: Annotated[int, Range(0, 1024), Doc("processor threads; 0 = all that are free to use")] = speed_only(0)

    def __new__(cls, *, model: str = "", **_: Any) -> Self:
        """Choose the class by what the model can do; a model that cannot be found is complained about when it is used."""
        chosen = JointTransformers if cls is Transformers and _has_text_tower(model) else cls
        return cast(Self, super().__new__(chosen))

    def __post_init__(self) -> None:
        """Check at once what lies in a folder; a hub id that is not here yet may still be fetched."""
        if self.model and folder_of(self.model) is not None:
            find(self.model)

    @cached_property
    def files(self) -> ModelFiles:
        """Give the checked files of the model."""
        return find(self.model)

    @cached_property
    def content_key(self) -> str:
        """Hash what decides the vectors beside the parameters: the model's files and the precision."""
        return digest(self._content, precision_of(self.precision, self._device))

    @property
    def input_side(self) -> int:
        """Give what both sides of a decoded picture need to have at least."""
        return self._processing.side

    @property
    def batch_size(self) -> int:
        """Tell how many pictures a call should bring, so that no block stays half empty."""
        return self._block_size * max(CPU_LARGEST // self._block_size, 1)

    def prepare(self, picture: Image.Image) -> npt.NDArray[Any]:
        """Resize and crop one upright RGB picture to the model's input, in bytes where the model's processor allows it."""
        return self._processing.prepare(picture)

    def __call__(self, prepared: npt.NDArray[Any]) -> EncodedBatch:
        """Encode a batch (b, ...) of prepared pictures of any b; no class probabilities.

        Raises:
            EnvironmentFault: when not even one picture fits into the memory.
            ParameterError: when the model cannot take its pictures, or half precision is too small for it.
        """
        none = np.empty((len(prepared), 0), dtype=np.float16)
        if not len(prepared):
            return EncodedBatch(vectors=np.empty((0, 0), dtype=np.float32), probabilities=none)
        running = self._network()
        whole = np.require(prepared, requirements=["C", "W"])

        def encode(rows: Sequence[int]) -> Float32:
            return running.pictures(self._processing.tensors(whole[list(rows)], running.device))

        parts = list(self._blocks(len(whole), encode))
        vectors = np.ascontiguousarray(np.concatenate(parts), dtype=np.float32)
        if running.precision != "fp32" and not np.isfinite(vectors).all(axis=1).any():
            raise ParameterError(
                f"{self.model} gives no finite vector in {running.precision}",
                "--set embed.precision=bf16, or fp32",
            )
        return EncodedBatch(vectors=vectors, probabilities=none)

    def _network(self) -> Network:
        torch = torch_module()
        if self.threads and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        return network(self.files, self._content, self._device, precision_of(self.precision, self._device))

    @cached_property
    def _content(self) -> str:
        return self.files.content_hash()

    @cached_property
    def _device(self) -> str:
        return device_of(self.device)

    @cached_property
    def _processing(self) -> PictureProcessing:
        return picture_processing(self.files)

    @property
    def _block_size(self) -> int:
        # On the CPU blocks are filled up, so that larger ones than what arrives at once would be work for nothing.
        return min(self.batch or CPU_BLOCK, CPU_LARGEST) if self._device == "cpu" else self.batch or GPU_BLOCK

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks(size=self._block_size, filled=self._device == "cpu", device=self._device)


@engine
class JointTransformers(Transformers):
    """A model whose pictures and texts land in one space."""

    def encode_texts(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Float32:
        """Encode texts to float32 (b, d), not normalized, in the space of the pictures.

        Raises:
            ParameterError: when the model's tokenizer cannot be loaded.
        """
        running = self._network()
        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        return running.texts(texts, self._text_blocks, progress)

    @cached_property
    def _text_blocks(self) -> Blocks:
        return Blocks(size=TEXT_BLOCK, filled=False, device=self._device)


@engine
class Clip(JointTransformers):
    """The CLIP, or any other model with a text tower, in the folder that the environment variable DATASET_EXPLORER_CLIP names."""

    def __post_init__(self) -> None:
        """Take the model from the environment where none is given.

        Raises:
            ParameterError: when the variable names a folder without a model that has both towers.
        """
        if not self.model:
            object.__setattr__(self, "model", os.environ.get(CLIP_VARIABLE, ""))
        super().__post_init__()
        if self.model and folder_of(self.model) is not None and not _has_text_tower(self.model):
            raise ParameterError(f"the model {self.model} has no tower for texts", f"name it by --encoder {self.model} instead")

    @cached_property
    def files(self) -> ModelFiles:
        """Give the checked files of the model.

        Raises:
            ParameterError: when the environment variable is not set.
        """
        if not self.model:
            raise ParameterError(
                f"the encoder clip needs the environment variable {CLIP_VARIABLE}",
                f"export {CLIP_VARIABLE}=/path/to/a/clip/folder, or give --encoder FOLDER",
            )
        return find(self.model)


def _has_text_tower(model: str) -> bool:
    """Tell whether a model on this machine has two towers; False for one that cannot be read (complained about elsewhere)."""
    try:
        return bool(model) and folder_of(model) is not None and is_joint(find(model))
    except (ParameterError, OSError):
        return False


__all__ = ["CLIP_VARIABLE", "Clip", "JointTransformers", "Transformers"]
