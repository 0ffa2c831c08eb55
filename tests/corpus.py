"""Build the files that a data set should not hold but does: each with what must become of it."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin


@dataclass(frozen=True)
class Case:
    """One file: its raw name, its bytes, and a word of the reason why it is a reject; None = it must become a row."""

    name: bytes
    make: Callable[[], bytes]
    reason: str | None = None


def pixels(seed: int = 0, size: tuple[int, int] = (80, 60)) -> np.ndarray:
    """Give a smooth random RGB picture, (height, width, 3) uint8; another one for each seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def picture(seed: int = 0, size: tuple[int, int] = (80, 60)) -> Image.Image:
    """Give such a picture."""
    return Image.fromarray(pixels(seed, size))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Save to bytes."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    """Make one chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header(width: int, height: int) -> bytes:
    """Make a PNG that claims a size and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + png_chunk(b"IDAT", zlib.compress(b"\x00" * 64))
        + png_chunk(b"IEND", b"")
    )


def text_bomb() -> bytes:
    """Make a PNG whose compressed text unpacks to 80 MB."""
    whole = saved(picture(), "PNG")
    bomb = png_chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"A" * 80_000_000, 9))
    return whole[:33] + bomb + whole[33:]


def rotated() -> bytes:
    """Make a JPEG that lies on its side and says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(picture(1), "JPEG", exif=exif)


def broken_exif() -> bytes:
    """Make a JPEG whose EXIF block is noise."""
    return saved(picture(2), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + bytes(range(64)))


def animated(kind: str) -> bytes:
    """Make three frames."""
    frames = [picture(seed) for seed in (30, 31, 32)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:])


def with_alpha(seed: int) -> Image.Image:
    """Give a disc on transparent ground."""
    image = picture(seed).convert("RGBA")
    y, x = np.mgrid[:60, :80]
    image.putalpha(Image.fromarray(((((x - 40) ** 2 + (y - 30) ** 2) < 500) * 255).astype(np.uint8)))
    return image


def palette_with_transparency() -> bytes:
    """Make a palette PNG with one alpha value per color."""
    return saved(picture(8).quantize(16), "PNG", transparency=bytes(range(0, 256, 16)))


def deep(kind: str, top: int) -> Image.Image:
    """Give 16-bit gray values up to ``top``."""
    ramp = np.linspace(0, top, 80 * 60).reshape(60, 80)
    return Image.fromarray(ramp.astype(np.uint16 if kind == "I;16" else np.int32 if kind == "I" else np.float32))


def truncated(kind: str) -> bytes:
    """Cut a file in the middle."""
    whole = saved(picture(9, (200, 150)), kind)
    return whole[: len(whole) // 2]


def text_in_png() -> bytes:
    """Make a harmless PNG with text."""
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "<script>alert(1)</script>")
    return saved(picture(10), "PNG", pnginfo=told)


GOOD = (
    Case(b"plain.jpg", lambda: saved(picture(3), "JPEG")),
    Case(b"UPPER.JPG", lambda: saved(picture(4), "JPEG")),
    Case(b"progressive.jpeg", lambda: saved(picture(5), "JPEG", progressive=True)),
    Case(b"rotated.jpg", rotated),
    Case(b"broken_exif.jpg", broken_exif),
    Case(b"cmyk.jpg", lambda: saved(picture(6).convert("CMYK"), "JPEG")),
    Case(b"gray.jpg", lambda: saved(picture(7).convert("L"), "JPEG")),
    Case(b"really_a_png.jpg", lambda: saved(picture(11), "PNG")),
    Case(b"no_suffix", lambda: saved(picture(12), "PNG")),
    Case(b"odd.suffix", lambda: saved(picture(13), "JPEG")),
    Case(b"text.png", text_in_png),
    Case(b"alpha.png", lambda: saved(with_alpha(14), "PNG")),
    Case(b"gray_alpha.png", lambda: saved(with_alpha(15).convert("LA"), "PNG")),
    Case(b"all_transparent.png", lambda: saved(Image.new("RGBA", (20, 20), (9, 9, 9, 0)), "PNG")),
    Case(b"palette.png", lambda: saved(picture(16).quantize(32), "PNG")),
    Case(b"palette_alpha.png", palette_with_transparency),
    Case(b"one_bit.png", lambda: saved(picture(17).convert("1"), "PNG")),
    Case(b"sixteen_bit.png", lambda: saved(deep("I;16", 65535), "PNG")),
    Case(b"twelve_in_sixteen.png", lambda: saved(deep("I;16", 4000), "PNG")),
    Case(b"integers.tiff", lambda: saved(deep("I", 70000), "TIFF")),
    Case(b"floats.tiff", lambda: saved(deep("F", 1), "TIFF")),
    Case(b"cmyk.tif", lambda: saved(picture(18).convert("CMYK"), "TIFF")),
    Case(b"lab.tif", lambda: saved(Image.merge("LAB", picture(19).split()), "TIFF")),
    Case(b"animated.gif", lambda: animated("GIF")),
    Case(b"animated.webp", lambda: animated("WEBP")),
    Case(b"animated.png", lambda: animated("PNG")),
    Case(b"picture.bmp", lambda: saved(picture(20), "BMP")),
    Case(b"picture.ppm", lambda: saved(picture(21), "PPM")),
    Case(b"picture.ico", lambda: saved(picture(22), "ICO")),
    Case(b"picture.tga", lambda: saved(picture(23), "TGA")),
    Case(b"one_pixel.png", lambda: saved(Image.new("RGB", (1, 1), (200, 10, 10)), "PNG")),
    Case(b"one_row.png", lambda: saved(picture(24, (3000, 1)), "PNG")),
    Case(b"one_column.jpg", lambda: saved(picture(25, (1, 3000)), "JPEG")),
    Case(b"large.jpg", lambda: saved(picture(26, (2600, 1900)), "JPEG")),
    Case(b"large.png", lambda: saved(Image.new("L", (5200, 5000), 77), "PNG")),
    Case(b"-rf.jpg", lambda: saved(picture(40), "JPEG")),
    Case(b"line\nbreak.jpg", lambda: saved(picture(41), "JPEG")),
    Case(b"not \xff\xfe utf8.jpg", lambda: saved(picture(42), "JPEG")),
    Case(b"\\xff.jpg", lambda: saved(picture(43), "JPEG")),
    Case(b"\xff.jpg", lambda: saved(picture(44), "JPEG")),
    Case("na\u00efve.jpg".encode(), lambda: saved(picture(45), "JPEG")),
    Case("nai\u0308ve.jpg".encode(), lambda: saved(picture(46), "JPEG")),
    Case("\U0001f42b \u0645\u0631\u062d\u0628\u0627.jpg".encode(), lambda: saved(picture(47), "JPEG")),
    Case(b"x" * 200 + b".jpg", lambda: saved(picture(48), "JPEG")),
    Case(b"<img src=x onerror=alert(1)>.jpg", lambda: saved(picture(49), "JPEG")),
    Case(b"=cmd|' C'!A0.jpg", lambda: saved(picture(50), "JPEG")),
    Case(b"%2e%2e%2f; rm $(x) `x`.jpg", lambda: saved(picture(51), "JPEG")),
)
BAD = (
    Case(b"empty.jpg", lambda: b"", "zero bytes"),
    Case(b"truncated.jpg", lambda: truncated("JPEG"), "truncated"),
    Case(b"truncated.png", lambda: truncated("PNG"), "truncated"),
    Case(b"truncated.webp", lambda: truncated("WEBP"), ""),
    Case(b"truncated.bmp", lambda: truncated("BMP"), "truncated"),
    Case(b"truncated.tiff", lambda: truncated("TIFF"), ""),
    Case(b"header_only.jpg", lambda: saved(picture(), "JPEG")[:4], ""),
    Case(b"text.jpg", lambda: b"this is no picture", "no known picture format"),
    Case(b"noise.png", lambda: bytes(np.random.default_rng(5).integers(0, 256, 4000, dtype=np.uint8)), "no known"),
    Case(b"zeros.gif", lambda: bytes(4000), "zeros"),
    Case(b"page.jpg", lambda: b"<!DOCTYPE html><html><body>404 not found</body></html>", "web page"),
    Case(b"drawing.png", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "SVG"),
    Case(b"drawing.svg", lambda: b"<svg/>", "not a picture: a .svg file"),
    Case(b"script.jpg", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "no known"),
    Case(b"archive.png", lambda: b"PK\x03\x04" + bytes(100), "no known"),
    Case(b"claims_huge.png", lambda: png_header(60_000, 60_000), "megapixels"),
    Case(b"text_bomb.png", text_bomb, "text"),
    Case(b"notes.txt", lambda: b"hello", "a .txt file"),
    Case(b"Makefile", lambda: b"all:\n", "neither its name"),
)


def build(root: Path) -> dict[bytes, Case]:
    """Write every case below ``root``, good and bad ones mixed into two classes, with junk between them."""
    written: dict[bytes, Case] = {}
    for number, case in enumerate((*GOOD, *BAD)):
        folder = (b"first", b"second")[number % 2]
        path = folder + b"/" + case.name
        target = Path(os.fsdecode(os.fsencode(root) + b"/" + path))
        target.parent.mkdir(exist_ok=True, parents=True)
        target.write_bytes(case.make())
        written[path] = case
    add_junk(root)
    return written


def add_junk(root: Path) -> None:
    """Add what is neither row nor reject: junk of systems, hidden files, broken links, a loop, an empty class."""
    (root / ".DS_Store").write_bytes(b"junk")
    (root / "first" / "Thumbs.db").write_bytes(b"junk")
    (root / "first" / "._plain.jpg").write_bytes(b"junk")
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "plain.jpg").write_bytes(saved(picture(60), "JPEG"))
    (root / ".hidden").mkdir()
    (root / ".hidden" / "secret.jpg").write_bytes(saved(picture(61), "JPEG"))
    (root / "second" / "gone.jpg").symlink_to(root / "nowhere.jpg")
    (root / "second" / "self.jpg").symlink_to(root / "second" / "self.jpg")
    (root / "second" / "loop").symlink_to(root, target_is_directory=True)
    (root / "third").mkdir()
