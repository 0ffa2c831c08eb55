import shutil
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from engines.embed import ENGINES
from engines.embed.ingest import ingest
from engines.embed.model_network import Blocks
from engines.embed.rowcache import RowCache
from engines.embed.transformers_models import CLIP_VARIABLE, Clip, JointTransformers, Transformers
from engines.errors import Cancelled, EnvironmentFault, ParameterError
from engines.keys import chain
from engines.parameters import build, parameters
from engines.pipeline import Run
from engines.protocols import JointEncoder, PictureEncoder, SourceOptions, no_progress
from engines.recipe import Recipe
from engines.registry import Entry
from engines.store import Store
from tests import corpus
from tests.engines.embed import tiny_models
from tests.engines.read.reading import read

PICTURES = [corpus.picture(seed, (150 + 10 * seed, 120)) for seed in range(9)] + [corpus.picture(9, (60, 200))]
TEXTS = [
    "a photo of a cat",
    "the red house on a small hill . the red house on a small hill",
    "dog",
    "a large tree",
    "never seen",
]
PADDED = ("siglip", "siglip2")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny models, each made when it is first asked for."""
    root, made = tmp_path_factory.mktemp("models"), {}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = tiny_models.make(name, root / name)
        return made[name]

    return folder


def encoder_of(folder: Path, **options) -> Transformers:
    return Transformers(model=str(folder), device="cpu", **options)


def encode(encoder, pictures=PICTURES):
    return encoder(np.stack([encoder.prepare(picture) for picture in pictures])).vectors


def plain(values) -> np.ndarray:
    return values.detach().flatten(1).float().numpy()


@pytest.mark.parametrize("name", tiny_models.JOINT)
def test_a_model_with_two_towers_gives_what_the_library_gives(name, folders):
    encoder = encoder_of(folders(name))
    assert isinstance(encoder, JointEncoder)
    model = transformers.AutoModel.from_pretrained(folders(name)).eval()
    processor = transformers.AutoProcessor.from_pretrained(folders(name), backend="pil")
    # SigLIP 2's processor class overrules the saved patches by its own 256 of 16 pixels each.
    patches = {"patch_size": 8, "max_num_patches": 16} if name == "siglip2" else {}
    inputs = processor.image_processor(PICTURES, return_tensors="pt", **patches)
    padding = {"padding": "max_length"} if name in PADDED else {"padding": True}
    tokens = processor.tokenizer(TEXTS, truncation=True, return_tensors="pt", **padding)
    with torch.inference_mode():
        pictures, texts = model.get_image_features(**inputs), model.get_text_features(**tokens)
    np.testing.assert_allclose(encode(encoder), plain(pictures.pooler_output), atol=1e-5)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), plain(texts.pooler_output), atol=1e-5)


@pytest.mark.parametrize("name", [name for name in tiny_models.PICTURES if name != "dinov3"])
def test_a_model_of_pictures_gives_what_the_library_gives(name, folders):
    encoder = encoder_of(folders(name))
    assert isinstance(encoder, PictureEncoder)
    assert not isinstance(encoder, JointEncoder)
    model = transformers.AutoModel.from_pretrained(folders(name)).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folders(name), backend="pil")
    with torch.inference_mode():
        expected = model(**processor(PICTURES, return_tensors="pt")).pooler_output
    np.testing.assert_allclose(encode(encoder), plain(expected), atol=1e-5)


def test_dinov3_is_prepared_as_torchvision_would(folders):
    encoder = encoder_of(folders("dinov3"))
    model = transformers.AutoModel.from_pretrained(folders("dinov3")).eval()
    mean, deviation = (torch.tensor(three).view(1, 3, 1, 1) for three in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    expected = []
    for picture in PICTURES:
        values = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None] * (1 / 255)
        # What torchvision's resize calls for tensors of fractions.
        small = torch.nn.functional.interpolate(values, size=(32, 32), mode="bilinear", antialias=True, align_corners=False)
        with torch.inference_mode():
            expected.append(plain(model((small - mean) / deviation).pooler_output))
    np.testing.assert_allclose(encode(encoder), np.concatenate(expected), atol=1e-5)


@pytest.mark.parametrize("name", ["clip", "siglip2", "dinov3", "convnext"])
def test_a_vector_does_not_depend_on_its_batch(name, folders):
    encoder = encoder_of(folders(name))
    prepared = np.stack([encoder.prepare(picture) for picture in PICTURES])
    whole = encoder(prepared).vectors
    order = np.random.default_rng(0).permutation(len(PICTURES))
    np.testing.assert_array_equal(encoder(prepared[order]).vectors, whole[order])
    np.testing.assert_array_equal(encoder(prepared[3:4]).vectors, whole[3:4])
    np.testing.assert_allclose(encoder_of(folders(name), batch=3)(prepared).vectors, whole, atol=1e-6)


def test_a_text_does_not_depend_on_the_others(folders):
    encoder = encoder_of(folders("clip"))
    together = encoder.encode_texts(TEXTS)
    np.testing.assert_allclose([encoder.encode_texts([text])[0] for text in TEXTS], together, atol=1e-6)
    assert encoder.encode_texts([]).shape[0] == 0


def test_encoding_texts_can_be_cancelled(folders):
    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        encoder_of(folders("clip")).encode_texts(TEXTS, progress=stop)


@pytest.mark.parametrize("name", ["clip", "siglip2", "dinov3", "convnext"])
@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (2, 2)])
def test_tiny_and_very_long_pictures_are_prepared(name, size, folders):
    encoder = encoder_of(folders(name))
    prepared = encoder.prepare(corpus.picture(1, size))
    assert prepared.shape == encoder.prepare(PICTURES[0]).shape
    assert np.isfinite(encoder(prepared[None]).vectors).all()


def test_no_rows_give_no_rows(folders):
    encoder = encoder_of(folders("dinov2"))
    assert len(encoder(np.empty((0, 32, 32, 3), dtype=np.uint8)).vectors) == 0


def test_pictures_travel_as_bytes_where_the_processor_allows_it(folders):
    assert encoder_of(folders("clip")).prepare(PICTURES[0]).dtype == np.uint8
    assert encoder_of(folders("dinov2")).input_side == 40


@pytest.mark.parametrize(("batch", "asked"), [(0, 16), (4, 16), (5, 15), (16, 16), (500, 16)])
def test_ingestion_brings_whole_blocks(batch, asked, folders):
    assert encoder_of(folders("vit"), batch=batch).batch_size == asked


def test_the_type_tells_what_a_model_can_do_before_anything_is_loaded(folders):
    assert type(build(Transformers, {"model": str(folders("clip"))})) is JointTransformers
    assert type(build(Transformers, {"model": str(folders("vit"))})) is Transformers
    assert type(Transformers(model="nobody/nothing-at-all")) is Transformers


def test_content_decides_the_key_and_the_place_does_not(folders, tmp_path):
    original = folders("clip")
    copy = shutil.copytree(original, tmp_path / "elsewhere")
    (copy / "README.md").write_text("a remark")
    key = chain("embed", encoder_of(original), [])
    assert chain("embed", encoder_of(copy), []) == key
    assert chain("embed", encoder_of(original, batch=3, threads=1, precision="fp32"), []) == key
    assert chain("embed", encoder_of(original, precision="bf16"), []) != key
    weights = transformers.CLIPModel.from_pretrained(copy)
    with torch.no_grad():
        weights.visual_projection.weight += 0.01
    weights.save_pretrained(copy)
    assert chain("embed", encoder_of(copy), []) != key


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_agrees_roughly(precision, folders):
    exact, rough = encode(encoder_of(folders("clip"))), encode(encoder_of(folders("clip"), precision=precision))
    assert rough.dtype == np.float32
    np.testing.assert_allclose(rough, exact, atol=0.1)
    assert np.abs(rough - exact).max() > 1e-5


def test_a_model_that_half_precision_cannot_hold_says_so(folders, tmp_path):
    model = transformers.ViTModel.from_pretrained(folders("vit"))
    with torch.no_grad():
        model.layernorm.weight.fill_(1e6)
    processor = transformers.AutoImageProcessor.from_pretrained(folders("vit"), backend="pil")
    encoder = encoder_of(tiny_models.save(tmp_path, model, processor), precision="fp16")
    with pytest.raises(ParameterError, match="no finite vector in fp16"):
        encode(encoder)


def test_a_pooler_without_weights_is_not_made_up(folders, tmp_path):
    model = transformers.ViTForImageClassification(transformers.ViTConfig(**tiny_models.PICTURE))
    processor = transformers.AutoImageProcessor.from_pretrained(folders("vit"), backend="pil")
    folder = tiny_models.save(tmp_path, model, processor)
    with torch.inference_mode():
        expected = model.eval().vit(**processor(PICTURES, return_tensors="pt")).last_hidden_state[:, 0]
    np.testing.assert_allclose(encode(encoder_of(folder)), plain(expected), atol=1e-5)


def test_without_pooler_and_class_token_the_mean_is_taken(tmp_path):
    model = transformers.IJepaModel(transformers.IJepaConfig(**tiny_models.PICTURE), add_pooling_layer=False)
    processor = tiny_models.picture_processor("ViT", size={"height": 32, "width": 32})
    folder = tiny_models.save(tmp_path, model, processor)
    with torch.inference_mode():
        expected = model.eval()(**processor(PICTURES, return_tensors="pt")).last_hidden_state.mean(1)
    np.testing.assert_allclose(encode(encoder_of(folder)), plain(expected), atol=1e-5)


def test_a_masked_autoencoder_hides_nothing(tmp_path):
    config = transformers.ViTMAEConfig(**tiny_models.PICTURE)
    processor = tiny_models.picture_processor("ViT", size={"height": 32, "width": 32})
    encoder = encoder_of(tiny_models.save(tmp_path, transformers.ViTMAEModel(config), processor))
    np.testing.assert_allclose(encode(encoder), encode(encoder), atol=1e-5)


def test_nothing_asks_the_network(folders, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    encoder = encoder_of(folders("siglip"))
    encode(encoder)
    encoder.encode_texts(TEXTS)


@pytest.fixture
def source(tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(60):
        (tmp_path / "set" / f"{number:02}.jpg").write_bytes(corpus.saved(corpus.picture(number, (60 + number, 50)), "JPEG"))
    return tmp_path / "set"


def test_what_was_broken_off_goes_on_and_gives_the_same_bytes(folders, source, tmp_path, monkeypatch):
    monkeypatch.setattr("engines.embed.ingest.REPORT_SECONDS", 0.0)
    said = []

    def stop(fraction, message):
        said.append(message)
        if fraction > 0.6:
            raise Cancelled

    encoder = encoder_of(folders("clip"))
    with RowCache(tmp_path / "a.sqlite") as whole, RowCache(tmp_path / "b.sqlite") as broken:
        straight = ingest(read(source)[0], encoder, name="clip", cache=whole)
        with pytest.raises(Cancelled):
            ingest(read(source)[0], encoder, name="clip", cache=broken, progress=stop)
        resumed = ingest(read(source)[0], encoder_of(folders("clip")), name="clip", cache=broken)
    assert 0 < resumed.encoded < 40
    np.testing.assert_array_equal(resumed.embeddings.vectors, straight.embeddings.vectors)
    assert any(" left" in message for message in said)


def test_a_folder_of_a_model_runs_through_the_pipeline(folders, source, tmp_path, monkeypatch):
    entry = Entry("engines.embed.transformers_models:Transformers", "", modality="pictures")
    monkeypatch.setitem(ENGINES.entries, "transformers", entry)
    model = str(folders("clip"))
    recipe = Recipe(encoders=(model,), projectors=("pca",), clusterers=("leiden",), checks=("outlier",))
    recipe = replace(recipe, settings={"embed.batch": "4"})
    runs = [Run(sources=[source], options=SourceOptions(), recipe=recipe, store=Store(tmp_path / "space")) for _ in range(2)]
    for run in runs:
        values = run(no_progress)
        assert values.embeddings is not None
        assert values.embeddings.encoder == model
        assert values.embeddings.vectors.shape == (60, 12)
    assert [record.cached for record in runs[1].records if record.stage == "embed"] == [True]


def test_a_model_of_texts_is_refused(tmp_path):
    config = transformers.BertConfig(**tiny_models.TEXT)
    transformers.BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(ParameterError, match="no preprocessor_config"):
        encode(encoder_of(tmp_path))
    tiny_models.picture_processor("ViT", size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    with pytest.raises(ParameterError, match="makes no vectors of pictures"):
        encode(encoder_of(tmp_path))


def test_weights_of_another_architecture_are_refused(folders, tmp_path):
    transformers.Dinov2Config(**tiny_models.PICTURE).save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((folders("vit") / "model.safetensors").read_bytes())
    (tmp_path / "preprocessor_config.json").write_bytes((folders("dinov2") / "preprocessor_config.json").read_bytes())
    with pytest.raises(ParameterError, match=r"lack \d+ parts"):
        encode(encoder_of(tmp_path))


def test_an_unknown_architecture_is_refused(folders, tmp_path):
    for name in ("model.safetensors", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((folders("vit") / name).read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "walrus", "auto_map": {"AutoModel": "walrus.Walrus"}}')
    with pytest.raises(ParameterError, match=r"\(walrus\) is not known to transformers"):
        encode(encoder_of(tmp_path))


def test_pictures_of_many_sizes_are_refused(folders, tmp_path):
    model = transformers.ViTModel.from_pretrained(folders("vit"))
    processor = tiny_models.picture_processor("CLIP", size={"shortest_edge": 32}, do_center_crop=False)
    with pytest.raises(ParameterError, match="different sizes"):
        encode(encoder_of(tiny_models.save(tmp_path, model, processor)))


def test_a_model_that_cannot_take_its_own_pictures_is_refused(folders, tmp_path):
    model = transformers.ViTModel.from_pretrained(folders("vit"))
    processor = tiny_models.picture_processor("ViT", size={"height": 48, "width": 48})
    with pytest.raises(ParameterError, match="cannot take what its own processor makes"):
        encode(encoder_of(tiny_models.save(tmp_path, model, processor)))


def test_a_device_that_is_not_there_is_refused(folders, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ParameterError, match="no device cuda"):
        encode(Transformers(model=str(folders("vit")), device="cuda"))


def test_clip_is_the_model_of_the_environment(folders, monkeypatch):
    monkeypatch.delenv(CLIP_VARIABLE, raising=False)
    with pytest.raises(ParameterError, match=CLIP_VARIABLE):
        _ = Clip().content_key
    monkeypatch.setenv(CLIP_VARIABLE, str(folders("clip")))
    encoder = Clip(device="cpu")
    assert isinstance(encoder, JointEncoder)
    np.testing.assert_array_equal(encode(encoder), encode(encoder_of(folders("clip"))))
    assert encoder.content_key == encoder_of(folders("clip")).content_key
    monkeypatch.setenv(CLIP_VARIABLE, str(folders("vit")))
    with pytest.raises(ParameterError, match="no tower for texts"):
        Clip()


def test_every_parameter_leaves_the_key_to_the_content():
    assert not [parameter.name for parameter in parameters(Transformers) if parameter.changes_result]


def rows_of(limit: int, error: Exception):
    def run(rows):
        if len(rows) > limit:
            raise error
        return np.array([[float(row)] for row in rows], dtype=np.float32)

    return run


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("out of memory"), RuntimeError("can't allocate memory"), MemoryError()]
)
def test_batches_shrink_until_they_fit(error):
    blocks = Blocks(size=16, filled=False)
    made = np.concatenate(list(blocks(21, rows_of(3, error))))
    np.testing.assert_array_equal(made[:, 0], np.arange(21))
    assert blocks.size == 2


def test_what_does_not_fit_alone_is_said():
    with pytest.raises(EnvironmentFault, match="does not fit into the memory"):
        list(Blocks(size=4, filled=True)(2, rows_of(0, MemoryError())))
    with pytest.raises(RuntimeError, match="another"):
        list(Blocks(size=4, filled=True)(2, rows_of(0, RuntimeError("another fault"))))


def test_blocks_are_filled_on_the_processor():
    seen = []

    def run(rows):
        seen.append(len(rows))
        return np.zeros((len(rows), 1), dtype=np.float32)

    assert [len(made) for made in Blocks(size=8, filled=True)(10, run)] == [8, 2]
    assert seen == [8, 8]


@pytest.mark.gpu
def test_the_graphics_card_agrees_with_the_processor(folders):
    on_card = Transformers(model=str(folders("clip")), device="cuda", precision="fp32")
    np.testing.assert_allclose(encode(on_card), encode(encoder_of(folders("clip"))), atol=1e-4)
    rough = Transformers(model=str(folders("clip")), device="cuda")
    np.testing.assert_allclose(encode(rough), encode(encoder_of(folders("clip"))), atol=0.05)
