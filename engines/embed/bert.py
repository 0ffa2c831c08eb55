"""Run a BERT encoder in a few matrix products, so that small text models need no model library and no second of imports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

PREFIXES = ("", "bert.")


@dataclass(frozen=True)
class _Layer:
    """Weights of one layer; queries, keys and values are one product."""

    mixed: tuple[torch.Tensor, torch.Tensor]
    out: tuple[torch.Tensor, torch.Tensor]
    out_norm: tuple[torch.Tensor, torch.Tensor]
    wide: tuple[torch.Tensor, torch.Tensor]
    narrow: tuple[torch.Tensor, torch.Tensor]
    narrow_norm: tuple[torch.Tensor, torch.Tensor]


class Bert:
    """The encoder of Devlin et al. 2018 (arXiv:1810.04805) in evaluation mode, with the exact GELU.

    A call takes token numbers int64 (b, l) and the lengths int64 (b) of the texts in them and gives the mean of the last hidden states over
    the tokens of each text, float32 (b, d). Numbers behind the end of a text do not matter.
    """

    def __init__(self, weights: Path, *, heads: int, epsilon: float) -> None:
        from safetensors.torch import load_file

        given = load_file(str(weights))
        prefix = next(start for start in PREFIXES if f"{start}embeddings.word_embeddings.weight" in given)
        self._given = {name.removeprefix(prefix): tensor.float() for name, tensor in given.items() if name.startswith(prefix)}
        self._heads, self._epsilon = heads, epsilon
        self._words = self._given["embeddings.word_embeddings.weight"]
        # All tokens are of the first type, so its vector is part of every position.
        types = self._given["embeddings.token_type_embeddings.weight"][0]
        self._positions = self._given["embeddings.position_embeddings.weight"] + types
        self._first_norm = self._pair("embeddings.LayerNorm")
        layers = {name.split(".")[2] for name in self._given if name.startswith("encoder.layer.")}
        self._layers = [self._layer(f"encoder.layer.{number}") for number in range(len(layers))]
        self._given.clear()

    @property
    def dimensions(self) -> int:
        """Count the numbers of a vector."""
        return int(self._words.shape[1])

    def __call__(self, tokens: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Give the mean vector (b, d) of each text."""
        import torch
        from torch.nn import functional

        count, size = tokens.shape
        real = torch.arange(size) < lengths[:, None]
        mask = torch.zeros((count, 1, 1, size)).masked_fill_(~real[:, None, None, :], float("-inf"))
        x = self._norm(self._words[tokens] + self._positions[:size], self._first_norm)
        for layer in self._layers:
            mixed = functional.linear(x, *layer.mixed).view(count, size, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            seen = functional.scaled_dot_product_attention(mixed[0], mixed[1], mixed[2], attn_mask=mask)
            x = self._norm(functional.linear(seen.transpose(1, 2).reshape(count, size, -1), *layer.out) + x, layer.out_norm)
            wide = functional.gelu(functional.linear(x, *layer.wide))
            x = self._norm(functional.linear(wide, *layer.narrow) + x, layer.narrow_norm)
        return (x * real[:, :, None]).sum(dim=1) / lengths[:, None]

    def _norm(self, x: torch.Tensor, norm: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        from torch.nn import functional

        return functional.layer_norm(x, (x.shape[-1],), *norm, eps=self._epsilon)

    def _layer(self, name: str) -> _Layer:
        import torch

        parts = [self._pair(f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
        return _Layer(
            mixed=(torch.cat([weight for weight, _ in parts]), torch.cat([bias for _, bias in parts])),
            out=self._pair(f"{name}.attention.output.dense"),
            out_norm=self._pair(f"{name}.attention.output.LayerNorm"),
            wide=self._pair(f"{name}.intermediate.dense"),
            narrow=self._pair(f"{name}.output.dense"),
            narrow_norm=self._pair(f"{name}.output.LayerNorm"),
        )

    def _pair(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        return self._given[f"{name}.weight"], self._given[f"{name}.bias"]
