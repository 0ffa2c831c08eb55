"""Plant recorded problems into a copy of a labeled folder of pictures, so that detectors can be measured against a known truth."""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
NEAR_KINDS = ("jpeg40", "jpeg15", "resize0.6", "resize1.5", "crop5", "brightness", "png", "combined")
GENERATED_KINDS = ("noise", "stripes", "blobs", "scribble", "gradient", "text", "checker", "static")
BROKEN_KINDS = ("empty", "truncated", "text", "html")


@dataclass(frozen=True, kw_only=True)
class Shares:
    """How much of each problem is planted, as shares of the pictures that are kept."""

    flips: float = 0.05
    nearest: float = 0.40
    near_duplicates: float = 0.03
    exact_duplicates: float = 0.01
    outliers: float = 0.02
    broken: float = 0.01
    left_out_classes: float = 0.10


@dataclass(kw_only=True)
class Truth:
    """What was planted, by id (relative path with ``/``)."""

    seed: int
    good: list[str] = field(default_factory=list)
    flips: dict[str, str] = field(default_factory=dict)
    flip_kinds: dict[str, str] = field(default_factory=dict)
    exact: list[tuple[str, str]] = field(default_factory=list)
    near: list[tuple[str, str, str]] = field(default_factory=list)
    natural: list[tuple[str, str]] = field(default_factory=list)
    outliers: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)


def truth_path(folder: Path) -> Path:
    """Give the file beside ``folder`` that holds its truth."""
    return folder.parent / f"{folder.name}.truth.json"


def load_truth(folder: Path) -> Truth:
    """Read the truth of a planted folder."""
    return Truth(**json.loads(truth_path(folder).read_text(encoding="utf-8")))


def pictures_of(folder: Path) -> dict[str, list[Path]]:
    """List the pictures of each class, the sub-folders of ``folder``, in sorted order."""
    classes = {}
    for child in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        found = sorted(path for path in child.rglob("*") if path.suffix.lower() in SUFFIXES)
        if found:
            classes[child.name] = found
    return classes


def alter(picture: Image.Image, kind: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """Make a near duplicate of a picture; gives the bytes of the file and its suffix."""
    picture = picture.convert("RGB")
    width, height = picture.size
    quality = 92
    if kind in ("crop5", "combined"):
        x, y = width * 0.05, height * 0.05
        left, top = rng.uniform(0, x), rng.uniform(0, y)
        picture = picture.crop((round(left), round(top), round(width - x + left), round(height - y + top)))
    if kind in ("resize0.6", "resize1.5", "combined"):
        factor = {"resize0.6": 0.6, "resize1.5": 1.5}.get(kind, 0.75)
        size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    if kind in ("brightness", "combined"):
        picture = ImageEnhance.Brightness(picture).enhance(float(rng.choice([0.7, 0.8, 1.2, 1.3])))
    if kind in ("jpeg40", "jpeg15", "combined"):
        quality = {"jpeg40": 40, "jpeg15": 15}.get(kind, 40)
    buffer = io.BytesIO()
    if kind == "png":
        picture.save(buffer, "PNG")
        return buffer.getvalue(), ".png"
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue(), ".jpg"


def generate(kind: str, rng: np.random.Generator) -> Image.Image:
    """Draw a picture that is no photo."""
    width, height = int(rng.integers(220, 400)), int(rng.integers(220, 400))
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    colors = rng.integers(0, 256, size=(2, 3)).astype(np.float64)
    if kind == "noise":
        return Image.fromarray(rng.integers(0, 256, size=(height, width, 3), dtype=np.uint8))
    if kind == "static":
        gray = (rng.random((height, width)) < rng.uniform(0.2, 0.5)).astype(np.uint8) * 255
        return Image.fromarray(gray).convert("RGB")
    if kind == "blobs":
        soft = Image.fromarray(rng.integers(0, 256, size=(12, 12, 3), dtype=np.uint8))
        return soft.resize((width, height), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(6))
    if kind in ("stripes", "checker", "gradient"):
        angle, period = rng.uniform(0, np.pi), rng.uniform(12, 60)
        along = x * np.cos(angle) + y * np.sin(angle)
        across = -x * np.sin(angle) + y * np.cos(angle)
        mix = (along - along.min()) / max(float(np.ptp(along)), 1.0)
        if kind == "stripes":
            mix = (along % period < period / 2).astype(np.float64)
        if kind == "checker":
            mix = ((along // period + across // period) % 2).astype(np.float64)
        return Image.fromarray((colors[0] * mix[..., None] + colors[1] * (1 - mix[..., None])).astype(np.uint8))
    page = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(page)
    if kind == "text":
        for line in range(8, height - 12, 14):
            words = "".join(chr(int(code)) for code in rng.integers(97, 123, size=width // 7))
            pen.text((8, line), words, fill="black")
        return page
    for _ in range(40):
        points = [(float(rng.uniform(0, width)), float(rng.uniform(0, height))) for _ in range(3)]
        pen.line(points, fill=tuple(int(c) for c in rng.integers(0, 256, size=3)), width=int(rng.integers(1, 6)))
    return page


def nearest_classes(names: list[str], vectors: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> dict[str, str]:
    """Name for each class the one whose centroid of centered, normalized vectors is nearest by cosine."""
    centered = vectors - vectors.mean(axis=0)
    centered /= np.maximum(np.linalg.norm(centered, axis=1, keepdims=True), 1e-12)
    centroids = np.stack([centered[labels == number].mean(axis=0) for number in range(len(names))])
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-12)
    similarity = centroids @ centroids.T
    np.fill_diagonal(similarity, -np.inf)
    return {name: names[int(row.argmax())] for name, row in zip(names, similarity, strict=True)}


class _Names:
    """Hand out file names that tell nothing: each class folder numbers its pictures in random order."""

    def __init__(self, rng: np.random.Generator, expected: int) -> None:
        self._numbers = iter(rng.permutation(expected * 4).tolist())

    def take(self, label: str, suffix: str) -> str:
        return f"{label}/{next(self._numbers):06d}{suffix.lower()}"


def plant(
    source: Path,
    target: Path,
    *,
    seed: int = 0,
    shares: Shares | None = None,
    vectors: dict[str, npt.NDArray[np.float32]] | None = None,
) -> Truth:
    """Write a copy of ``source`` with planted problems to ``target`` and the truth beside it.

    A problem hits each picture once at most, so that each truth is clean. Outliers lie in the folders of random classes. ``vectors``
    (by path relative to ``source``) say which classes are near; without them the bundled encoder makes them.

    Raises:
        FileExistsError: when ``target`` exists already.
        ValueError: when the folder has fewer than three classes.
    """
    shares = shares or Shares()
    if target.exists():
        raise FileExistsError(f"{target} exists already; name a new folder")
    classes = pictures_of(source)
    if len(classes) < 3:
        raise ValueError(f"{source} has {len(classes)} classes of pictures; three are needed")
    rng = np.random.default_rng(seed)
    truth = Truth(seed=seed)
    names = sorted(classes)
    truth.left_out = sorted(rng.choice(names, size=max(1, round(shares.left_out_classes * len(names))), replace=False).tolist())
    kept = [name for name in names if name not in truth.left_out]
    items = [(path, name) for name in kept for path in classes[name]]
    labels = np.array([kept.index(name) for _, name in items])
    found = vectors if vectors is not None else encode(source)
    near_class = nearest_classes(kept, np.stack([found[path.relative_to(source).as_posix()] for path, _ in items]), labels)
    order = iter(rng.permutation(len(items)).tolist())
    count = {
        name: round(getattr(shares, name) * len(items))
        for name in ("flips", "near_duplicates", "exact_duplicates", "outliers", "broken")
    }
    flips = {next(order): number for number in range(count["flips"])}
    file_names = _Names(rng, len(items) * 2)
    placed: dict[int, str] = {}
    for number, (path, name) in enumerate(items):
        label = name
        if number in flips:
            kind = "nearest" if flips[number] < round(shares.nearest * count["flips"]) else "random"
            others = [other for other in kept if other != name]
            label = near_class[name] if kind == "nearest" else str(rng.choice(others))
        placed[number] = _put(target, file_names.take(label, path.suffix), path.read_bytes())
        truth.sources[placed[number]] = path.relative_to(source).as_posix()
        if number in flips:
            truth.flips[placed[number]], truth.flip_kinds[placed[number]] = name, kind
    for turn in range(count["near_duplicates"]):
        number = next(order)
        path, name = items[number]
        kind = NEAR_KINDS[turn % len(NEAR_KINDS)]
        with Image.open(path) as picture:
            content, suffix = alter(picture, kind, rng)
        truth.near.append((placed[number], _put(target, file_names.take(name, suffix), content), kind))
    for _ in range(count["exact_duplicates"]):
        number = next(order)
        path, name = items[number]
        truth.exact.append((placed[number], _put(target, file_names.take(name, path.suffix), path.read_bytes())))
    _plant_outliers(
        target, truth, rng, [path for name in truth.left_out for path in classes[name]], (kept, file_names, count["outliers"])
    )
    for turn in range(count["broken"]):
        path, name = items[next(order)]
        kind = BROKEN_KINDS[turn % len(BROKEN_KINDS)]
        content = {
            "empty": b"",
            "truncated": path.read_bytes()[:900],
            "text": b"not a picture\n" * 40,
            "html": b"<html>404</html>",
        }[kind]
        truth.broken[_put(target, file_names.take(name, path.suffix), content)] = kind
    truth.natural = natural_pairs({name: source / origin for name, origin in truth.sources.items()})
    truth.good = sorted({*placed.values(), *(b for _, b, _ in truth.near), *(b for _, b in truth.exact), *truth.outliers})
    truth_path(target).write_text(json.dumps(asdict(truth), indent=1, sort_keys=True), encoding="utf-8")
    return truth


def _plant_outliers(
    target: Path, truth: Truth, rng: np.random.Generator, strangers: list[Path], where: tuple[list[str], _Names, int]
) -> None:
    """Put pictures of left-out classes and drawn ones, half of each, into the folders of random classes."""
    kept, file_names, count = where
    for index in rng.permutation(len(strangers))[: count // 2].tolist():
        path = strangers[index]
        name = _put(target, file_names.take(str(rng.choice(kept)), path.suffix), path.read_bytes())
        truth.outliers[name] = path.parent.name
        truth.sources[name] = f"{path.parent.name}/{path.name}"
    for turn in range(count - len(truth.outliers)):
        kind = GENERATED_KINDS[turn % len(GENERATED_KINDS)]
        buffer = io.BytesIO()
        generate(kind, rng).save(buffer, "JPEG", quality=92)
        truth.outliers[_put(target, file_names.take(str(rng.choice(kept)), ".jpg"), buffer.getvalue())] = kind


def _put(target: Path, name: str, content: bytes) -> str:
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def encode(source: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Encode all pictures of a folder with the bundled encoder; gives vectors by path relative to ``source``."""
    from engines.ingestion import ingest_source
    from engines.protocols import SourceOptions, no_progress
    from engines.recipe import Recipe
    from engines.store import Store

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        done = ingest_source((source,), SourceOptions(), Recipe(), store, verify=False, progress=no_progress)
        return dict(zip(done.dataset.ids, np.array(done.embeddings.vectors), strict=True))


def natural_pairs(pictures: dict[str, Path]) -> list[tuple[str, str]]:
    """List the near duplicates that the source itself holds: pairs whose 32 x 32 colors correlate by 0.9 or more.

    A comparison of all pairs that shares nothing with the detectors. Such pairs are true, although nobody planted them.
    """
    names = sorted(pictures)
    small = []
    for name in names:
        with Image.open(pictures[name]) as picture:
            small.append(np.asarray(picture.convert("RGB").resize((32, 32), Image.Resampling.BOX), dtype=np.float32).ravel())
    table = np.stack(small)
    table -= table.mean(axis=1, keepdims=True)
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
    found: list[tuple[str, str]] = []
    for start in range(0, len(table), 1024):
        alike = np.argwhere(table[start : start + 1024] @ table.T >= 0.9)
        found += [(names[start + a], names[b]) for a, b in alike if start + a < b]
    return found


def main() -> None:
    """Plant from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="folder with one sub-folder of pictures per class")
    parser.add_argument("target", type=Path, help="folder to write; the truth goes beside it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--force", action="store_true", help="replace the target if it exists")
    given = parser.parse_args()
    if given.force and given.target.exists() and truth_path(given.target).exists():
        shutil.rmtree(given.target)
    truth = plant(given.source, given.target, seed=given.seed)
    print(
        f"{len(truth.good)} good files, {len(truth.broken)} broken ones below {os.fspath(given.target)}; truth in {truth_path(given.target)}"
    )


if __name__ == "__main__":
    main()
