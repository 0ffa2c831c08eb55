import io

import numpy as np
import pytest
from PIL import Image

from engines.embed.decode import MAX_PIXELS, Unusable, decode, draft_scale, quiet_pillow
from tests import corpus


@pytest.fixture(autouse=True)
def quiet():
    with quiet_pillow():
        yield


@pytest.mark.parametrize("case", corpus.GOOD, ids=lambda case: ascii(case.name)[2:30])
def test_every_good_file_decodes_the_same_twice(case):
    raw = case.make()
    one, two = decode(raw, 256), decode(raw, 256)
    assert one.rgb.mode == "RGB"
    assert one.rgb.tobytes() == two.rgb.tobytes()
    assert one.pixel_hash == two.pixel_hash
    assert (one.width, one.height) >= one.rgb.size


@pytest.mark.parametrize(
    "case",
    [case for case in corpus.BAD if case.name.endswith((b"jpg", b"png", b"webp", b"gif", b"bmp", b"tiff"))],
    ids=lambda c: c.name.decode(),
)
def test_every_bad_file_says_why(case):
    with pytest.raises(Unusable) as caught:
        decode(case.make(), 256)
    words = str(caught.value)
    assert case.reason in words
    assert "0x" not in words
    assert words.isprintable()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_any_cut_of_a_file_is_a_reject_or_a_picture(kind):
    whole = corpus.saved(corpus.picture(3, (40, 30)), kind)
    outcomes = set()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        try:
            decode(whole[:length], 64)
            outcomes.add("picture")
        except Unusable:
            outcomes.add("reject")
    assert "reject" in outcomes


def words_or_mode(raw: bytes) -> str:
    try:
        return decode(raw, 64).rgb.mode
    except Unusable as error:
        return str(error)


def test_flipped_bytes_never_raise_anything_else():
    rng = np.random.default_rng(0)
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "ICO", "TGA"):
        whole = bytearray(corpus.saved(corpus.picture(4, (40, 30)), kind))
        for _ in range(40):
            broken = bytearray(whole)
            for place in rng.integers(0, len(broken), 6):
                broken[place] = int(rng.integers(0, 256))
            assert words_or_mode(bytes(broken))


@pytest.mark.parametrize("length", range(20))
def test_the_shortest_files_are_no_pictures(length):
    for start in (b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n", b"BM", b"II*\x00", b"P6\n", b"\x00\x00\x01\x00", b"8BPS"):
        assert words_or_mode((start + bytes(20))[:length]) != "RGB"


def test_exif_turns_the_picture():
    lying = corpus.saved(corpus.picture(1), "JPEG")
    turned = decode(corpus.rotated(), 256)
    assert (turned.width, turned.height) == (60, 80)
    upright = np.asarray(decode(lying, 256).rgb.transpose(Image.Transpose.ROTATE_270))
    np.testing.assert_array_equal(np.asarray(turned.rgb), upright)


def test_the_same_pixels_saved_anew_have_the_same_hash():
    jpeg = corpus.saved(corpus.picture(5), "JPEG")
    with Image.open(io.BytesIO(jpeg)) as image:
        image.load()
        again = [corpus.saved(image, "PNG"), corpus.saved(image, "WEBP", lossless=True), corpus.saved(image, "BMP")]
        other = corpus.saved(image, "JPEG", quality=60)
    hashes = {decode(raw, 256).pixel_hash for raw in (jpeg, *again)}
    assert len(hashes) == 1
    assert decode(other, 256).pixel_hash not in hashes


def test_an_alpha_channel_that_hides_nothing_changes_nothing():
    plain = corpus.picture(6)
    full = plain.convert("RGBA")
    assert decode(corpus.saved(plain, "PNG"), 256).pixel_hash == decode(corpus.saved(full, "PNG"), 256).pixel_hash


def test_transparent_parts_are_white():
    picture = decode(corpus.saved(corpus.with_alpha(7), "PNG"), 256)
    assert picture.rgb.getpixel((0, 0)) == (255, 255, 255)
    assert picture.opaque is not None


@pytest.mark.parametrize(("kind", "top"), [("I;16", 65535), ("I;16", 4095), ("I;16", 200), ("I", 100000), ("F", 1), ("F", 300)])
def test_deep_gray_values_are_scaled_and_not_clipped(kind, top):
    values = np.asarray(decode(corpus.saved(corpus.deep(kind, top), "TIFF"), 256).rgb)[..., 0].reshape(-1).astype(int)
    assert values[0] == 0
    assert values[-1] == (255 if top != 200 else 200)
    assert (np.diff(values) >= 0).all()
    assert len(np.unique(values)) > 190


def test_large_jpegs_are_decoded_smaller_and_keep_their_true_size():
    picture = decode(corpus.saved(corpus.picture(8, (2600, 1900)), "JPEG"), 256)
    assert (picture.width, picture.height) == (2600, 1900)
    assert min(picture.rgb.size) >= 256
    assert picture.scale == 4


@pytest.mark.parametrize(
    ("size", "side", "scale"), [((300, 400), 256, 1), ((512, 600), 256, 2), ((5000, 4000), 256, 8), ((511, 9000), 256, 1)]
)
def test_draft_scale_keeps_the_side(size, side, scale):
    assert draft_scale(*size, side) == scale


def test_the_limit_on_pixels_is_ours_and_not_a_global(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert decode(corpus.saved(corpus.picture(9), "PNG"), 256).width == 80
    with pytest.raises(Unusable, match="limit is 250"):
        decode(corpus.png_header(15_812, 15_812), 256)
    assert MAX_PIXELS < 15_812**2


@pytest.mark.slow
def test_a_picture_just_below_the_limit_works():
    picture = decode(corpus.saved(Image.new("L", (15_800, 15_800), 100), "PNG"), 256)
    assert picture.width == 15_800
    assert max(picture.rgb.size) <= 2048


def test_no_memory_is_a_reject(monkeypatch):
    def refuse(*_: object):
        raise MemoryError

    monkeypatch.setattr("engines.embed.decode._finish", refuse)
    with pytest.raises(Unusable, match="memory"):
        decode(corpus.saved(corpus.picture(9), "PNG"), 256)


def test_postscript_is_never_run(monkeypatch):
    def refuse(*_: object, **__: object):
        raise AssertionError("started a program")

    monkeypatch.setattr("subprocess.check_call", refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    with pytest.raises(Unusable, match="no known picture format"):
        decode(script, 256)
