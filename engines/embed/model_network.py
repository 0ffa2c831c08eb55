"""Run the networks of the library transformers: one vector per picture or text, in batches that fit into the memory."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.artifacts import Float32
from engines.embed.model_files import ModelFiles
from engines.embed.model_loading import PRECISIONS, Loaded, is_out_of_memory, load_model, load_tokenizer, torch_module
from engines.errors import EnvironmentFault, ParameterError
from engines.protocols import Progress

if TYPE_CHECKING:
    import torch

CPU_BLOCK, CPU_LARGEST, GPU_BLOCK = 8, 16, 64
TEXT_BLOCK = 64
PADDED = {"siglip": 64, "siglip2": 64, "align": 64}
"""Families whose text tower was trained on texts padded to this many tokens, as the library's own processors do."""
_lock = threading.Lock()
_last: list[tuple[tuple[str, str, str], Network]] = []


@dataclass(kw_only=True)
class Blocks:
    """How many rows go through the network at once; halved for good when the memory does not suffice.

    ``filled``: a block that is not full is filled with copies of its last row, since the last bits of a vector depend on the size of its
    block on a CPU, while they do not depend on the other rows in it.
    """

    size: int
    filled: bool
    device: str = "cpu"

    def __call__(self, n: int, run: Callable[[Sequence[int]], Float32]) -> Iterator[Float32]:
        """Give the vectors of rows 0..n, block by block; ``run`` gets the numbers of the rows.

        Raises:
            EnvironmentFault: when not even one row fits.
        """
        start = 0
        while start < n:
            rows = list(range(start, min(start + self.size, n)))
            count = len(rows)
            if self.filled:
                rows += rows[-1:] * (self.size - count)
            try:
                made = run(rows)[:count]
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._shrink(error)
                continue
            start += count
            yield made

    def _shrink(self, error: BaseException) -> None:
        if self.size == 1:
            raise EnvironmentFault(
                f"the model does not fit into the memory of the {self.device} beside one row",
                "choose a smaller model, or --device cpu",
            ) from error
        self.size //= 2
        if self.device == "cuda":
            torch_module().cuda.empty_cache()


@dataclass(kw_only=True)
class Network:
    """A loaded model that turns pictures and texts into vectors."""

    files: ModelFiles
    loaded: Loaded
    device: str
    precision: str
    _tokenizer: list[Any] = field(default_factory=list, repr=False)

    def pictures(self, inputs: dict[str, torch.Tensor]) -> Float32:
        """Encode a batch of prepared pictures to float32 (b, d).

        Of a model with two towers the projected picture vector; else the first of: the pooler's output where the model brings weights for
        it, the class token, the mean of all tokens or places of the last layer.
        """
        call = self.loaded.model.get_image_features if self.loaded.joint else self.loaded.model
        output = self._run(call, inputs)
        if self.loaded.joint:
            return self._plain(_projected(output))
        pooled = getattr(output, "pooler_output", None)
        if pooled is not None and self.loaded.pooled:
            return self._plain(pooled.flatten(1))
        last = output.last_hidden_state
        if last.ndim == 4:
            return self._plain(last.mean((2, 3)))
        return self._plain(last[:, 0] if self.loaded.class_token else last.mean(1))

    def texts(self, texts: Sequence[str], blocks: Blocks, progress: Progress) -> Float32:
        """Encode texts to float32 (b, d), not normalized; a long text is cut where the model's memory of it ends.

        Texts of about the same length go together, so that a short one does not carry the padding of a long one.
        """
        tokenizer, limit = self._tokenizer_with_limit()
        fixed = self.files.model_type in PADDED
        counts = [limit] * len(texts)
        if not fixed:
            found = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]
            counts = [min(-(-len(tokens) // 8) * 8, limit) for tokens in found]
        groups: dict[int, list[int]] = {}
        for row, count in enumerate(counts):
            groups.setdefault(count, []).append(row)
        parts: list[Float32] = []
        order: list[int] = []
        done = 0
        for count, members in sorted(groups.items()):

            def run(rows: Sequence[int], count: int = count, members: list[int] = members) -> Float32:
                block = [texts[members[row]] for row in rows]
                tokens = tokenizer(block, padding="max_length", truncation=True, max_length=count, return_tensors="pt")
                inputs = {name: values.to(self.device) for name, values in tokens.items()}
                return self._plain(_projected(self._run(self.loaded.model.get_text_features, inputs)))

            order += members
            for made in blocks(len(members), run):
                parts.append(made)
                done += len(made)
                progress(done / len(texts), f"encoding {done:,} of {len(texts):,} texts")
        vectors = np.empty((len(texts), parts[0].shape[1]), dtype=np.float32)
        vectors[order] = np.concatenate(parts)
        return vectors

    def _run(self, call: Callable[..., Any], inputs: dict[str, torch.Tensor]) -> Any:
        torch = torch_module()
        wanted = inspect.signature(getattr(call, "forward", call)).parameters
        dtype = getattr(torch, PRECISIONS[self.precision])
        given = {
            name: values.to(dtype) if values.is_floating_point() else values
            for name, values in inputs.items()
            if name in wanted
        }
        # The convolution of the patches would otherwise round to TF32 on CUDA, and fp32 would not mean the same everywhere.
        exact = self.device == "cuda" and self.precision == "fp32"
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False) if exact else nullcontext():
            try:
                return call(**given)
            except (RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
                if is_out_of_memory(error):
                    raise
                raise ParameterError(
                    f"the model {self.files.folder} cannot take what its own processor makes: {error}",
                    "its files may not belong together; choose another model",
                ) from error

    def _plain(self, vectors: torch.Tensor) -> Float32:
        plain: Float32 = vectors.float().cpu().numpy()
        return plain

    def _tokenizer_with_limit(self) -> tuple[Any, int]:
        with _lock:
            if not self._tokenizer:
                self._tokenizer.append(load_tokenizer(self.files))
        tokenizer = self._tokenizer[0]
        positions = getattr(self.loaded.model.config.get_text_config(), "max_position_embeddings", None) or 512
        limit = min(int(tokenizer.model_max_length), int(positions), PADDED.get(self.files.model_type, 1 << 30))
        return tokenizer, limit


def network(files: ModelFiles, content: str, device: str, precision: str) -> Network:
    """Load a model, or give the one that was loaded last when it is the same; ``content`` is the hash of its files.

    Raises:
        ParameterError: for an architecture that transformers does not know, a model of texts only, or weights that do not fit.
    """
    key = (content, device, precision)
    with _lock:
        if not _last or _last[0][0] != key:
            _last.clear()  # before the next one is loaded: both may not fit into the memory
            loaded = load_model(files, device, precision)
            _last.append((key, Network(files=files, loaded=loaded, device=device, precision=precision)))
        return _last[0][1]


def _projected(output: Any) -> Any:
    """Give the vectors of a tower: older versions of the library give them as they are, FLAVA those of all tokens."""
    vectors = output if hasattr(output, "ndim") else output.pooler_output
    return vectors[:, 0] if vectors.ndim == 3 else vectors


__all__ = ["CPU_BLOCK", "CPU_LARGEST", "GPU_BLOCK", "TEXT_BLOCK", "Blocks", "Network", "network"]
