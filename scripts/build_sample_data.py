"""Build both sets of ``sample_data`` from their sources, with planted defects and a record of them.

First ``npm pack @lobehub/fluent-emoji-3d@1.1.0 emoji-datasource@16.0.0`` and unpack both, then::

    python scripts/build_sample_data.py --drawings FLUENT/package/assets --datasource SOURCE/package/emoji.json
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

sys.path.insert(0, str(Path(__file__).parent))

from sample_digits import build_digits
from sample_emoji import SIDE, Emoji, choose, draw
from sample_outliers import KINDS

SEED = 42
WRONG_LABELS, EXACT, NEAR = 18, 10, 18
QUALITY = 90
HOME = Path(__file__).parent.parent / "sample_data"
Truth = list[tuple[str, str, str]]


@dataclass
class Files:
    """The files of the picture set before they are written: bytes by path, their columns, and what was planted."""

    data: dict[str, bytes] = field(default_factory=dict)
    columns: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    truth: Truth = field(default_factory=list)

    def add(self, path: str, data: bytes, columns: tuple[str, str, str] = ("", "", "")) -> str:
        """Add a file under ``path``, or under ``path-2`` .. if that is taken; give the path."""
        stem, dot, suffix = path.rpartition(".")
        free, number = path, 2
        while free in self.data:
            free, number = f"{stem}-{number}{dot}{suffix}", number + 1
        self.data[free], self.columns[free] = data, columns
        return free


def encode(picture: Image.Image, form: str = "WEBP", quality: int = QUALITY) -> bytes:
    """Write a picture to bytes."""
    buffer = io.BytesIO()
    options = {"WEBP": {"quality": quality, "method": 6}, "JPEG": {"quality": quality}, "PNG": {"optimize": True}}
    picture.save(buffer, form, **options[form])
    return buffer.getvalue()


def variant(number: int, emoji: Emoji) -> tuple[str, bytes, str]:
    """Make a near duplicate: (suffix, bytes, what was done)."""
    picture = draw(emoji)
    kind = number % 6
    if kind == 0:
        return "jpg", encode(picture, "JPEG", 40), "JPEG at quality 40"
    if kind == 1:
        return "webp", encode(picture.resize((SIDE * 6 // 10,) * 2, Image.Resampling.LANCZOS)), "resized to 60 %"
    if kind == 2:
        edge = SIDE // 20
        return "webp", encode(picture.crop((edge, edge, SIDE - edge, SIDE - edge))), "cropped by 5 % on each side"
    if kind == 3:
        return "webp", encode(ImageEnhance.Brightness(picture).enhance(0.85)), "15 % darker"
    if kind == 4:
        return "png", encode(picture.quantize(64).convert("RGB"), "PNG"), "PNG of 64 colors"
    smaller = ImageEnhance.Brightness(picture.resize((SIDE * 3 // 4,) * 2, Image.Resampling.LANCZOS)).enhance(1.08)
    return "jpg", encode(smaller, "JPEG", 60), "resized to 75 %, brighter, JPEG at quality 60"


def pictures(emoji: list[Emoji]) -> Files:
    """Lay out all files with defects planted from a fixed seed."""
    random = np.random.default_rng(SEED)
    labels = sorted({item.label for item in emoji})
    order = [int(number) for number in random.permutation(len(emoji))]
    # Equally many from every label, so that small classes have theirs too.
    wrong: list[int] = []
    while len(wrong) < WRONG_LABELS:
        label = labels[len(wrong) % len(labels)]
        wrong.append(next(number for number in order if emoji[number].label == label and number not in wrong))
    rest = [number for number in order if number not in wrong]
    exact, near, (cut, empty) = rest[:EXACT], rest[EXACT : EXACT + NEAR], rest[EXACT + NEAR : EXACT + NEAR + 2]
    files, paths = Files(), {}
    for number, item in enumerate(emoji):
        label = item.label
        if number in wrong:
            label = str(random.choice([other for other in labels if other != item.label]))
        data = encode(draw(item))
        data = data[: len(data) // 2] if number == cut else b"" if number == empty else data
        paths[number] = files.add(f"{label}/{item.stem}.webp", data, (item.caption, item.group, item.subgroup))
    files.truth += [(paths[number], "wrong_label", emoji[number].label) for number in wrong]
    for number in exact:
        files.truth.append(
            (
                files.add(paths[number], files.data[paths[number]], files.columns[paths[number]]),
                "exact_duplicate",
                paths[number],
            )
        )
    for place, number in enumerate(near):
        suffix, data, what = variant(place, emoji[number])
        path = files.add(paths[number].replace(".webp", f"-2.{suffix}"), data, files.columns[paths[number]])
        files.truth.append((path, "near_duplicate", f"{paths[number]}: {what}"))
    files.truth += [(paths[cut], "broken", "truncated to half of its bytes"), (paths[empty], "broken", "zero bytes")]
    uploads = [(what, make) for what, make, count in KINDS for _ in range(count)]
    for number, (what, make) in enumerate(uploads):
        path = f"{random.choice(labels)}/upload-{number + 1:02d}.webp"
        files.truth.append((files.add(path, encode(make(random, SIDE))), "outlier", what))
    return files


def write_truth(truth: Truth, path: Path) -> None:
    """Write the record of planted defects."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("id", "defect", "detail"))
        writer.writerows(sorted(truth))


def write_pictures(files: Files, target: Path) -> None:
    """Write the folder of pictures with its metadata.csv."""
    shutil.rmtree(target, ignore_errors=True)
    for path, data in files.data.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(data)
    with (target / "metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file_name", "caption", "group", "subgroup"))
        writer.writerows((path, *files.columns[path]) for path in sorted(files.data))


def fingerprint(path: Path) -> dict[str, int | str]:
    """Count files and bytes below ``path``, and hash names and contents in the order of the names."""
    found = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    state, size = hashlib.sha256(), 0
    for file in found:
        data = file.read_bytes()
        size += len(data)
        state.update(f"{file.relative_to(path).as_posix()} {hashlib.sha256(data).hexdigest()}\n".encode())
    return {"files": len(found), "bytes": size, "sha256": state.hexdigest()}


def main() -> None:
    """Build both sets and write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawings", type=Path, required=True, help="folder of the unpacked WebP files")
    parser.add_argument("--datasource", type=Path, required=True, help="emoji.json")
    given = parser.parse_args()
    files = pictures(choose(given.drawings, given.datasource))
    write_pictures(files, HOME / "fluent_emoji")
    write_truth(files.truth, HOME / "truth" / "fluent_emoji.csv")
    write_truth(build_digits(HOME / "digits.npz"), HOME / "truth" / "digits.csv")
    manifest = {name: fingerprint(HOME / name) for name in ("fluent_emoji", "digits.npz", "truth")}
    (HOME / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(manifest, indent=2))


if __name__ == "__main__":
    main()
