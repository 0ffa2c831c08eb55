"""Load models of the library transformers from safetensors, without running foreign code and without a word on the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from engines.embed.model_files import ModelFiles
from engines.errors import EnvironmentFault, ParameterError

PRECISIONS = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}
CLASS_TOKENS = ("cls_token", "class_token", "class_embedding", "cls_embedding")
POOLERS = ("pooler.", "vision_model.pooler.")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model in evaluation mode on its device; ``pooled``: its pooler came with weights; ``class_token``: its first token stands for all."""

    model: Any
    joint: bool
    pooled: bool
    class_token: bool


def torch_module() -> ModuleType:
    """Import torch; its idle threads must sleep: spinning doubles the processor time while pictures are decoded beside it."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    return torch


def device_of(wanted: str) -> str:
    """Choose the device: what is wanted, or for ``auto`` the first of cuda, mps and cpu that is there.

    Raises:
        ParameterError: when the wanted device is not there.
    """
    torch = torch_module()
    there = {"cuda": bool(torch.cuda.is_available()), "mps": bool(torch.backends.mps.is_available()), "cpu": True}
    if wanted == "auto":
        return next(name for name, ready in there.items() if ready)
    if not there[wanted]:
        ready = [name for name, ready in there.items() if ready]
        raise ParameterError(
            f"this machine has no device {wanted}, or its torch does not know it", f"there is: {', '.join(ready)}"
        )
    return wanted


def precision_of(wanted: str, device: str) -> str:
    """Choose the precision: what is wanted, or for ``auto`` fp32 on the CPU and fp16 elsewhere."""
    if wanted != "auto":
        return wanted
    return "fp32" if device == "cpu" else "fp16"


def is_joint(files: ModelFiles) -> bool:
    """Tell whether a model has a tower for pictures and one for texts that end in one space; reads no weights."""
    if "text_config" not in files.config or not {"vision_config", "image_config"} & set(files.config):
        return False
    cls = _class_of(files)
    return hasattr(cls, "get_image_features") and hasattr(cls, "get_text_features")


def load_model(files: ModelFiles, device: str, precision: str) -> Loaded:
    """Load a model onto a device.

    Raises:
        ParameterError: for an architecture that transformers does not know, a model of texts only, or weights that do not fit.
        EnvironmentFault: when the memory does not suffice.
    """
    torch = torch_module()
    from transformers import AutoModel

    joint = is_joint(files)
    config = _config_of(files)
    if not joint and getattr(_class_of(files), "main_input_name", "") != "pixel_values":
        raise ParameterError(
            f"{files.folder} ({files.model_type}) makes no vectors of pictures: it reads texts, or pictures together with texts",
            "choose a model such as CLIP, SigLIP or DINOv2",
        )
    if getattr(config, "mask_ratio", None):
        config.mask_ratio = 0.0  # a masked autoencoder would hide another part of a picture each time
    try:
        with quiet():
            model, told = AutoModel.from_pretrained(
                files.folder,
                config=config,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                dtype=getattr(torch, PRECISIONS[precision]),
                output_loading_info=True,
            )
    except Exception as error:
        raise ParameterError(f"the model {files.folder} cannot be loaded: {_words(error)}", "get the model anew") from error
    missing = sorted(told.get("missing_keys", ()))
    lost = [name for name in missing if not name.startswith(POOLERS)]
    if lost:
        raise ParameterError(
            f"the weights of {files.folder} lack {len(lost)} parts that its architecture {type(model).__name__} needs, such as {lost[0]}",
            "get a whole model; a part that is made up at random would make up the map",
        )
    names = {name.rpartition(".")[2] for name, _ in model.named_parameters()}
    try:
        model = model.eval().to(device)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise EnvironmentFault(
                f"the model {files.folder} does not fit into the memory of the {device}", "use --device cpu"
            ) from error
        raise
    return Loaded(model=model, joint=joint, pooled=not missing, class_token=bool(names & set(CLASS_TOKENS)))


def load_tokenizer(files: ModelFiles) -> Any:
    """Load the tokenizer of a model.

    Raises:
        ParameterError: when its files or a package that it needs are missing.
    """
    from transformers import AutoTokenizer

    try:
        with quiet():
            return AutoTokenizer.from_pretrained(files.folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise ParameterError(
            f"the texts of {files.folder} cannot be read: {_words(error)}",
            "its tokenizer files may be missing, or its tokenizer needs a package: pip install sentencepiece",
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the library's bars and remarks off the terminal; what matters of them becomes an error here."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether a network failed for want of memory, be it of a graphics card or the machine."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def _config_of(files: ModelFiles) -> Any:
    """Read the configuration as the library sees it.

    Raises:
        ParameterError: for an architecture that it does not know.
    """
    import transformers

    try:
        with quiet():
            return transformers.AutoConfig.from_pretrained(files.folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        kind = files.model_type or "unnamed"
        raise ParameterError(
            f"the architecture of {files.folder} ({kind}) is not known to transformers {transformers.__version__}",
            "choose another model, or a newer transformers; code that comes with a model is never run",
        ) from error


def _class_of(files: ModelFiles) -> type[Any] | None:
    """Give the class that the library loads a model as."""
    from transformers import MODEL_MAPPING

    found = MODEL_MAPPING.get(type(_config_of(files)), None)
    return found[0] if isinstance(found, tuple) else found


def _words(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300] or type(error).__name__


__all__ = [
    "PRECISIONS",
    "Loaded",
    "device_of",
    "is_joint",
    "is_out_of_memory",
    "load_model",
    "load_tokenizer",
    "precision_of",
    "quiet",
    "torch_module",
]
