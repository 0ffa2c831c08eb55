"""Encode texts with any model of the library sentence-transformers, from a folder or a hub's cache, safetensors only."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from engines.artifacts import Float32
from engines.embed.model_files import folder_of
from engines.embed.model_loading import PRECISIONS, device_of, is_out_of_memory, precision_of, quiet, torch_module
from engines.embed.model_network import Blocks
from engines.embed.sentence_files import SentenceFiles, find_sentence_model
from engines.errors import EnvironmentFault, ParameterError
from engines.keys import digest
from engines.parameters import Doc, Range, engine, speed_only
from engines.protocols import Progress, no_progress

CPU_BATCH, GPU_BATCH = 16, 64
MOST_LETTERS = 200_000
"""Letters of a text that are handed on; models read the first few hundred to ten thousand tokens."""

_lock = threading.Lock()
_last: list[tuple[tuple[str, str, str], Any]] = []


@engine
class SentenceTransformers:
    """Any model that sentence-transformers (Reimers and Gurevych 2019, arXiv:1908.10084) knows by itself.

    Vectors float32 (b, d) as ``SentenceTransformer.encode`` gives them, to 1e-5: pooled, and normalized if the model says so. No code that
    comes with a model is run and no pickle is opened. What a model cannot read at once is cut off at its end, as the library does.

    A model may want words before each text ("query: "); its own default is used unless ``prompt`` names another one of its prompts, or gives
    the words themselves, which end with a colon or a space.

    The key holds the content of the model's files in place of their place, and the precision that ``auto`` comes to on this machine. Texts go
    through by length, so that what a text is encoded with changes its vector in the last bits at most (1e-6).
    """

    modality: ClassVar[str] = "texts"
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[str, ...]] = ("sentence-transformers", "tokenizers", "torch", "transformers")

    model: Annotated[str, Doc("folder of a model with safetensors, or owner/name of the hub")] = speed_only("")
    prompt: Annotated[str, Doc("one of the model's prompts by name, or words that end with a colon; empty = its default")] = ""
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], Doc("where to compute; auto = a graphics card if there is one")
    ] = speed_only("auto")
    # Not only speed, but what it comes to stands in content_key, so that auto and fp32 are one on a CPU.
    precision: Annotated[Literal["auto", "fp32", "fp16", "bf16"], Doc("auto = fp32 on the CPU, fp16 elsewhere")] = speed_only(
        "auto"
    )
    batch: Annotated[int, Range(0, 4096), Doc("texts at once; 0 = as many as are quick and fit")] = speed_only(0)
    threads: Annotated[int, Range(0, 1024), Doc("processor threads; 0 = all that are free to use")] = speed_only(0)

    def __post_init__(self) -> None:
        """Check at once what lies in a folder; a hub id that is not here yet may still be fetched."""
        if self.model and folder_of(self.model) is not None:
            find_sentence_model(self.model)

    @cached_property
    def files(self) -> SentenceFiles:
        """Give the checked files of the model."""
        return find_sentence_model(self.model)

    @cached_property
    def content_key(self) -> str:
        """Hash what decides the vectors beside the parameters: the model's files and the precision."""
        return digest(self._content, precision_of(self.precision, self._device))

    def encode_texts(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Float32:
        """Encode texts to float32 (b, d).

        Raises:
            ParameterError: when the model cannot be loaded, has no such prompt, or half precision is too small for it.
            EnvironmentFault: when not even one text fits into the memory.
        """
        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        torch = torch_module()
        if self.threads and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        model = _loaded(self.files, self._content, self._device, precision_of(self.precision, self._device))
        prompt = self._prompt(model)
        # Half of a surrogate pair, which JSON may hold, is no text to a tokenizer.
        clean = [text[:MOST_LETTERS].encode("utf-8", "replace").decode() for text in texts]
        order = np.argsort([-len(text) for text in clean], kind="stable").tolist()

        def run(rows: Sequence[int]) -> Float32:
            block = [clean[order[row]] for row in rows]
            made = model.encode(block, batch_size=len(block), show_progress_bar=False, convert_to_numpy=True, **prompt)
            return np.asarray(made, dtype=np.float32)

        found: list[Float32] = []
        for vectors in self._blocks(len(clean), run):
            found.append(vectors)
            progress(sum(map(len, found)) / len(clean), "embedding texts")
        sorted_vectors = np.concatenate(found)
        whole = np.empty_like(sorted_vectors)
        whole[order] = sorted_vectors
        if precision_of(self.precision, self._device) != "fp32" and not np.isfinite(whole).all(axis=1).any():
            raise ParameterError(f"{self.model} gives no finite vector in half precision", "--set embed.precision=fp32")
        return whole

    def _prompt(self, model: Any) -> dict[str, str]:
        """Give what tells the library which words to put before each text."""
        known = {name: words for name, words in (model.prompts or {}).items() if isinstance(words, str)}
        if not self.prompt:
            return {}
        if self.prompt in known:
            return {"prompt_name": self.prompt}
        if self.prompt.endswith((":", " ")):
            # The space after a colon gets lost on the way through a command line.
            return {"prompt": self.prompt + (" " if self.prompt.endswith(":") else "")}
        raise ParameterError(
            f"{self.model} has no prompt {self.prompt!r}",
            f"it has: {', '.join(sorted(known)) or 'none'}; words of your own end with a colon, such as 'query:'",
        )

    @cached_property
    def _content(self) -> str:
        return self.files.content_hash()

    @cached_property
    def _device(self) -> str:
        return device_of(self.device)

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks(size=self.batch or (CPU_BATCH if self._device == "cpu" else GPU_BATCH), filled=False, device=self._device)


def _loaded(files: SentenceFiles, content: str, device: str, precision: str) -> Any:
    """Load a model, or give the one that was loaded last when it is the same."""
    key = (content, device, precision)
    with _lock:
        if not _last or _last[0][0] != key:
            _last.clear()  # before the next one is loaded: both may not fit into the memory
            _last.append((key, _load(files, device, precision)))
        return _last[0][1]


def _load(files: SentenceFiles, device: str, precision: str) -> Any:
    torch = torch_module()
    from sentence_transformers import SentenceTransformer

    try:
        with quiet(), _silent("sentence_transformers"):
            model = SentenceTransformer(
                str(files.folder),
                device=device,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True, "dtype": getattr(torch, PRECISIONS[precision])},
            )
    except Exception as error:
        if is_out_of_memory(error):
            raise EnvironmentFault(
                f"the model {files.folder} does not fit into the memory of the {device}", "use --device cpu"
            ) from error
        said = " ".join(str(error).split())[:300] or type(error).__name__
        raise ParameterError(f"the model {files.folder} cannot be loaded: {said}", "get the model anew") from error
    return model.eval()


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """Keep the remarks of a library off the terminal."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


__all__ = ["SentenceTransformers"]
