"""Measure what embedding a folder costs per picture, by part, beside the plain ways to do it, each in a process of its own.

::

    python -m benchmarks.ingest PHOTOS [COUNT] [--repeats 3]
    python -m benchmarks.ingest --many 100000

Each way is run several times, in turns; the run with the least CPU counts, since what else the machine does only adds to it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ingest_many import many
from benchmarks.ingest_peers import PEERS, files
from engines.embed.decode import decode
from engines.embed.efficientnet import BATCH, EfficientNetLite0
from engines.embed.facts import FACTS_SIDE, measure, thumbnail


def peer(name: str, photos: Path, count: int) -> dict[str, float]:
    """Run one way in a process of its own; give CPU and wall milliseconds per picture, and the peak in MiB."""
    command = [sys.executable, "-m", "benchmarks.ingest_peers", name, str(photos), str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} failed with code {process.returncode}")
    told: dict[str, float] = json.loads(said.splitlines()[-1])
    return {**told, "peak": usage.ru_maxrss / 1024}


def by_part(photos: Path, count: int) -> dict[str, float]:
    """Give CPU milliseconds per picture of each part of ours, one after the other in one thread."""
    encoder = EfficientNetLite0(threads=1)
    raws = [file.read_bytes() for file in files(photos, count)]
    found: dict[str, float] = {}

    def part(name: str, action: Callable[[], Any]) -> Any:
        cpu = time.process_time()
        result = action()
        found[name] = (time.process_time() - cpu) / len(raws) * 1000
        return result

    decode(raws[0], FACTS_SIDE)
    pictures = part("decode, pixel hash", lambda: [decode(raw, FACTS_SIDE) for raw in raws])
    part("facts", lambda: [measure(picture) for picture in pictures])
    part("thumbnail", lambda: [thumbnail(picture) for picture in pictures])
    prepared = part("encoder's input", lambda: np.stack([encoder.prepare(picture.rgb) for picture in pictures]))
    encoder(prepared[:BATCH])
    part("encode", lambda: encoder(prepared))
    return found


def speed(photos: Path, count: int, repeats: int) -> None:
    """Print the table of all ways, and the parts of ours."""
    best: dict[str, dict[str, float]] = {}
    for _ in range(repeats):
        for name in PEERS:
            found = peer(name, photos, count)
            if name not in best or found["cpu"] < best[name]["cpu"]:
                best[name] = found
    print(f"{best['ours']['count']:.0f} pictures, least CPU of {repeats} runs of each\n")
    print("| per picture | CPU ms | ms | peak MiB | ours / this, CPU |\n|---|---|---|---|---|")
    for name, (_, title) in PEERS.items():
        row = best[name]
        ratio = "" if name in ("ours", "decode") else f"{best['ours']['cpu'] / row['cpu']:.2f}"
        print(f"| {title} | {row['cpu']:.1f} | {row['wall']:.1f} | {row['peak']:.0f} | {ratio} |")
    parts = ", ".join(f"{name} {milliseconds:.2f}" for name, milliseconds in by_part(photos, count).items())
    print(f"\nParts of ours, one after the other in one thread, CPU ms: {parts}.", flush=True)


def main() -> None:
    """Measure the folder, or many generated pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="?", help="folder of pictures")
    parser.add_argument("count", type=int, nargs="?", default=400, help="how many of them")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--many", type=int, metavar="N", help="generate N small JPEGs: memory, kill -9, opening again")
    given = parser.parse_args()
    if given.photos is not None:
        speed(given.photos, given.count, given.repeats)
    if given.many:
        with tempfile.TemporaryDirectory() as place:
            many(given.many, Path(place))


if __name__ == "__main__":
    main()
