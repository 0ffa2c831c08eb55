import numpy as np
import pytest

from engines.embed import ENGINES
from engines.embed.efficientnet import EfficientNetLite0, load_plain
from engines.keys import chain
from engines.protocols import PictureEncoder
from tests import corpus

PICTURES = [corpus.picture(seed, (150 + 10 * seed, 120)) for seed in range(19)]


@pytest.fixture(params=ENGINES.names())
def encoder(request) -> PictureEncoder:
    return ENGINES.load(request.param)()


@pytest.fixture
def prepared(encoder):
    return np.stack([encoder.prepare(picture) for picture in PICTURES])


def test_every_encoder_keeps_the_promise(encoder, prepared):
    assert isinstance(encoder, PictureEncoder)
    result = encoder(prepared)
    assert result.vectors.dtype == np.float32
    assert result.probabilities.dtype == np.float16
    assert len(result.vectors) == len(result.probabilities) == len(PICTURES)
    assert np.isfinite(result.vectors).all()
    assert bool(result.probabilities.shape[1]) == bool(encoder.vocabulary)


def test_rows_do_not_depend_on_their_batch(encoder, prepared):
    whole = encoder(prepared)
    order = np.random.default_rng(0).permutation(len(prepared))
    shuffled = encoder(prepared[order])
    np.testing.assert_array_equal(shuffled.vectors, whole.vectors[order])
    np.testing.assert_array_equal(shuffled.probabilities, whole.probabilities[order])
    np.testing.assert_array_equal(encoder(prepared[4:5]).vectors, whole.vectors[4:5])


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 2)])
def test_tiny_pictures_are_prepared(encoder, size, prepared):
    assert encoder.prepare(corpus.picture(1, size)).shape == prepared[0].shape


def test_no_rows_give_no_rows(encoder, prepared):
    assert encoder(prepared[:0]).vectors.shape[0] == 0


def test_the_folded_network_gives_what_the_plain_one_does():
    import torch

    encoder = EfficientNetLite0()
    prepared = np.stack([encoder.prepare(picture) for picture in PICTURES])
    plain = load_plain()
    with torch.inference_mode():
        pictures = (torch.from_numpy(prepared).permute(0, 3, 1, 2).float() - 127.0) / 128.0
        features = plain.extract_features(pictures).mean((2, 3)).numpy()
        expected = torch.softmax(plain(pictures), dim=1).numpy()
    result = encoder(prepared)
    cosine = (result.vectors * features).sum(1) / np.linalg.norm(result.vectors, axis=1) / np.linalg.norm(features, axis=1)
    assert cosine.min() > 0.99999
    np.testing.assert_allclose(result.probabilities, expected, atol=2e-3)


def test_the_number_of_threads_changes_neither_the_key_nor_the_vectors():
    one, two = EfficientNetLite0(threads=1), EfficientNetLite0(threads=2)
    prepared = np.stack([one.prepare(picture) for picture in PICTURES[:3]])
    assert chain("embed", one, []) == chain("embed", two, [])
    first, second = one(prepared), two(prepared)
    np.testing.assert_array_equal(first.vectors, second.vectors)
    np.testing.assert_array_equal(first.probabilities, second.probabilities)


def test_pixels_are_the_pixels():
    gray = ENGINES.load("pixels")(side=2, color=False)
    flat = np.full((40, 40), 51, dtype=np.uint8)
    flat[:, 20:] = 255
    from PIL import Image

    vector = gray(gray.prepare(Image.fromarray(flat).convert("RGB"))[None]).vectors[0]
    np.testing.assert_allclose(vector, [0.2, 1.0, 0.2, 1.0])
