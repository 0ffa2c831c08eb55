"""Generate a data set of colored pictures in clusters and the binary answers that the components fetch."""

import colorsys
import hashlib
import io
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

DS = "example"
PREFIX = f"/api/v1/{DS}"
NAMES = (
    "aircraft", "pizza", "umbrella", "starfish", "dolphin", "kangaroo", "chair", "motorbike", "laptop", "dalmatian", "watch", "accordion",
    "bonsai", "sunflower", "butterfly", "crab", "grand piano", "elephant", "flamingo", "lighthouse",
)  # fmt: skip
KEPT_STATES = 64


@dataclass(frozen=True, kw_only=True)
class Example:
    """Positions (n, 2) of two projections, cluster codes and a number per row, and the answers made of them."""

    coords: dict[str, npt.NDArray[np.float32]]
    clusters: npt.NDArray[np.int64]
    names: tuple[str, ...]
    number: npt.NDArray[np.float32]
    answers: "OrderedDict[str, bytes]" = field(default_factory=OrderedDict)

    @property
    def n(self) -> int:
        """Return how many rows there are."""
        return len(self.clusters)

    def publish(self, kind: str, body: bytes) -> str:
        """Keep ``body`` under a name made of its content, forget the oldest, return its URL."""
        path = f"{kind}/{hashlib.sha256(body).hexdigest()[:16]}.bin"
        self.answers[path] = body
        self.answers.move_to_end(path)
        while len(self.answers) > KEPT_STATES:
            self.answers.popitem(last=False)
        return f"{PREFIX}/{path}"


@cache
def generated(n: int = 800, clusters: int = 20, seed: int = 0) -> Example:
    """Return ``n`` rows in ``clusters`` clusters; the same arguments give the same rows."""
    random = np.random.default_rng(seed)
    names = tuple(NAMES[i % len(NAMES)] + (f" {i // len(NAMES) + 1}" if i >= len(NAMES) else "") for i in range(clusters))
    codes = (
        np.sort(random.choice(clusters, size=n, p=random.dirichlet(np.full(clusters, 12.0)))) if clusters else np.full(n, -1)
    )
    coords = {}
    for name in ("umap", "tsne"):
        centers = _spread(random, clusters) * (10 if name == "umap" else 60)
        shape = random.normal(size=(max(clusters, 1), 2, 2)) * (0.34 if name == "umap" else 2.2)
        noise = np.einsum("nij,nj->ni", shape[codes], random.normal(size=(n, 2)))
        noise += random.normal(size=(n, 2)) * (0.22 if name == "umap" else 1.6)
        coords[name] = (centers[codes] + noise).astype(np.float32)
    number = random.beta(1.4, 6, size=n).astype(np.float32)
    return Example(coords=coords, clusters=codes.astype(np.int64), names=names, number=number)


def _spread(random: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Return ``count`` centers in a unit square, each the farthest of a few draws from those before it."""
    centers = [random.uniform(size=2)]
    while len(centers) < count:
        draws = random.uniform(size=(12, 2))
        away = np.min(np.linalg.norm(draws[:, None] - np.array(centers)[None], axis=2), axis=1)
        centers.append(draws[int(np.argmax(away))])
    return np.array(centers)


def points_body(coords: npt.NDArray[np.float32], name: str) -> bytes:
    """Return the positions as the map reads them: counts, a JSON header, all x, all y, little endian."""
    n = len(coords)
    header: dict[str, object] = {"n": n, "name": name}
    if n:
        (xmin, ymin), (xmax, ymax) = coords.min(axis=0).tolist(), coords.max(axis=0).tolist()
        header |= {"xmin": xmin, "xmax": xmax, "ymin": ymin, "ymax": ymax}
    words = json.dumps(header).encode()
    words += b" " * (-len(words) % 4)
    counts = np.array([n, len(words)], dtype="<u4").tobytes()
    return counts + words + coords[:, 0].astype("<f4").tobytes() + coords[:, 1].astype("<f4").tobytes()


@cache
def picture(row: int, cluster: int) -> bytes:
    """Return a 192-pixel JPEG: a few shapes in the color of the cluster, different for each row."""
    from PIL import Image, ImageDraw

    random = np.random.default_rng((cluster + 1) * 1_000_003 + row)
    hue = (cluster * 0.618 + random.normal() * 0.02) % 1

    def shade(turn: float, saturation: float, value: float) -> tuple[int, int, int]:
        red, green, blue = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
        return int(red * 255), int(green * 255), int(blue * 255)

    image = Image.new("RGB", (192, 192), shade(0.03, 0.35, float(random.uniform(0.55, 0.95))))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, int(random.integers(105, 150)), 192, 192), fill=shade(0.1, 0.5, 0.4))
    for _ in range(3 + cluster % 3):
        x, y = random.uniform(20, 172, size=2)
        r = random.uniform(14, 46)
        box = (x - r, y - r * 0.8, x + r, y + r * 0.8)
        fill = shade(float(random.uniform(-0.12, 0.12)), 0.75, float(random.uniform(0.5, 1)))
        (draw.ellipse if cluster % 2 else draw.rounded_rectangle)(box, fill=fill)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=84)
    return stream.getvalue()


def inside(polygon: npt.NDArray[np.float32], coords: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return which rows of ``coords`` lie in ``polygon``, by the even-odd rule in float64."""
    x, y = coords.astype(np.float64).T
    vertices = polygon.astype(np.float64)
    odd = np.zeros(len(coords), dtype=bool)
    for (x1, y1), (x2, y2) in zip(vertices, np.roll(vertices, 1, axis=0), strict=True):
        if y1 != y2:
            odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return odd
