"""Decode one picture from its bytes, whatever it is, to upright RGB; or say in plain words why it cannot be used."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

MAX_PIXELS = 250_000_000
LARGE_PIXELS = 24_000_000
WORKING_SIDE = 2048
FORMATS = (
    *("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "DIB", "TIFF", "PPM", "ICO", "CUR", "ICNS", "JPEG2000", "PCX", "DDS"),
    *("SGI", "QOI", "PSD", "XBM", "XPM", "TGA"),
)
"""Formats that are decoded. EPS (runs Ghostscript), WMF, PDF and scientific containers are left out on purpose."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MARKUP = ((b"<svg", "an SVG drawing"), (b"<!doctype html", "a web page"), (b"<html", "a web page"), (b"<?xml", "an XML file"))
_one_large_picture = threading.Lock()


class Unusable(Exception):
    """Say in plain words why a picture cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An upright picture in eight bits: ``rgb`` over white where it is transparent, ``opaque`` the mask of what is not (or None).

    ``width``, ``height``, ``mode`` and ``format`` are those of the file (size upright). ``scale`` > 1: JPEG draft mode gave a smaller
    decode; above ``WORKING_SIDE`` pixels the working copy is smaller too. ``pixel_hash`` is over the decoded pixels, so it
    tells a copy that was saved anew without loss (PNG, WebP lossless); a JPEG that was decoded smaller keeps to its own kind.
    """

    rgb: Image.Image
    opaque: Image.Image | None
    width: int
    height: int
    mode: str
    format: str
    scale: int
    pixel_hash: str


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence what Pillow says about odd files (broken EXIF, palettes); what matters becomes a reject. For one thread at a time."""
    Image.init()  # once, before threads ask for decoders
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def decode(raw: bytes, side: int) -> Picture:
    """Decode the bytes of a file; a large JPEG is decoded smaller, as long as both sides keep ``side`` pixels.

    Raises:
        Unusable: for everything that is no complete picture of at most 250 megapixels.
    """
    if not raw:
        raise Unusable("empty file (zero bytes)")
    try:
        image = _open(raw)
        if image is None:
            raise Unusable(_what_else(raw))
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Unusable(f"{width} x {height} pixels are {width * height / 1e6:,.0f} megapixels; the limit is 250")
        if width * height > LARGE_PIXELS:
            with _one_large_picture:
                return _finish(image, side)
        return _finish(image, side)
    except Unusable:
        raise
    except MemoryError:
        raise Unusable("does not fit into memory") from None
    except Image.DecompressionBombError:
        raise Unusable("a part of the picture claims to be far larger than a picture should be") from None
    except Exception as error:  # noqa: BLE001  # a decoder may raise anything at a broken file, and each such file is a reject
        raise Unusable(_explain(error)) from None


def draft_scale(width: int, height: int, side: int) -> int:
    """Tell by how much a JPEG may be decoded smaller: 1, 2, 4 or 8."""
    return next((scale for scale in (8, 4, 2) if min(width, height) // scale >= side), 1)


def _open(raw: bytes) -> ImageFile.ImageFile | None:
    """Find the decoder by the first bytes.

    ``Image.open`` would ask a process-wide limit on pixels, which this project neither relies on nor changes.
    """
    Image.init()
    stream, prefix = io.BytesIO(raw), raw[:16]
    for name in FORMATS:
        factory, accepts = Image.OPEN.get(name, (None, None))
        if factory is None:
            continue
        try:
            if accepts is None or accepts(prefix) is True:
                stream.seek(0)
                return factory(stream, "")
        except (SyntaxError, IndexError, TypeError, struct.error):
            continue
    return None


def _finish(image: ImageFile.ImageFile, side: int) -> Picture:
    width, height = image.size
    mode, file_format = image.mode, image.format or ""
    scale = 1
    if file_format in ("JPEG", "MPO"):
        scale = draft_scale(width, height, side)
        if scale > 1:
            image.draft(None, (width // scale, height // scale))
    image.load()
    turn = _orientation(image)
    upright: Image.Image = image.transpose(_TURNS[turn]) if turn in _TURNS else image
    if turn >= 5:
        width, height = height, width
    rgb, opaque = _eight_bits(upright)
    digest = _pixel_hash(upright if _is_deep(upright) else rgb, opaque, (width, height), scale)
    if max(rgb.size) > WORKING_SIDE:
        factor = -(-max(rgb.size) // WORKING_SIDE)
        rgb, opaque = rgb.reduce(factor), opaque.reduce(factor) if opaque else None
    if opaque is not None:
        ground = Image.new("RGB", rgb.size, (255, 255, 255))
        ground.paste(rgb, mask=opaque)
        rgb = ground
    return Picture(
        rgb=rgb, opaque=opaque, width=width, height=height, mode=mode, format=file_format, scale=scale, pixel_hash=digest
    )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  # EXIF is written by many hands; a broken one means "as it lies"
        return 1


def _is_deep(image: Image.Image) -> bool:
    """Tell whether a picture has more than eight bits per channel."""
    return image.mode.startswith(("I", "F"))


def _eight_bits(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Give RGB, and the alpha channel where anything is transparent."""
    if _is_deep(image):
        return Image.fromarray(_to_byte(np.asarray(image))).convert("RGB"), None
    if image.mode == "LAB":
        return image.getchannel("L").convert("RGB"), None
    if image.has_transparency_data or image.mode in ("La", "RGBa"):
        if image.mode in ("La", "RGBa"):
            image = image.convert("LA" if image.mode == "La" else "RGBA")
        full = image if image.mode == "RGBA" else image.convert("RGBA")
        alpha = full.getchannel("A")
        return full.convert("RGB"), None if alpha.getextrema() == (255, 255) else alpha
    return (image if image.mode == "RGB" else image.convert("RGB")), None


def _to_byte(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Scale gray values of any depth to 0..255 without clipping, in strips since such a picture may be huge.

    Whole numbers are divided by the smallest usual depth (8, 10, 12, 14, 16 bits) that holds the largest one; fractions up to 1 are
    multiplied by 255; everything else is stretched between its smallest and largest value.
    """
    whole = np.issubdtype(values.dtype, np.integer)
    if not whole:
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    top = next((float(2**bits - 1) for bits in (8, 10, 12, 14, 16) if high <= 2**bits - 1), 0.0) if whole else float(high <= 1)
    if low >= 0 and top:
        low = 0.0
    else:
        top = max(high - low, 1e-12)
    scaled = np.empty(values.shape, dtype=np.uint8)
    for start in range(0, len(values), 256):
        scaled[start : start + 256] = np.rint((values[start : start + 256].astype(np.float64) - low) * (255.0 / top))
    return scaled


def _pixel_hash(image: Image.Image, opaque: Image.Image | None, size: tuple[int, int], scale: int) -> str:
    """Hash size and pixels, in strips so that a huge picture is never copied as a whole."""
    state = hashlib.sha256(f"{image.mode} {size} {scale} {opaque is not None}".encode())
    for layer in (image, opaque):
        if layer is None:
            continue
        rows = max(1, 4_000_000 // max(layer.width, 1))
        if rows >= layer.height:
            state.update(layer.tobytes())
            continue
        for top in range(0, layer.height, rows):
            state.update(layer.crop((0, top, layer.width, min(top + rows, layer.height))).tobytes())
    return state.hexdigest()[:32]


def _what_else(raw: bytes) -> str:
    """Say what a file is that no decoder takes."""
    head = raw[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, words in _MARKUP:
        if head.startswith(start):
            return f"not a picture: it holds {words}"
    if not raw.strip(b"\x00"):
        return "not a picture: it holds zeros only"
    return "not a picture: no known picture format"


def _explain(error: Exception) -> str:
    """Put a decoder's complaint into plain words."""
    # Memory addresses say nothing and differ from run to run.
    text = " ".join(re.sub(r"<[^<>]* at 0x[0-9a-f]+>", "the file", str(error)).split())
    lower = text.lower()
    if "truncated" in lower or isinstance(error, EOFError) or "eof" in lower:
        return "the file ends early (truncated)"
    if "text chunk" in lower or "decompressed data too large" in lower:
        return "its text blocks unpack to far more than a picture should hold"
    return f"broken picture: {text[:200]}" if text else f"broken picture ({type(error).__name__})"
