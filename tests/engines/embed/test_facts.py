import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy.fft import dctn
from scipy.signal import convolve2d

from engines.embed.decode import Picture, decode
from engines.embed.facts import THUMB_SIDE, _colorfulness, _percentiles, _sharpness, measure, phash, thumbnail
from tests import corpus


def measured(image: Image.Image, kind: str = "PNG") -> dict:
    return measure(decode(corpus.saved(image, kind), 256))


def distance(one: int, two: int) -> int:
    return (one ^ two).bit_count()


def test_a_gray_picture():
    facts = measured(Image.new("RGB", (50, 40), (51, 51, 51)))
    assert [facts[f"brightness_p{p}"] for p in (1, 5, 50, 95, 99)] == pytest.approx([0.2] * 5)
    assert (facts["entropy"], facts["sharpness"], facts["colorfulness"]) == (0, 0, 0)
    assert facts["signature"] == bytes([51]) * 256
    assert (facts["width"], facts["height"], facts["format"]) == (50, 40, "PNG")


def test_brightness_is_of_what_is_seen():
    disc = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    disc.paste((102, 102, 102, 255), (10, 10, 20, 20))
    assert measured(disc)["brightness_p50"] == pytest.approx(0.4)


def test_entropy_of_two_equal_halves_is_one_bit():
    image = Image.new("L", (64, 64), 0)
    image.paste(255, (0, 0, 32, 64))
    assert measured(image)["entropy"] == pytest.approx(1.0)


def test_percentiles_are_those_of_numpy():
    gray = np.asarray(corpus.picture(3).convert("L"))
    histogram = np.bincount(gray.reshape(-1), minlength=256) / gray.size
    expected = np.percentile(gray, (1, 5, 50, 95, 99), method="inverted_cdf") / 255
    np.testing.assert_allclose(_percentiles(histogram), expected)


def test_blur_lowers_sharpness():
    rng = np.random.default_rng(0)
    sharp = Image.fromarray(rng.integers(0, 256, (100, 100), dtype=np.uint8))
    assert measured(sharp)["sharpness"] > 20 * measured(sharp.resize((10, 10)).resize((100, 100)))["sharpness"]


def test_colors_are_colorful():
    assert measured(corpus.picture(4))["colorfulness"] > measured(corpus.picture(4).convert("L"))["colorfulness"]


SMALL = arrays(np.uint8, st.tuples(st.integers(3, 9), st.integers(3, 9), st.just(3)))


@given(SMALL)
def test_sharpness_is_the_variance_of_the_laplacian(pixels):
    gray = pixels[..., 0].astype(np.float64)
    laplacian = convolve2d(gray, [[0, 1, 0], [1, -4, 1], [0, 1, 0]], mode="valid")
    assert _sharpness(pixels[..., 0]) == pytest.approx(laplacian.var(), abs=1e-9)


@given(SMALL)
def test_colorfulness_is_that_of_the_paper(pixels):
    red, green, blue = np.moveaxis(pixels.astype(np.float64), 2, 0)
    one, two = red - green, (red + green) / 2 - blue
    expected = np.hypot(one.std(), two.std()) + 0.3 * np.hypot(one.mean(), two.mean())
    assert _colorfulness(pixels) == pytest.approx(expected, abs=1e-6)


@given(st.integers(1, 600), st.integers(1, 600))
@settings(deadline=None, max_examples=30)
def test_colors_are_averages_of_sixteenths_up_to_a_step_of_the_coarse_copy(width, height):
    ramp = np.linspace(0, 255, width)[None, :, None] * np.ones((height, 1, 3))
    image = Image.fromarray(ramp.astype(np.uint8))
    found = np.frombuffer(measured(image)["colors"], np.uint8).reshape(4, 4, 3)
    plain = np.asarray(image.resize((4, 4), Image.Resampling.BOX))
    assert np.abs(found.astype(int) - plain).max() <= 255 / 16 + 2


@pytest.mark.parametrize("seed", range(4))
def test_the_perceptual_hash_is_that_of_a_full_cosine_transform(seed):
    gray = corpus.picture(seed).convert("L")
    small = np.asarray(gray.resize((32, 32), Image.Resampling.BOX), dtype=float)
    low = dctn(small, norm="ortho")[:8, :8]
    bits = (low > np.median(low.reshape(-1)[1:]) + 1e-6).reshape(-1)
    assert phash(gray) == int("".join("1" if bit else "0" for bit in bits), 2)


@pytest.mark.parametrize("name", ["dhash", "phash"])
def test_hashes_stay_near_under_re_encoding_and_differ_between_pictures(name):
    pictures = [corpus.picture(seed, (300, 240)) for seed in range(8)]
    hashes = [measured(image)[name] for image in pictures]
    for image, known in zip(pictures, hashes, strict=True):
        assert distance(measured(image, "JPEG")[name], known) <= 6
        assert distance(measured(image.resize((150, 120)))[name], known) <= 6
    assert min(distance(one, two) for place, one in enumerate(hashes) for two in hashes[:place]) > 10


def test_constant_pictures_share_their_hashes():
    one, two = measured(Image.new("RGB", (30, 30), (9, 9, 9))), measured(Image.new("RGB", (70, 50), (9, 9, 9)))
    assert (one["phash"], one["dhash"]) == (two["phash"], two["dhash"])


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (900, 2), (40, 30), (400, 300)])
def test_thumbnails_fit(size):
    raw = thumbnail(decode(corpus.saved(corpus.picture(5, size), "PNG"), 256))
    with Image.open(io.BytesIO(raw)) as image:
        assert image.format == "JPEG"
        assert max(image.size) == min(max(size), THUMB_SIDE)


def test_thumbnails_carry_nothing_of_the_file():
    raw = thumbnail(decode(corpus.text_in_png(), 256))
    assert b"script" not in raw
    assert b"Exif" not in raw


def test_a_picture_says_its_own_size_after_a_smaller_decode():
    picture = Picture(
        rgb=corpus.picture(1), opaque=None, width=800, height=600, mode="RGB", format="JPEG", scale=8, pixel_hash="x"
    )
    assert (measure(picture)["width"], measure(picture)["height"]) == (800, 600)
