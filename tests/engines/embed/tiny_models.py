"""Tiny models with random weights, one of each family, saved as their library saves them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers.models.auto.image_processing_auto import get_image_processor_class_from_name

from engines.embed.model_loading import torch_module

WORDS = ("a", "photo", "of", "cat", "dog", "house", "red", "blue", "small", "large", ".", "the", "tree", "on", "hill")
TOWER = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
PICTURE = {**TOWER, "image_size": 32, "patch_size": 8}
TEXT = {**TOWER, "vocab_size": 32, "max_position_embeddings": 20, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 3}


def tokenizer(**options: Any) -> Any:
    vocabulary = {word: number for number, word in enumerate(("<pad>", "<bos>", "<unk>", "<eos>", *WORDS))}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 3)])
    named = {"pad_token": "<pad>", "bos_token": "<bos>", "unk_token": "<unk>", "eos_token": "<eos>", "model_max_length": 20}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, **{**named, **options})


def picture_processor(name: str, **options: Any) -> Any:
    return get_image_processor_class_from_name(f"{name}ImageProcessorPil")(**options)


def save(folder: Path, model: Any, processor: Any) -> Path:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def clip(folder: Path) -> Path:
    config = transformers.CLIPConfig(text_config=TEXT, vision_config=PICTURE, projection_dim=12)
    pictures = picture_processor("CLIP", size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return save(folder, transformers.CLIPModel(config), transformers.CLIPProcessor(pictures, tokenizer()))


def siglip(folder: Path) -> Path:
    config = transformers.SiglipConfig(text_config=TEXT, vision_config=PICTURE)
    pictures = picture_processor("Siglip", size={"height": 32, "width": 32})
    words = tokenizer(model_input_names=["input_ids"])
    return save(folder, transformers.SiglipModel(config), transformers.SiglipProcessor(pictures, words))


def siglip2(folder: Path) -> Path:
    vision = {**TOWER, "num_patches": 16, "patch_size": 8}
    config = transformers.Siglip2Config(text_config={**TEXT, "max_position_embeddings": 64}, vision_config=vision)
    pictures = picture_processor("Siglip2", patch_size=8, max_num_patches=16)
    words = tokenizer(model_max_length=64)
    return save(folder, transformers.Siglip2Model(config), transformers.Siglip2Processor(pictures, words))


def metaclip2(folder: Path) -> Path:
    config = transformers.MetaClip2Config(text_config=TEXT, vision_config=PICTURE, projection_dim=12)
    pictures = picture_processor("CLIP", size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return save(folder, transformers.MetaClip2Model(config), transformers.CLIPProcessor(pictures, tokenizer()))


def chinese_clip(folder: Path) -> Path:
    text = {**TEXT, "type_vocab_size": 2}
    config = transformers.ChineseCLIPConfig(text_config=text, vision_config=PICTURE, projection_dim=12)
    pictures = picture_processor("ChineseCLIP", size={"height": 32, "width": 32}, do_center_crop=False)
    return save(folder, transformers.ChineseCLIPModel(config), transformers.ChineseCLIPProcessor(pictures, tokenizer()))


def dual(folder: Path) -> Path:
    config = transformers.VisionTextDualEncoderConfig.from_vision_text_configs(
        transformers.ViTConfig(**PICTURE), transformers.BertConfig(**TEXT), projection_dim=12
    )
    pictures = picture_processor("ViT", size={"height": 32, "width": 32})
    processor = transformers.VisionTextDualEncoderProcessor(pictures, tokenizer())
    return save(folder, transformers.VisionTextDualEncoderModel(config), processor)


def dinov2(folder: Path) -> Path:
    pictures = picture_processor("Bit", size={"shortest_edge": 40}, crop_size={"height": 32, "width": 32})
    return save(folder, transformers.Dinov2Model(transformers.Dinov2Config(**{**PICTURE, "mlp_ratio": 2})), pictures)


def dinov3(folder: Path) -> Path:
    model = transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(**{**PICTURE, "num_register_tokens": 2}))
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        '{"image_processor_type": "DINOv3ViTImageProcessorFast", "do_center_crop": null, "do_rescale": true, "rescale_factor": '
        '0.00392156862745098, "do_resize": true, "size": {"height": 32, "width": 32}, "resample": 2, "do_normalize": true, '
        '"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}'
    )
    return folder


def vit(folder: Path) -> Path:
    return save(
        folder,
        transformers.ViTModel(transformers.ViTConfig(**PICTURE)),
        picture_processor("ViT", size={"height": 32, "width": 32}),
    )


def convnext(folder: Path) -> Path:
    config = transformers.ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], image_size=32)
    return save(folder, transformers.ConvNextModel(config), picture_processor("ConvNext", size={"shortest_edge": 32}))


def resnet(folder: Path) -> Path:
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    return save(folder, transformers.ResNetModel(config), picture_processor("ConvNext", size={"shortest_edge": 32}))


def swin(folder: Path) -> Path:
    config = transformers.SwinConfig(image_size=32, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[2, 2], window_size=4)
    return save(folder, transformers.SwinModel(config), picture_processor("ViT", size={"height": 32, "width": 32}))


JOINT: dict[str, Callable[[Path], Path]] = {
    made.__name__: made for made in (clip, siglip, siglip2, metaclip2, chinese_clip, dual)
}
PICTURES: dict[str, Callable[[Path], Path]] = {made.__name__: made for made in (dinov2, dinov3, vit, convnext, resnet, swin)}


def make(name: str, folder: Path) -> Path:
    torch_module().manual_seed(0)
    return {**JOINT, **PICTURES}[name](folder)
