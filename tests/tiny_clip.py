"""A small CLIP of the library transformers, trained in seconds on the pictures of ``tests.tiny_joint`` and saved as a folder."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.tiny_joint import SIDE, TEMPLATES, THINGS, train

TOWER = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
STEPS = 800
SPECIAL = ("<pad>", "<bos>", "<unk>", "<eos>")


def save_clip(folder: Path, further: tuple[str, ...] = ()) -> Path:
    """Train and save; ``further`` words are known to the model as captions of other pictures."""
    import torch
    import transformers

    known = sorted({word for text in (*TEMPLATES, *THINGS) for word in text.lower().split() if "{" not in word})
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys((*SPECIAL, ".", *known, *further)))}
    tokenizer = tokenizer_of(vocabulary)
    config = transformers.CLIPConfig(
        text_config={
            **TOWER,
            "vocab_size": len(vocabulary),
            "max_position_embeddings": 16,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 3,
        },
        vision_config={**TOWER, "image_size": SIDE, "patch_size": 8},
        projection_dim=48,
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = transformers.CLIPModel(config)
            fit(model, tokenizer, further)
    finally:
        torch.set_num_threads(threads)
    processor = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    model.save_pretrained(folder)
    transformers.CLIPProcessor(processor, tokenizer).save_pretrained(folder)
    return folder


def tokenizer_of(vocabulary: dict[str, int]) -> Any:
    """Make a tokenizer of whole words."""
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 3)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        bos_token="<bos>",
        unk_token="<unk>",
        eos_token="<eos>",
        model_max_length=16,
    )


def fit(model: Any, tokenizer: Any, further: tuple[str, ...]) -> None:
    """Train both towers."""

    def encode(batch: tuple[Any, list[str]]) -> tuple[Any, Any]:
        tokens = tokenizer([caption.lower() for caption in batch[1]], padding=True, return_tensors="pt")
        out = model(pixel_values=batch[0], input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
        return out.image_embeds, out.text_embeds

    model.train()
    model.logit_scale.data.fill_(np.log(12.0))
    train(
        SimpleNamespace(parameters=model.parameters, scale=model.logit_scale), encode, steps=STEPS, rate=4e-3, elsewhere=further
    )
    model.eval()
