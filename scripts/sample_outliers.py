"""Draw pictures that are no emoji: noise, gradients, a page of text, a fractal, clouds, ray-traced spheres and bar codes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Random = np.random.Generator
Array = npt.NDArray[np.float64]

LINES = (
    "Quarterly report, page %d",
    "Revenue grew in all four regions while costs",
    "stayed level. The board proposes to keep the",
    "dividend and to invest in two new plants.",
    "Item        Q1     Q2     Q3     Q4",
    "North      112    118    121    130",
    "South       98     95    101    104",
    "East        77     81     80     92",
    "West       140    143    150    149",
    "See the appendix for details by product.",
)


def _picture(colors: Array) -> Image.Image:
    return Image.fromarray(np.clip(colors * 255, 0, 255).astype(np.uint8))


def _grid(side: int) -> tuple[Array, Array]:
    y, x = np.mgrid[0:side, 0:side] / (side - 1)
    return x, y


def noise(random: Random, side: int) -> Image.Image:
    """Draw independent colored pixels, as a broken sensor would."""
    return _picture(random.uniform(0, 1, (side, side, 3)))


def gradient(random: Random, side: int) -> Image.Image:
    """Draw a smooth run between two dark colors."""
    x, y = _grid(side)
    angle = random.uniform(0, np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    along = (along - along.min()) / np.ptp(along)
    low, high = random.uniform(0, 0.5, 3), random.uniform(0.1, 0.7, 3)
    return _picture(low + along[..., None] * (high - low))


def page(random: Random, side: int) -> Image.Image:
    """Draw a scanned page of text, slightly turned."""
    paper = Image.new("RGB", (side, side), tuple(random.integers(225, 255, 3).tolist()))
    pen = ImageDraw.Draw(paper)
    font = ImageFont.load_default(side / float(random.uniform(12, 26)))
    for number, line in enumerate(random.permutation(LINES)):
        text = line % random.integers(2, 60) if "%" in line else line
        pen.text((side * 0.06, side * (0.06 + 0.09 * number)), text, fill=(30, 30, 34), font=font)
    return paper.rotate(float(random.uniform(-3, 3)), Image.Resampling.BICUBIC, fillcolor=(190, 188, 182))


def fractal(random: Random, side: int) -> Image.Image:
    """Draw a Julia set."""
    x, y = _grid(side)
    z = (x * 3 - 1.5) + 1j * (y * 3 - 1.5)
    constant = 0.7885 * np.exp(1j * random.uniform(0, 2 * np.pi))
    steps = np.zeros((side, side))
    for _ in range(60):
        inside = np.abs(z) < 4
        z = np.where(inside, z * z + constant, z)
        steps += inside
    value = steps[..., None] / 60
    return _picture(0.5 - 0.5 * np.cos(2 * np.pi * (value + random.uniform(0, 1, 3))))


def clouds(random: Random, side: int) -> Image.Image:
    """Draw hills under a sky as sums of smooth noise, like a photo out of focus."""
    sky = np.zeros((side, side))
    for octave in range(5):
        cells = random.uniform(0, 255, (2 ** (octave + 2),) * 2).astype(np.uint8)
        sky += np.asarray(Image.fromarray(cells).resize((side, side), Image.Resampling.BICUBIC)) / 255 / 2**octave
    x, y = _grid(side)
    cover = np.clip((sky - sky.mean()) * 1.6, 0, 1)[..., None]
    # Noon or dusk, over grass or sand, low or high on the horizon.
    colors = (1 - cover) * random.uniform((0.2, 0.3, 0.5), (0.8, 0.6, 0.9)) + cover * random.uniform(0.7, 1, 3)
    ground, horizon = random.uniform((0.1, 0.2, 0.1), (0.7, 0.5, 0.35)), random.uniform(0.35, 0.65)
    for layer in range(3):
        ridge = horizon + 0.14 * layer + 0.06 * np.sin(x * random.uniform(4, 11) + random.uniform(0, 6))
        shade = ground * (1.25 - 0.3 * layer)
        colors = np.where((y > ridge)[..., None], shade * (0.75 + 0.3 * sky[..., None] / 2), colors)
    return _picture(colors).filter(ImageFilter.GaussianBlur(side / 160))


def spheres(random: Random, side: int) -> Image.Image:
    """Ray-trace shaded spheres over a checkered floor, like a photo of a table."""
    x, y = _grid(side)
    rays = np.stack([x - 0.5, 0.5 - y, np.full_like(x, 0.9)], axis=-1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    light = np.array([0.5, 0.8, -0.4]) / np.linalg.norm([0.5, 0.8, -0.4])
    colors = np.array([0.16, 0.18, 0.24]) + 0.25 * (1 - y)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        floor = np.where(rays[..., 1] < -1e-3, -1.0 / rays[..., 1], np.inf)
        spot = np.where(np.isfinite(floor), floor, 0)[..., None] * rays
    check = (np.floor(spot[..., 0]) + np.floor(spot[..., 2])) % 2
    board = (0.25 + 0.5 * check)[..., None] * np.exp(-floor / 9)[..., None] * np.array([1, 0.93, 0.85])
    colors = np.where(np.isfinite(floor)[..., None], board + 0.05, colors)
    nearest = floor.copy()
    for _ in range(4):
        center = np.array([random.uniform(-1.6, 1.6), random.uniform(-0.6, 0.3), random.uniform(3, 5)])
        radius, tint = random.uniform(0.35, 0.7), random.uniform(0.2, 0.9, 3)
        half = rays @ center
        root = half**2 - (center @ center - radius**2)
        hit = half - np.sqrt(np.maximum(root, 0))
        seen = (root > 0) & (hit < nearest)
        normal = (hit[..., None] * rays - center) / radius
        shine = np.clip(normal @ light, 0, 1)[..., None]
        shaded = tint * (0.2 + 0.8 * shine) + 0.6 * shine**24
        colors, nearest = np.where(seen[..., None], shaded, colors), np.where(seen, hit, nearest)
    return _picture(colors)


def bars(random: Random, side: int) -> Image.Image:
    """Draw a bar code that fills the picture."""
    edges = np.sort(random.choice(side, side // 5, replace=False))
    dark = np.searchsorted(edges, np.arange(side), side="right") % 2 == 1
    ink, paper = random.uniform(0, 0.25, 3), random.uniform(0.85, 1, 3)
    return _picture(np.broadcast_to(np.where(dark[:, None], ink, paper), (side, side, 3)))


KINDS: tuple[tuple[str, Callable[[Random, int], Image.Image], int], ...] = (
    ("noise", noise, 1),
    ("gradient", gradient, 1),
    ("page of text", page, 2),
    ("fractal", fractal, 1),
    ("clouds over hills", clouds, 2),
    ("ray-traced spheres", spheres, 1),
    ("bar code", bars, 2),
)
"""What is drawn, by which function, and how many of each."""
