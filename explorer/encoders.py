"""Which encoders a person can switch to, and the offer of a better one where the machine is online."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engines.protocols import Progress
from engines.recipe import registry

if TYPE_CHECKING:
    from explorer.api import Explorer

OFFERED = "openai/clip-vit-base-patch32"
OFFERED_SIZE = 605_000_000
"""Bytes of its weights, stated from memory of ours: nothing is asked over the network before a person says so."""
NOWHERE = ("192.0.2.1", 9)
"""An address of TEST-NET-1 (RFC 5737), where nobody is."""
LABELS = {
    "efficientnet-lite0": "EfficientNet-Lite0",
    "pixels": "Raw pixels",
    "minilm": "MiniLM",
    "tfidf": "TF-IDF",
    "clip": "CLIP",
    "columns": "Columns",
    "given": "Given vectors",
}
NEEDS_MODEL = ("transformers", "sentence-transformers", "clip")
"""Encoders that cannot be chosen without a model; ``clip`` can where $DATASET_EXPLORER_CLIP names one."""


@dataclass(frozen=True, kw_only=True)
class EncoderChoice:
    """One encoder: ``ready`` = its vectors are there, so that switching to it is quick; ``note`` says why it cannot be chosen."""

    name: str
    label: str
    ready: bool
    current: bool
    note: str


@dataclass(frozen=True, kw_only=True)
class ModelOffer:
    """A model that can be downloaded once, with its size in bytes."""

    model: str
    size: int
    words: str


def encoder_label(name: str) -> str:
    """Give the words for an encoder: its own, or the last part of a model's path or hub id."""
    return LABELS.get(name, Path(name).name if "/" in name else name)


def choices(explorer: Explorer) -> list[EncoderChoice]:
    """List the encoders for this data set: those whose vectors are there first, then what could be computed."""
    values = explorer.values
    if values.dataset is None or values.embeddings is None:
        return []
    current = values.embeddings.encoder
    names = [current, *explorer.recipe.encoders, *values.spaces]
    if values.dataset.kind != "vectors":
        entries = registry("embed").entries
        names += [name for name, entry in entries.items() if entry.modality == values.dataset.kind and name not in NEEDS_MODEL]
    found = []
    for name in dict.fromkeys(names):
        entry = registry("embed").entries.get(name)
        missing = entry.install_line() if entry is not None else ""
        found.append(
            EncoderChoice(
                name=name, label=encoder_label(name), ready=name in values.spaces, current=name == current, note=missing
            )
        )
    return found


def offered(explorer: Explorer) -> ModelOffer | None:
    """Offer CLIP: for pictures, where nobody chose an encoder, the model is not here yet and there seems to be a network.

    Sends nothing: that is done when a person takes the offer.
    """
    values = explorer.values
    if values.dataset is None or values.dataset.kind != "pictures" or explorer.recipe.encoders or values.embeddings is None:
        return None
    if values.embeddings.encoder not in registry("embed").entries or not has_route():
        return None
    from engines.embed import model_hub

    if model_hub.is_cached(OFFERED):
        return None
    words = f"Names and search get better with CLIP: a download of about {OFFERED_SIZE / 1e6:,.0f} MB, once."
    return ModelOffer(model=OFFERED, size=OFFERED_SIZE, words=words)


def has_route() -> bool:
    """Tell whether this machine knows a way to other networks; a UDP socket that is only connected sends nothing."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(NOWHERE)
        except OSError:
            return False
    return True


def fetch(model: str) -> Callable[[Progress], object]:
    """Give what downloads a model, for a job."""
    from engines.embed import model_hub

    return lambda progress: model_hub.fetch(model, progress)


__all__ = ["EncoderChoice", "ModelOffer", "choices", "encoder_label", "fetch", "offered"]
