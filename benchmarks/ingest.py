"""Measure what embedding a folder costs per picture, by part, beside a plain peer: python benchmarks/ingest.py FOLDER [N]."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from PIL import Image

from engines.artifacts import Dataset
from engines.embed.decode import decode
from engines.embed.efficientnet import BATCH, EfficientNetLite0, load_plain
from engines.embed.facts import FACTS_SIDE, measure, thumbnail
from engines.embed.ingest import ingest
from engines.embed.rowcache import RowCache
from engines.protocols import SourceOptions
from engines.read import read


def timed(action: Callable[[], Any]) -> tuple[float, float, Any]:
    """Give wall seconds, processor seconds and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = action()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def by_part(dataset: Dataset) -> dict[str, float]:
    """Give CPU milliseconds per picture of each part, one after the other in one thread."""
    encoder = EfficientNetLite0()
    files = [Path(dataset.root) / os.fsdecode(path) for path in dataset.media.column(0).to_pylist()]
    raws = [file.read_bytes() for file in files]
    found: dict[str, float] = {}

    def part(name: str, action: Callable[[], Any]) -> Any:
        _, cpu, result = timed(action)
        found[name] = cpu / len(files) * 1000
        return result

    pictures = part("decode, pixel hash", lambda: [decode(raw, FACTS_SIDE) for raw in raws])
    part("facts", lambda: [measure(picture) for picture in pictures])
    part("thumbnail", lambda: [thumbnail(picture) for picture in pictures])
    prepared = part("encoder's input", lambda: np.stack([encoder.prepare(picture.rgb) for picture in pictures]))
    encoder(prepared[:BATCH])
    part("encode", lambda: encoder(prepared))
    return found


def peer(dataset: Dataset) -> tuple[float, float]:
    """Give wall and CPU milliseconds per picture of the plain way: open, crop, the network as it came, batches of 16."""
    import torch

    network = load_plain()
    files = [Path(dataset.root) / os.fsdecode(path) for path in dataset.media.column(0).to_pylist()]
    prepare = EfficientNetLite0().prepare

    def plain() -> None:
        with torch.inference_mode():
            for start in range(0, len(files), BATCH):
                batch = []
                for file in files[start : start + BATCH]:
                    with Image.open(file) as image:
                        batch.append(prepare(image.convert("RGB")))
                pictures = (torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float() - 127) / 128
                network.extract_features(pictures).mean((2, 3))

    wall, cpu, _ = timed(plain)
    return wall / len(files) * 1000, cpu / len(files) * 1000


def main() -> None:
    """Print the table."""
    dataset, _ = read(Path(sys.argv[1]), SourceOptions())
    dataset = dataset.take(np.arange(min(int(sys.argv[2]) if len(sys.argv) > 2 else 400, len(dataset))))
    with tempfile.TemporaryDirectory() as folder, RowCache(Path(folder) / "thumbs.sqlite") as cache:
        EfficientNetLite0()(np.zeros((1, 224, 224, 3), np.uint8))
        wall, cpu, made = timed(lambda: ingest(dataset, EfficientNetLite0(), cache=cache))
        again_wall, again_cpu, again = timed(lambda: ingest(dataset, EfficientNetLite0(), cache=cache))
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    count = len(made.rows)
    print(f"{count} pictures, {made.decoded} decoded, {made.encoded} encoded")
    print(f"{'ingest, all included':28} {cpu / count * 1000:7.1f} CPU ms {wall / count * 1000:7.1f} ms per picture")
    print(f"{'again':28} {again_cpu / count * 1000:7.2f} CPU ms {again_wall / count * 1000:7.2f} ms, {again.decoded} decoded")
    print(f"{'cache':28} {size / count / 1000:7.1f} kB per picture")
    print(f"{'peak memory':28} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:7.0f} MiB")
    for name, milliseconds in by_part(dataset).items():
        print(f"{'  ' + name:28} {milliseconds:7.2f} CPU ms")
    wall, cpu = peer(dataset)
    print(f"{'plain decode and network':28} {cpu:7.1f} CPU ms {wall:7.1f} ms per picture")


if __name__ == "__main__":
    main()
