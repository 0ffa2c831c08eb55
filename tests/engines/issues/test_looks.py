"""The checks of single pictures, on drawn pictures of which one has the problem."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from engines.issues import ENGINES
from engines.protocols import no_progress
from tests.engines.issues.cases import pictures_case, png, scene

N = 24


def stripes(seed):
    """A picture with sharp edges and many gray values."""
    picture = scene(seed).resize((240, 200))
    grain = np.random.default_rng(seed).normal(0, 20, size=(200, 240, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


SPOIL = {
    "dark": lambda picture: ImageEnhance.Brightness(picture).enhance(0.15),
    "bright": lambda picture: Image.fromarray((245 + np.asarray(picture) // 26).astype(np.uint8)),
    "blurry": lambda picture: picture.filter(ImageFilter.GaussianBlur(5)),
    "low_information": lambda picture: Image.new("RGB", picture.size, picture.getpixel((9, 9))),
    "odd_size": lambda picture: picture.resize((24, 20)),
    "odd_aspect_ratio": lambda picture: picture.resize((480, 100)),
    "grayscale": lambda picture: picture.convert("L").convert("RGB"),
}
WORDS = {
    "dark": "Its brightest parts reach only",
    "bright": "Even its darkest parts have",
    "blurry": "Has no sharp edges for its contrast.",
    "low_information": "Its gray values hold 0.0 bits per pixel, next to nothing.",
    "odd_size": "Is 24 x 20 pixels, where about 219 x 219 is usual.",
    "odd_aspect_ratio": "Is 480 x 100 pixels, 4.8 times as wide as high.",
    "grayscale": "Has no color, unlike most pictures here.",
}


@pytest.fixture(scope="module")
def ordinary():
    return {f"p{seed:02d}.png": png(stripes(seed)) for seed in range(1, N)}


@pytest.mark.parametrize("name", SPOIL)
def test_the_one_with_the_problem_is_flagged_alone(name, ordinary, tmp_path):
    evidence = pictures_case(tmp_path, ordinary | {"p00.png": png(SPOIL[name](stripes(0)))})
    result = ENGINES.load(name)()(evidence, progress=no_progress)
    assert np.flatnonzero(result.flagged()).tolist() == [0]
    assert result.details.column("reason")[0].as_py().startswith(WORDS[name])


@pytest.mark.parametrize("name", sorted(set(SPOIL) - {"odd_size"}))
def test_what_most_pictures_have_is_no_problem(name, tmp_path):
    files = {f"p{seed:02d}.png": png(SPOIL[name](stripes(seed))) for seed in range(N)}
    result = ENGINES.load(name)()(pictures_case(tmp_path, files), progress=no_progress)
    assert "is the rule here" in result.skipped
    assert not result.flagged().any()


def test_a_flat_picture_is_not_blurry(ordinary, tmp_path):
    evidence = pictures_case(tmp_path, ordinary | {"p00.png": png(Image.new("RGB", (240, 200), "teal"))})
    assert not ENGINES.load("blurry")()(evidence, progress=no_progress).flagged()[0]


def test_a_gray_picture_is_caught_in_every_mode(ordinary, tmp_path):
    gray = stripes(0).convert("L")
    files = ordinary | {"a.png": png(gray), "b.png": png(gray.convert("RGB")), "c.png": png(gray.convert("P"))}
    result = ENGINES.load("grayscale")()(pictures_case(tmp_path, files), progress=no_progress)
    assert result.flagged()[:3].all()
    assert result.flagged().sum() == 3
